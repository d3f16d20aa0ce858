/* op/spool_count.h - how many files wait in a spool (op/spool.h), and since when. */
#ifndef PIERRE_OP_SPOOL_COUNT_H
#define PIERRE_OP_SPOOL_COUNT_H

#include <stdbool.h>
#include <stdint.h>

/* *oldest_r: when the oldest was written, wall ms; 0 = there is none. False:
 * the directory cannot be read. */
bool spool_count(const char *path, int64_t *files_r, int64_t *oldest_r);

#endif
