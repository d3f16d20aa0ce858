/*
 * store/usage_report.c - counters in buckets, one query a month. On SQLite the
 * month files are opened one at a time; a month without a file had no requests.
 */
#include "config.h"

#include <string.h>

#include "db/handle.h"
#include "db/query.h"
#include "store/key.h"
#include "store/sql.h"
#include "store/usage_private.h"

struct report {
	const char *key_id;
	int64_t from, to;
	bool daily, by_route;
	struct arena *arena;
};

static bool query(struct db *db, const struct report *r, struct field_list *out,
		  struct err *err_r)
{
	return db_list(db, SQL_ARGS(usage_report, .key_id = db_text(r->key_id),
				    .from_at = db_time(r->from), .to_at = db_time(r->to),
				    .daily = db_bool(r->daily), .by_route = db_bool(r->by_route)),
		       &usage_bucket_schema, r->arena, out, err_r);
}

static void append(struct arena *arena, struct field_list *all, const struct field_list *more)
{
	struct usage_bucket *items;

	if (more->n == 0)
		return;
	items = arena_alloc(arena, (all->n + more->n) * sizeof(*items));
	if (all->n)
		memcpy(items, all->items, all->n * sizeof(*items));
	memcpy(items + all->n, more->items, more->n * sizeof(*items));
	*all = (struct field_list){ .items = items, .n = all->n + more->n };
}

static bool query_file(struct usage_store *u, uint32_t id, const struct report *r,
		       struct field_list *out, struct err *err_r)
{
	struct db *db;
	bool done;

	*out = (struct field_list){ .n = 0 };
	if (!usage_month_read(u, id, &db, err_r))
		return false;
	done = !db || query(db, r, out, err_r);
	db_free(&db);
	return done;
}

bool store_usage_report(struct usage_store *u, const struct api_key *key, int64_t from, int64_t to,
			bool daily, bool by_route, struct arena *arena,
			struct field_list *out, struct err *err_r)
{
	struct report r = { key->id, from, to, daily, by_route, arena };
	struct field_list part;

	*out = (struct field_list){ .n = 0 };
	arena_reset(u->arena);
	if (r.to <= r.from)
		return true;
	if (db_backend_of(u->main) == DB_PGSQL)
		return query(u->main, &r, out, err_r);
	for (uint32_t id = window_id(WINDOW_MONTH, r.from);
	     id <= window_id(WINDOW_MONTH, r.to - 1); id++) {
		if (!query_file(u, id, &r, &part, err_r))
			return false;
		append(arena, out, &part);
	}
	return true;
}

static bool totals(struct db *db, uint32_t month, const char *const *ids, size_t n,
		   int64_t *counts, struct err *err_r)
{
	for (size_t i = 0; i < n; i++)
		if (!db_number(db, SQL_ARGS(usage_total, .key_id = db_text(ids[i]),
					    .from_at = db_time(window_start(WINDOW_MONTH, month)),
					    .to_at = db_time(window_end(WINDOW_MONTH, month))),
			       &counts[i], err_r))
			return false;
	return true;
}

bool store_usage_month(struct usage_store *u, uint32_t month, const char *const *ids, size_t n,
		       int64_t *counts, struct err *err_r)
{
	struct db *db;
	bool done;

	memset(counts, 0, n * sizeof(*counts));
	if (db_backend_of(u->main) == DB_PGSQL)
		return totals(u->main, month, ids, n, counts, err_r);
	if (!usage_month_read(u, month, &db, err_r))
		return false;
	done = !db || totals(db, month, ids, n, counts, err_r);
	db_free(&db);
	return done;
}
