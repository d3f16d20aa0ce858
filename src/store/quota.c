/*
 * store/quota.c - leases of limits. One statement decides what is granted, so
 * hosts and processes that lease at once never pass the limit together. A
 * lease whose COMMIT was in doubt counts as leased and is forfeited.
 */
#include "config.h"

#include "base/arena.h"
#include "db/admin.h"
#include "db/handle.h"
#include "db/query.h"
#include "db/transaction.h"
#include "store/quota.h"
#include "store/sql.h"

#define SWEEP_PAGE 500
#define SWEEP_AFTER_MS (3600 * SECOND_MS)

struct db *store_quota_open(struct db *main)
{
	if (db_backend_of(main) == DB_PGSQL)
		return main;
	return db_new_beside(main, ".quota", &sql_quota_catalog, false);
}

void store_quota_close(struct db **quota, struct db *main)
{
	if (*quota != main)
		db_free(quota);
	*quota = NULL;
}

bool store_quota_migrate(struct db *quota, struct err *err_r)
{
	int applied;

	return db_backend_of(quota) == DB_PGSQL || db_migrate(quota, &applied, err_r);
}

static int64_t amount(const struct quota_want *w, int64_t left)
{
	int64_t n = w->share ? left / w->share : w->most;

	if (n > w->most)
		n = w->most;
	return n < w->least ? w->least : n;
}

static bool lease(struct db *db, struct quota_lease *l, struct err *err_r)
{
	enum db_rc rc = db_query(db, SQL_ARGS(quota_lease,
		.subject = db_text(l->subject), .kind = db_text(window_name(l->kind)),
		.window_id = db_int(l->window), .asked = db_int(l->asked), .limit = db_int(l->limit),
		.ends_at = db_time(window_end(l->kind, l->window))), err_r);

	l->granted = 0;
	l->leased = l->limit;   /* other processes were faster */
	if (rc == DB_ROW) {
		l->granted = db_column_int(db, 0);
		l->leased = db_column_int(db, 1);
	}
	db_finish(db);
	return rc == DB_ROW || rc == DB_OK;
}

struct leasing {
	struct quota_lease *all;
	size_t n;
};

static bool lease_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct leasing *l = arg;

	for (size_t i = 0; i < l->n; i++)
		if (l->all[i].asked > 0 && !lease(db, &l->all[i], err_r))
			return false;
	return true;
}

/* A limit that is used up is refused after a read, so that a flood of refused requests
 * does not write. */
static bool look(struct db *db, struct quota_lease *l, struct err *err_r)
{
	l->granted = l->asked = 0;
	if (!store_quota_leased(db, l->subject, l->kind, l->window, &l->leased, err_r))
		return false;
	if (l->leased < l->limit)
		l->asked = amount(&l->want, l->limit - l->leased);
	return true;
}

bool store_quota_lease(struct db *db, struct quota_lease *all, size_t n, struct err *err_r)
{
	struct leasing l = { all, n };
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		if (!look(db, &all[i], err_r))
			return false;
		any |= all[i].asked > 0;
	}
	return !any || db_transaction(db, lease_tx, &l, err_r);
}

struct giving {
	const struct quota_return *all;
	size_t n;
};

static bool return_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct giving *g = arg;

	for (size_t i = 0; i < g->n; i++) {
		const struct quota_return *q = &g->all[i];

		if (!db_write(db, SQL_ARGS(quota_return, .subject = db_text(q->subject),
					   .kind = db_text(window_name(q->kind)),
					   .window_id = db_int(q->window), .n = db_int(q->n)),
			      NULL, err_r))
			return false;
	}
	return true;
}

bool store_quota_return(struct db *db, const struct quota_return *all, size_t n,
			struct err *err_r)
{
	struct giving g = { all, n };

	return n == 0 || db_transaction(db, return_tx, &g, err_r);
}

bool store_quota_leased(struct db *db, const char *subject, enum window_kind kind,
			uint32_t window, int64_t *leased_r, struct err *err_r)
{
	return db_number(db, SQL_ARGS(quota_leased, .subject = db_text(subject),
				      .kind = db_text(window_name(kind)),
				      .window_id = db_int(window)), leased_r, err_r);
}

struct sweep {
	int64_t before, n;
};

static bool sweep_tx(struct db *db, void *arg, struct err *err_r)
{
	struct sweep *s = arg;

	return db_write(db, SQL_ARGS(quota_sweep, .before = db_time(s->before)), &s->n, err_r);
}

bool store_quota_sweep(struct db *db, int64_t now_ms, int64_t *n_r, struct err *err_r)
{
	struct sweep s = { .before = now_ms - SWEEP_AFTER_MS };

	*n_r = 0;
	do {
		if (!db_transaction(db, sweep_tx, &s, err_r))
			return false;
		*n_r += s.n;
	} while (s.n == SWEEP_PAGE);
	return true;
}
