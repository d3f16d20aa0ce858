/*
 * db/db.c - what is asked of a database: statements and their second try, what
 * may be run where, upkeep and facts. Transactions are in transaction.c, the
 * connection in connect.c. Knows no backend.
 */
#include "config.h"

#include <string.h>

#include "db/db_core.h"

/* A read changes nothing, so it may be asked again. */
static enum db_rc ask_alone(struct db *db, int stmt, const struct db_value *args,
			    size_t n, struct err *e)
{
	int64_t deadline = db_limit(db);
	bool was_gone = false;

	for (unsigned attempt = 0;; attempt++) {
		struct err before = *e;
		enum db_rc rc;

		/* why it was lost says more than why it cannot come back */
		if (!db_connect_by(db, deadline, was_gone ? NULL : e))
			return DB_GONE;
		rc = db_settle(db->driver->query(db->conn, stmt, args, n, deadline, e), e);
		if (rc == DB_BUSY && db_backoff(db, attempt, deadline))
			continue;
		if (rc != DB_GONE)
			return rc;
		db_keep_reason(e, &before, deadline);
		db_log_loss(db, "database_gone", e);
		db_disconnect(db);
		if (was_gone)
			return rc;
		was_gone = true;
	}
}

static enum db_rc query_alone(struct db *db, int stmt, const struct db_value *args,
			      size_t n, struct err *e)
{
	enum db_rc rc = DB_GONE;

	if (db_may_ask(db, e))
		db_asked(db, rc = ask_alone(db, stmt, args, n, e));
	return rc;
}

static enum db_rc query_in_tx(struct db *db, int stmt, const struct db_value *args,
			      size_t n, struct err *e)
{
	const struct db_statement *s = &db->options.catalog->statements[stmt];
	enum db_rc rc;

	if (db->tx.rc != DB_OK) {
		*e = db->tx.err;
		return db->tx.rc;
	}
	db->tx.wrote |= s->writes;
	rc = db->driver->query(db->conn, stmt, args, n, db->tx.deadline, e);
	db_settle(rc, e);
	if ((rc == DB_OK || rc == DB_ROW) && s->writes &&
	    strstr(s->sql[db->driver->backend], "INTO audit_events"))
		db->tx.audited = true;
	return db_tx_note(db, rc, e);
}

enum db_rc db_query(struct db *db, int stmt, const struct db_value *args,
		    size_t n, struct err *err_r)
{
	struct err e = { 0 };
	enum db_rc rc;

	db_finish(db);
	if (!db_may_run(db, stmt, args, n, 1, &e))
		rc = db_tx_note(db, DB_ERROR, &e);
	else if (db->tx.active)
		rc = query_in_tx(db, stmt, args, n, &e);
	else
		rc = query_alone(db, stmt, args, n, &e);
	if (rc == DB_ROW)
		db->stmt = stmt;
	else if (rc != DB_OK && err_r)
		*err_r = e;
	return rc;
}

bool db_bulk(struct db *db, int stmt, const struct db_value *values, size_t n_columns,
	     size_t n_rows, struct err *err_r)
{
	struct err e = { 0 };
	enum db_rc rc = DB_ERROR;

	db_finish(db);
	if (!db_may_run(db, stmt, values, n_columns, n_rows, &e)) {
		db_tx_note(db, rc, &e);
	} else if (!db->tx.active) {
		err_set(&e, ERR_INTERNAL, "Rows are written outside a transaction");
	} else if (db->tx.rc != DB_OK) {
		e = db->tx.err;
	} else {
		db->tx.wrote = true;
		rc = db->driver->bulk(db->conn, stmt, values, n_columns, n_rows,
				      db->tx.deadline, &e);
		db_tx_note(db, db_settle(rc, &e), &e);
	}
	if (rc != DB_OK && err_r)
		*err_r = e;
	return rc == DB_OK;
}

enum db_rc db_next(struct db *db, struct err *err_r)
{
	struct err e = { 0 };
	enum db_rc rc;

	if (!db->conn)
		return DB_OK;
	rc = db_settle(db->driver->next(db->conn, &e), &e);
	db_tx_note(db, rc, &e);
	if (rc != DB_OK && rc != DB_ROW && err_r)
		*err_r = e;
	return rc;
}

int64_t db_affected(const struct db *db)
{
	return db->conn ? db->driver->changes(db->conn) : 0;
}

/* --- upkeep and facts ----------------------------------------------------- */

static enum db_rc ask_ping(struct db *db, struct err *e)
{
	int64_t deadline = db_limit(db);
	enum db_rc rc = DB_GONE;

	for (int attempt = 0; attempt < 2 && rc == DB_GONE; attempt++) {
		struct err before = *e;

		/* why it was lost says more than why it cannot come back */
		if (!db_connect_by(db, deadline, attempt ? NULL : e))
			break;
		rc = db_settle(db->driver->ping(db->conn, deadline, e), e);
		if (rc == DB_GONE)
			db_keep_reason(e, &before, deadline);
		if (db->tx.active)
			break;
		if (rc == DB_GONE)
			db_disconnect(db);
	}
	return rc;
}

bool db_ping(struct db *db, struct err *err_r)
{
	struct err e = { 0 };
	enum db_rc rc = DB_GONE;

	db_finish(db);
	if (db_may_ask(db, &e))
		db_asked(db, rc = ask_ping(db, &e));
	if (rc == DB_OK && (db->tx.active || db_look(db, false, &e)))
		return true;
	db_tx_note(db, rc, &e);
	if (err_r)
		*err_r = e;
	return false;
}

static bool run_checkpoint(struct db *db, int64_t keep, bool *done_r, struct err *err_r)
{
	int64_t deadline = db_limit(db);
	struct err e = { 0 };

	*done_r = false;
	if (db->tx.active)
		return err_set(err_r, ERR_INTERNAL, "A checkpoint inside a transaction");
	db_finish(db);
	if (!db_connect_by(db, deadline, err_r) || !db_look(db, false, err_r))
		return false;
	if (db_settle(db->driver->checkpoint(db->conn, keep, deadline, done_r, &e), &e) == DB_OK)
		return true;
	if (err_r)
		*err_r = e;
	return false;
}

bool db_checkpoint(struct db *db, bool *done_r, struct err *err_r)
{
	return run_checkpoint(db, 0, done_r, err_r);
}

bool db_checkpoint_keep(struct db *db, bool *done_r, struct err *err_r)
{
	return run_checkpoint(db, DB_LOG_KEEP, done_r, err_r);
}

int64_t db_log_bytes(struct db *db)
{
	return db->conn ? db->driver->log_bytes(db->conn) : 0;
}

bool db_has_space(struct db *db, struct err *err_r)
{
	return !db->conn || db->driver->has_space(db->conn, err_r) || err_retry(err_r, 1);
}

bool db_facts_read(struct db *db, struct arena *arena, struct db_facts *out, struct err *err_r)
{
	int64_t deadline = db_limit(db);

	db_finish(db);
	*out = (struct db_facts){ .connections_free = INT_NONE };
	if (!db_connect(db, err_r))
		return false;
	return db->driver->facts(db->conn, arena, out, deadline, err_r);
}
