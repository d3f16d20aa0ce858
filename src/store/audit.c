/*
 * store/audit.c - every change is one transaction: first its audit row, then the change.
 */
#include "config.h"

#include "db/query.h"
#include "db/transaction.h"
#include "store/audit.h"
#include "store/claim_private.h"
#include "store/sql.h"
#include "store/token_use.h"

struct change {
	const struct audit_event *event;
	db_tx_fn *fn;
	void *arg;
};

bool store_audit_add(struct db *db, const struct audit_event *e, struct err *err_r)
{
	return db_write(db, SQL_ARGS(audit_insert,
		.id = db_text(e->id), .event_type = db_text(e->event_type),
		.severity = db_text(e->severity), .message = db_text(e->message),
		.source = db_text(e->source), .result = db_text(e->result),
		.tenant_id = db_text(e->tenant_id), .user_id = db_text(e->user_id),
		.target = db_text(e->target), .ip_address = db_text(e->ip_address),
		.user_agent = db_text(e->user_agent), .request_id = db_text(e->request_id),
		.metadata = db_text(e->metadata ? e->metadata : "{}"),
		.timestamp = db_time(e->timestamp), .pii_salt = db_text(e->pii_salt),
		.pii_hash = db_text(e->pii_hash)), NULL, err_r);
}

static bool run_change(struct db *db, void *arg, struct err *err_r)
{
	const struct change *c = arg;

	if (!store_audit_add(db, c->event, err_r) ||
	    (c->event->claim && !store_claim_add(db, c->event, err_r)) ||
	    (c->event->use &&
	     !store_token_use_add(db, c->event->use, c->event->target, err_r)))
		return false;
	return !c->fn || c->fn(db, c->arg, err_r);
}

bool store_commit(struct db *db, const struct audit_event *event, db_tx_fn *fn,
		  void *arg, struct err *err_r)
{
	struct change c = { event, fn, arg };
	bool done;

	if (event->claim)
		return store_claim_hold(db, event, run_change, &c, err_r);
	done = event->ends_right ? db_transaction_urgent(db, run_change, &c, err_r)
				 : db_transaction(db, run_change, &c, err_r);
	if (done && event->use)
		event->use->written = true;
	return done;
}

struct one {
	int stmt;
	const struct db_value *args;
	size_t n;
	const struct field_schema *schema;
	struct arena *arena;
	void *row_r;
	const char *absent;
};

static bool run_one(struct db *db, void *arg, struct err *err_r)
{
	const struct one *o = arg;

	if (!o->schema)
		return db_write_one(db, o->stmt, o->args, o->n, o->absent, err_r);
	return db_get(db, o->stmt, o->args, o->n, o->schema, o->arena, o->row_r, o->absent,
		      err_r);
}

bool store_commit_one(struct db *db, const struct audit_event *event, int stmt,
		      const struct db_value *args, size_t n, const struct field_schema *schema,
		      struct arena *arena, void *row_r, const char *absent, struct err *err_r)
{
	return store_commit(db, event, run_one,
			    &(struct one){ stmt, args, n, schema, arena, row_r, absent }, err_r);
}
