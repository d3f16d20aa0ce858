/*
 * store/change.c - reading and sweeping the table of changes.
 */
#include "config.h"

#include "db/query.h"
#include "db/transaction.h"
#include "store/change.h"
#include "store/sql.h"

bool store_changes_position(struct db *db, int64_t *position_r, struct err *err_r)
{
	return db_number(db, SQL_ARGS(changes_position), position_r, err_r);
}

bool store_changes_since(struct db *db, int64_t position, size_t max,
			 struct arena *arena, const char **ids, size_t *n_r, struct err *err_r)
{
	enum db_rc rc = db_query(db, SQL_ARGS(changes_since, .position = db_int(position),
					      .limit = db_int((int64_t)max)), err_r);

	*n_r = 0;
	for (; rc == DB_ROW && *n_r < max; rc = db_next(db, err_r))
		ids[(*n_r)++] = arena_strdup(arena, db_column_text(db, 0));
	db_finish(db);
	return rc == DB_OK || rc == DB_ROW;
}

static bool sweep_tx(struct db *db, void *arg, struct err *err_r)
{
	return db_write(db, SQL_ARGS(changes_sweep), arg, err_r);
}

bool store_changes_sweep(struct db *db, int64_t *n_r, struct err *err_r)
{
	int64_t old;

	*n_r = 0;
	/* take the writer lock only when there is something to sweep */
	if (!db_number(db, SQL_ARGS(changes_old), &old, err_r))
		return false;
	return old == 0 || db_transaction(db, sweep_tx, n_r, err_r);
}
