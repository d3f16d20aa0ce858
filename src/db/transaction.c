/*
 * db/transaction.c - a transaction is a function that may run several times.
 *
 * BUSY and GONE run it again until the deadline. A COMMIT whose answer was
 * lost is resolved by running it again: its audit event comes first, so a
 * conflict on that id proves that the lost COMMIT had happened. A change
 * without an audit event cannot be resolved so, and stays UNCERTAIN.
 */
#include "config.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "db/db_core.h"

int db_statement_find(const struct db *db, const char *name)
{
	const struct db_catalog *cat = db->options.catalog;

	for (size_t i = 0; i < cat->n_statements; i++)
		if (str_eq(cat->statements[i].name, name))
			return (int)i;
	return -1;
}

static enum db_rc tx_begin(struct db *db, int64_t deadline, struct err *e)
{
	enum db_rc rc = db_settle(db->driver->begin(db->conn, deadline, e), e);

	/* said while we waited for the lock */
	if (rc == DB_OK && db_is_lost(db, e)) {
		db->driver->rollback(db->conn, deadline);
		rc = DB_ERROR;
	}
	db->tx = (struct db_tx){ .active = rc == DB_OK, .deadline = deadline };
	return rc;
}

/* The function has returned: what became of it? DB_OK = go on and commit. */
static enum db_rc tx_verdict(struct db *db, bool done, struct err *e)
{
	if (db->tx.rc == DB_OK)
		return done ? DB_OK : DB_ERROR;
	/* the function's own sentence about a conflict is better than ours; for a failure
	 * that it ignored we give ours */
	if (done || db->tx.rc == DB_BUSY || db->tx.rc == DB_GONE)
		*e = db->tx.err;
	return db->tx.rc;
}

/* It was not committed: roll back, unless the connection is lost. */
static enum db_rc tx_end(struct db *db, enum db_rc rc)
{
	if (rc != DB_OK && rc != DB_GONE && rc != DB_UNCERTAIN)
		db->driver->rollback(db->conn, db->tx.deadline);
	db->tx.active = false;
	return rc;
}

/* DB_OK: all was done, and nothing is committed. */
static enum db_rc tx_run(struct db *db, db_tx_fn *fn, void *arg, int64_t deadline, struct err *e)
{
	enum db_rc rc = tx_begin(db, deadline, e);
	bool done;

	if (rc != DB_OK)
		return rc;
	done = fn(db, arg, e);
	rc = tx_verdict(db, done, e);
	db_finish(db);
	return rc == DB_OK ? rc : tx_end(db, rc);
}

static enum db_rc tx_commit(struct db *db, struct err *e)
{
	enum db_rc rc = db_settle(db->driver->commit(db->conn, db->tx.deadline, e), e);

	tx_end(db, rc);
	/* between COMMIT and the answer: what is in a lost log was not stored */
	return rc == DB_OK && !db_look(db, true, e) ? DB_ERROR : rc;
}

static bool run_again(enum db_rc rc)
{
	return rc == DB_BUSY || rc == DB_GONE || rc == DB_UNCERTAIN;
}

static void note_loss(struct db *db, enum db_rc rc, const struct err *e)
{
	if (rc != DB_GONE && rc != DB_UNCERTAIN)
		return;
	db_log_loss(db, rc == DB_GONE ? "database_gone" : "database_uncertain", e);
	db_disconnect(db);
}

static bool stays_uncertain(struct err *err_r)
{
	return err_set(err_r, ERR_UNCERTAIN,
		       "The answer to COMMIT was lost: whether the change was made "
		       "is not known; look before you repeat it");
}

struct run {
	db_tx_fn *fn;
	void *arg;
	bool urgent;
	bool hold;       /* do not commit */
	bool brief;      /* its failure says little: it hardly waited */
};

static enum db_rc run_once(struct db *db, const struct run *r, int64_t deadline, struct err *e)
{
	enum db_rc rc = tx_run(db, r->fn, r->arg, deadline, e);

	return rc == DB_OK && !r->hold ? tx_commit(db, e) : rc;
}

