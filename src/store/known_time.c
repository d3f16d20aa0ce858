/*
 * store/known_time.c - reading and moving the row of the known time.
 */
#include "config.h"

#include "db/handle.h"
#include "db/query.h"
#include "db/transaction.h"
#include "store/audit.h"
#include "store/known_time.h"
#include "store/sql.h"

bool store_has_clock(const struct db *db)
{
	return db_backend_of(db) == DB_PGSQL;
}

bool store_known_time_get(struct db *db, struct arena *arena, struct known_time *out,
			  struct err *err_r)
{
	return db_get(db, SQL_ARGS(known_time_get), &known_time_schema, arena, out,
		      "", err_r);
}

struct move {
	const struct known_time *to;
	int64_t had, n;
};

static bool move_tx(struct db *db, void *arg, struct err *err_r)
{
	struct move *m = arg;

	return db_write(db, SQL_ROW(known_time_set, &known_time_schema, m->to,
				    .had = db_time(m->had)), &m->n, err_r);
}

bool store_known_time_set(struct db *db, const struct audit_event *event,
			  const struct known_time *t, int64_t had, bool *moved_r,
			  struct err *err_r)
{
	struct move m = { .to = t, .had = had };
	bool done = event ? store_commit(db, event, move_tx, &m, err_r)
			  : db_transaction(db, move_tx, &m, err_r);

	*moved_r = m.n > 0;
	return done;
}
