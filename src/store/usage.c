/*
 * store/usage.c - opening, and upkeep by the scheduler: partitions ahead,
 * months that are too old. Recording is usage_record.c, counting
 * usage_count.c, reports usage_report.c.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/handle.h"
#include "db/query.h"
#include "db/transaction.h"
#include "store/sql.h"
#include "store/usage_private.h"

#define MONTHS_AHEAD 2

struct usage_store *store_usage_open(struct db *main, const char *host_id)
{
	struct usage_store *u = calloc(1, sizeof(*u));

	if (!u)
		abort();
	u->main = main;
	u->arena = arena_new();
	if (host_id)
		snprintf(u->host_id, sizeof(u->host_id), "%s", host_id);
	return u;
}

void store_usage_close(struct usage_store **u)
{
	if (!*u)
		return;
	for (size_t i = 0; i < USAGE_MONTHS; i++)
		usage_month_close(*u, &(*u)->months[i]);
	arena_free(&(*u)->arena);
	free((*u)->rows);
	free(*u);
	*u = NULL;
}

/* --- months ahead ---------------------------------------------------------------- */

bool store_usage_prepare(struct usage_store *u, int64_t now_ms, struct err *err_r)
{
	uint32_t month = window_id(WINDOW_MONTH, now_ms);

	if (db_backend_of(u->main) != DB_PGSQL)
		return true;
	for (uint32_t id = month; id <= month + MONTHS_AHEAD; id++) {
		struct usage_month *m;

		if (!usage_month_open(u, id, &m, err_r))
			return false;
	}
	return true;
}

/* --- retention --------------------------------------------------------------------- */

struct drop {
	uint32_t first;      /* month that stays */
	int64_t n;
};

static bool drop_tx(struct db *db, void *arg, struct err *err_r)
{
	struct drop *d = arg;
	char suffix[USAGE_SUFFIX];

	usage_month_suffix(d->first, suffix);
	suffix[strlen(suffix) - 3] = '_';
	return db_number(db, SQL_ARGS(usage_month_drop,
				      .suffix = db_text(suffix + strlen(".usage-")),
				      .start_at = db_time(usage_month_start(d->first))),
			 &d->n, err_r);
}

static bool remove_files(struct usage_store *u, struct drop *d, struct err *err_r)
{
	struct usage_months months = usage_month_files(u);
	char suffix[USAGE_SUFFIX];
	bool done = true;

	for (size_t i = 0; done && i < months.n && months.ids[i] < d->first; i++) {
		usage_month_suffix(months.ids[i], suffix);
		done = db_remove_beside(u->main, suffix, err_r);
		d->n += done;
	}
	free(months.ids);
	return done;
}

bool store_usage_retire(struct usage_store *u, int64_t now_ms, int64_t months_kept,
			int64_t *dropped_r, struct err *err_r)
{
	struct drop d = { .first = window_id(WINDOW_MONTH, now_ms) - (uint32_t)months_kept };
	bool done;

	arena_reset(u->arena);
	if (db_backend_of(u->main) == DB_PGSQL)
		done = db_transaction(u->main, drop_tx, &d, err_r);
	else
		done = remove_files(u, &d, err_r);
	*dropped_r = d.n;
	return done;
}