static bool transaction(struct db *db, const struct run *r, struct err *e)
{
	int64_t deadline = db_limit(db);
	bool uncertain = false;
	enum db_rc rc;

	for (unsigned attempt = 0;; attempt++) {
		struct err before = *e;

		if (!db_connect_by(db, deadline, attempt ? NULL : e)) {
			if (attempt == 0 || db_is_lost(db, e))
				return false;
			rc = DB_GONE;   /* it was there a moment ago: wait for it */
		} else if (!r->urgent && !db_has_space(db, e)) {
			return false;
		} else {
			*e = (struct err){ 0 };
			rc = run_once(db, r, deadline, e);
			if (rc == DB_GONE)
				db_keep_reason(e, &before, deadline);
		}
		if (rc == DB_OK)
			return true;
		if (uncertain && rc == DB_CONFLICT && db->tx.replayed) {
			log_info("database_resolved", LOG_S("outcome", "committed"));
			return true;
		}
		note_loss(db, rc, e);
		if (rc == DB_UNCERTAIN && db->tx.wrote) {
			if (!db->tx.audited)
				return stays_uncertain(e);
			uncertain = true;
		}
		if (!run_again(rc) || !db_backoff(db, attempt, deadline))
			break;
	}
	/* after a lost COMMIT only an audit event that went in is proof */
	if (uncertain && (run_again(rc) || !db->tx.audited))
		return stays_uncertain(e);
	return false;
}

/* an error with a reason is our own refusal: the database did answer */
static void note_answer(struct db *db, bool done, const struct err *e)
{
	db_asked(db, !done && !e->reason[0] &&
		     err_is_passing(e) ? DB_GONE : DB_OK);
}

static bool run_transaction(struct db *db, const struct run *r, struct err *err_r)
{
	struct err e = { 0 };

	if (db->tx.active) {
		err_set(&e, ERR_INTERNAL, "A transaction inside a transaction");
		db_tx_note(db, DB_ERROR, &e);
		if (err_r)
			*err_r = e;
		return false;
	}
	db_finish(db);
	if (db_may_ask(db, &e)) {
		bool done = transaction(db, r, &e);

		if (done || !r->brief)
			note_answer(db, done, &e);
		if (done)
			return true;
	}
	if (e.kind == ERR_NONE)
		err_set(&e, ERR_INTERNAL, "A transaction failed without saying why");
	if (err_r)
		*err_r = e;
	return false;
}

bool db_transaction(struct db *db, db_tx_fn *fn, void *arg, struct err *err_r)
{
	return run_transaction(db, &(struct run){ fn, arg, .urgent = false }, err_r);
}

bool db_transaction_urgent(struct db *db, db_tx_fn *fn, void *arg, struct err *err_r)
{
	return run_transaction(db, &(struct run){ fn, arg, .urgent = true }, err_r);
}

bool db_transaction_brief(struct db *db, db_tx_fn *fn, void *arg, struct err *err_r)
{
	int64_t now = clock_monotonic(), whole = db->deadline;
	bool done;

	if (now < db->brief_due)
		return err_set(err_r, ERR_UNAVAILABLE, "The database was busy a moment ago");
	if (!db->tx.active && db_limit(db) > now + DB_BRIEF_MS)
		db->deadline = now + DB_BRIEF_MS;
	done = run_transaction(db, &(struct run){ fn, arg, .brief = true }, err_r);
	db->deadline = whole;
	if (!done)
		db->brief_due = clock_monotonic() + DB_BRIEF_PAUSE_MS;
	return done;
}

/* --- a transaction that stays open ------------------------------------------------ */

bool db_transaction_hold(struct db *db, bool urgent, db_tx_fn *fn, void *arg, struct err *err_r)
{
	return run_transaction(db, &(struct run){ fn, arg, .urgent = urgent, .hold = true }, err_r);
}

bool db_held_commit(struct db *db, bool *again_r, struct err *err_r)
{
	struct err e = { 0 };
	enum db_rc rc;

	db_finish(db);
	rc = db->tx.rc == DB_OK ? tx_commit(db, &e) : tx_end(db, db->tx.rc);
	if (db->tx.rc != DB_OK)
		e = db->tx.err;
	note_answer(db, rc == DB_OK, &e);
	note_loss(db, rc, &e);
	*again_r = run_again(rc) && db_backoff(db, 0, db->tx.deadline);
	if (rc == DB_OK)
		return true;
	if (rc == DB_UNCERTAIN)
		stays_uncertain(&e);
	if (err_r)
		*err_r = e;
	return false;
}

void db_held_drop(struct db *db)
{
	db_finish(db);
	if (db->tx.active)
		tx_end(db, DB_ERROR);
}

int64_t db_time_left(const struct db *db)
{
	int64_t left = db_limit(db) - clock_monotonic();

	return left > 0 ? left : 0;
}
