/*
 * store/usage.h - recording and counting usage.
 *
 * SQLite: one file a month beside the database (`<db>.usage-2026-11`) holding rows,
 * ring positions and that month's counters, so that a recorder transaction
 * touches that file alone; opened one at a time, for reports too. PostgreSQL:
 * the same tables in the one database, rows partitioned by month. Rows have no
 * secondary index (an index cost 40 times at 1e7 rows); retention is unlink / DROP.
 */
#ifndef PIERRE_STORE_USAGE_H
#define PIERRE_STORE_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "model/key.h"
#include "model/usage.h"

struct db;
struct usage_store;   /* the month's handle(s) of this process */

/* main: the main handle (PostgreSQL uses it; SQLite derives the month files'
 * names from its path). host_id: NULL in a process that only reports. Never NULL. */
struct usage_store *store_usage_open(struct db *main, const char *host_id);
void store_usage_close(struct usage_store **u);

#define USAGE_ENOUGH ((size_t)4000)   /* counters in a piece, where no request waits for it */

/* --- the recorder: one process of a host at a time --------------------------- */

/* The number of rows at the start (at least one) that are of the calendar month of the
 * first. */
size_t store_usage_month_run(const struct usage_row *rows, size_t n);
/* Rows of one calendar month, ascending by seq within each ring: skip what that
 * month has already passed, insert the rest, move the positions, in one
 * transaction. So a batch may be given again after a crash or an uncertain
 * COMMIT. A missing month is made. */
bool store_usage_record(struct usage_store *u, const struct usage_row *rows, size_t n,
			int64_t *inserted_r, struct err *err_r);
/* Add what was recorded to the counters (hour, key, route label: at most 100
 * labels a key and month, then "other"). The texts of a batch and the counters change in
 * one transaction, so a crash loses and doubles nothing. One call counts parts of the
 * keys (of 16) until `enough` counters were changed; *more_r = something is left.
 * Sessions have no counters. */
bool store_usage_count(struct usage_store *u, size_t enough, bool *more_r, struct err *err_r);
/* Find what other recorders, or this one before a crash, recorded and did not count: at
 * the start, and now and then for hosts that are gone. */
bool store_usage_recover(struct usage_store *u, struct err *err_r);
/* SQLite: TRUNCATE checkpoint of the open month files whose log holds at least
 * so many bytes. */
bool store_usage_checkpoint(struct usage_store *u, int64_t least, struct err *err_r);

/* --- reports ------------------------------------------------------------------- */

/* Of a key that was read in scope, since counters have no owner and on SQLite are in
 * files of their own. [from, to), which are edges of hours or days (UTC), not before
 * 1970; oldest first; one query for each month. Rows that are not counted yet (a second,
 * longer when 100,000 keys are busy) are not in it. */
bool store_usage_report(struct usage_store *u, const struct api_key *key, int64_t from, int64_t to,
			bool daily, bool by_route, struct arena *arena,
			struct field_list *out, struct err *err_r);

/* Requests of a key, as it was read in scope, in this calendar month: ids[i] has
 * counts[i]. */
bool store_usage_month(struct usage_store *u, uint32_t month, const char *const *ids, size_t n,
		       int64_t *counts, struct err *err_r);

/* --- upkeep, by the scheduler ---------------------------------------------------- */

/* PostgreSQL: the partitions of this month and the two after it. */
bool store_usage_prepare(struct usage_store *u, int64_t now_ms, struct err *err_r);
/* Months kept: this one and so many before it. */
bool store_usage_retire(struct usage_store *u, int64_t now_ms, int64_t months_kept,
			int64_t *dropped_r, struct err *err_r);

#endif
