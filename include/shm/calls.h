/*
 * shm/calls.h - calls to other services, counted for /metrics: by provider and what the call
 * was for, without a lock. And what the caller last saw of what hangs on them.
 */
#ifndef PIERRE_SHM_CALLS_H
#define PIERRE_SHM_CALLS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define CALL_ROWS 128           /* pairs of provider and kind; more are counted as "other" */
#define CALL_WORD 32            /* bytes of each, with its NUL; longer ones are cut */

enum call_result {
	CALLED_OK,
	CALLED_REFUSED,         /* the service said no */
	CALLED_LIMITED,         /* it said not now (429) */
	CALLED_FAILED,          /* an error of its own, or no whole reply */
	CALLED_TIMEOUT,
	CALLED__COUNT
};
extern const char *const call_results[CALLED__COUNT];

#define CALL_BUCKETS 8
extern const int64_t call_bounds_ms[CALL_BUCKETS];

enum call_row_state { CALL_ROW_FREE, CALL_ROW_FILLING, CALL_ROW_OPEN };
struct call_row {
	_Atomic int state;                      /* enum call_row_state */
	char provider[CALL_WORD], kind[CALL_WORD];
	_Atomic uint64_t by_result[CALLED__COUNT];
	_Atomic uint64_t buckets[CALL_BUCKETS + 1];
	_Atomic uint64_t sum_ms;
};

/* Of the database, the spool and the data keys. */
#define CALLS_STATES 7
struct calls_seen {
	_Atomic int64_t at;                     /* wall ms; 0 = never */
	_Atomic int64_t connections[CALLS_STATES];   /* as connection_stats_schema has them behind total */
	_Atomic int64_t data_keys;
	_Atomic int64_t data_key_made;          /* wall ms: the oldest of those that seal; 0 = none */
	_Atomic int64_t data_key_seals;         /* the most of one of them */
	_Atomic int64_t spool_at;               /* wall ms; 0 = never */
	_Atomic int64_t spool_files;
	_Atomic int64_t spool_oldest;           /* wall ms; 0 = none */
};

/* In shared memory, zero at first. */
struct calls {
	struct call_row rows[CALL_ROWS + 1];    /* the last one: other */
	struct calls_seen seen;
};

void calls_add(struct calls *c, const char *provider, const char *kind, enum call_result result,
	       int64_t ms);

#endif
