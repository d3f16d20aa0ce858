/*
 * store/usage.h - usage rows and counters.
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
#include "base/field.h"

struct db;
struct usage_store;   /* the month's handle(s) of this process */

struct usage_row {           /* what the recorder writes; texts point into the batch */
	uint64_t seq;        /* in its ring */
	uint32_t ring;
	int64_t time_ms;
	const char *request_id, *key_id, *user_id, *tenant_id, *route, *method, *address, *user_agent;
	int64_t cost;
};

/* main: the main handle (PostgreSQL uses it; SQLite derives the month files'
 * names from its path). Never NULL. */
struct usage_store *store_usage_open(struct db *main, const char *host_id);
void store_usage_close(struct usage_store **u);

/* Rows of one calendar month, ascending by (ring, seq) within each ring: skip what
 * that month has already passed, insert the rest, add to the counters (hour,
 * key, route label: at most 100 labels a key and month, then "other"), move the
 * positions, in one transaction. */
bool store_usage_record(struct usage_store *u, const struct usage_row *rows, size_t n,
			int64_t *inserted_r, struct err *err_r);
/* Last recorded sequence of a ring of this host, over the current and last month. */
bool store_usage_position(struct usage_store *u, uint32_t ring, int64_t now_ms,
			  uint64_t *seq_r, struct err *err_r);

/* Counters: one bucket of time, for one route label or all ("" = all). */
struct usage_bucket {
	int64_t start;       /* of the hour or day, ms */
	const char *route;
	int64_t requests, cost;
};
extern const struct field_schema usage_bucket_schema;   /* "UsageBucket" */
/* [from, to) by hour or day, a bounded number of queries: one a month. */
bool store_usage_report(struct usage_store *u, const char *key_id, int64_t from, int64_t to,
			bool daily, bool by_route, struct arena *arena,
			struct field_list *out, struct err *err_r);

/* Upkeep, by the scheduler: months ahead (PostgreSQL partitions), retention. */
bool store_usage_prepare(struct usage_store *u, int64_t now_ms, struct err *err_r);
bool store_usage_retire(struct usage_store *u, int64_t now_ms, int64_t months_kept,
			int64_t *dropped_r, struct err *err_r);
/* SQLite: TRUNCATE checkpoint of the open month file; recorder only. */
bool store_usage_checkpoint(struct usage_store *u, struct err *err_r);

#endif
