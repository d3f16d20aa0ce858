/*
 * shm/limit_private.h - what limit.c (words), limit_table.c (slots) and
 * limit_due.c (for the scheduler) share.
 */
#ifndef PIERRE_SHM_LIMIT_PRIVATE_H
#define PIERRE_SHM_LIMIT_PRIVATE_H

#include "shm/limit.h"
#include "shm/segment_private.h"

#define LIMIT_WINDOW_DEAD ((UINT32_C(1) << 21) - 1)

/* Of a slot that was just claimed, and of one that is being taken away. */
uint64_t limit_word_empty(void);
uint64_t limit_word_dead(void);
uint32_t limit_word_window(uint64_t word);
int64_t limit_word_limit(uint64_t word);
uint32_t limit_word_left(uint64_t word);

#endif
