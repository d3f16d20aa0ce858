/*
 * shm/repeat.h - sentences that the log repeats. In an outage each request
 * fails with the same one: the first is written at once, those that follow are
 * counted for all processes, and the master writes one line a second with how
 * many. So refusals never fill the journal's allowance (10,000 lines in 30 s).
 */
#ifndef PIERRE_SHM_REPEAT_H
#define PIERRE_SHM_REPEAT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPEATS 8               /* sentences at one time; more are counted together */
#define REPEAT_TEXT 512

enum repeat_state { REPEAT_FREE, REPEAT_FILLING, REPEAT_OPEN };

struct repeat {
	_Atomic int state;              /* enum repeat_state */
	_Atomic uint64_t counted;       /* since the last repeat_take */
	char sentence[REPEAT_TEXT];
};

/* In shared memory, zero at first. */
struct repeats {
	struct repeat rows[REPEATS];
	_Atomic uint64_t others;        /* that found no free row */
};

/* True: this sentence was not logged lately, so log it. False: it was counted instead. */
bool repeat_first(struct repeats *r, const char *sentence);

/* The master, once a second, for each i from 0: how often a sentence was counted
 * since, and the sentence. 0: not at all, so that the next one is the first
 * again. -1: there is no such i. */
int64_t repeat_take(struct repeats *r, size_t i, char sentence[REPEAT_TEXT]);

#endif
