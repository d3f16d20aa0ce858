/* store/claim.c - claims of requests with an Idempotency-Key: sql/common/claim.sql. */
#include "config.h"

#include "db/query.h"
#include "model/token_use.h"
#include "store/claim_private.h"
#include "store/sql.h"

#define SPARE_MS 250   /* what is left to answer in, when another request had the row */

/* --- take --------------------------------------------------------------------------- */

/* PostgreSQL waits at the row for a request that has it; SQLite where the transaction
 * begins. */
static bool bound_wait(struct db *db, struct err *err_r)
{
	int64_t left = db_time_left(db), ms;

	return db_number(db, SQL_ARGS(claim_wait, .ms = db_int(left > SPARE_MS ? left - SPARE_MS : 1)),
			 &ms, err_r);
}

/* A try after that one, with no time left, says nothing about it. */
static bool other_has_it(struct claim *c, enum db_rc rc, struct err *err_r)
{
	c->taken = rc == DB_OK;
	c->late |= rc == DB_BUSY;
	return rc == DB_OK ? err_reason(err_r, ERR_UNAVAILABLE, "claimed", "Another request has "
				       "this Idempotency-Key")
			   : false;
}

bool store_claim_add(struct db *db, const struct audit_event *event, struct err *err_r)
{
	struct claim *c = event->claim;
	enum db_rc rc;

	c->event_id = event->id;
	c->taken = false;
	if (!bound_wait(db, err_r))
		return false;
	rc = db_query(db, SQL_ROW(claim_add, &claim_schema, c), err_r);
	if (rc != DB_OK || db_affected(db) == 0)
		return other_has_it(c, rc, err_r);
	c->late = false;
	return true;
}

bool store_claim_hold(struct db *db, const struct audit_event *event, db_tx_fn *fn, void *arg,
		      struct err *err_r)
{
	struct claim *c = event->claim;

	if (c->held)
		return err_set(err_r, ERR_INTERNAL, "A request with an Idempotency-Key commits twice");
	c->held = db_transaction_hold(db, event->ends_right, fn, arg, err_r);
	c->use = event->use;
	return c->held;
}

/* --- end ---------------------------------------------------------------------------- */

bool store_claim_commit(struct db *db, struct claim *c, bool *again_r, struct err *err_r)
{
	bool stored, done;

	/* a statement that failed is said by db_held_commit() */
	stored = db_write_one(db, SQL_ROW(claim_reply, &claim_schema, c), "The claim is gone", err_r);
	if (!stored && err_r->kind == ERR_NOT_FOUND) {
		store_claim_drop(db, c);
		*again_r = false;
		return err_set(err_r, ERR_INTERNAL, "The claim of this request is gone");
	}
	done = db_held_commit(db, again_r, err_r);
	c->held = false;
	if (done && c->use)
		c->use->written = true;
	return done;
}

void store_claim_drop(struct db *db, struct claim *c)
{
	if (c->held)
		db_held_drop(db);
	c->held = false;
}

/* --- look up -------------------------------------------------------------------------- */

bool store_claim_find(struct db *db, const char *owner_id, const char *key_hash, int64_t now,
		      struct arena *arena, struct claim *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(claim_find, .owner_id = db_text(owner_id),
				   .key_hash = db_text(key_hash), .now = db_time(now)),
		      &claim_schema, arena, out, "No request has this Idempotency-Key", err_r);
}
