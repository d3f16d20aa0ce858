/*
 * store/audit.c - the table of event types, and the transaction that every
 * change is: its audit row first, then the change.
 */
#include "config.h"

#include "db/query.h"
#include "db/transaction.h"
#include "store/audit.h"
#include "store/sql.h"

struct change {
	const struct audit_event *event;
	db_tx_fn *fn;
	void *arg;
};

bool store_audit_add(struct db *db, const struct audit_event *e, struct err *err_r)
{
	return db_write(db, SQL_AUDIT_INSERT, DB_ARGS(
		db_text(e->id), db_text(e->event_type), db_text(e->severity),
		db_text(e->message), db_text(e->source), db_text(e->result),
		db_text(e->tenant_id), db_text(e->user_id), db_text(e->target),
		db_text(e->ip_address), db_text(e->user_agent),
		db_text(e->request_id), db_text(e->metadata ? e->metadata : "{}"),
		db_time(e->timestamp)), NULL, err_r);
}

static bool run_change(struct db *db, void *arg, struct err *err_r)
{
	const struct change *c = arg;

	if (!store_audit_add(db, c->event, err_r))
		return false;
	return !c->fn || c->fn(db, c->arg, err_r);
}

bool store_change(struct db *db, const struct audit_event *event, db_tx_fn *fn,
		  void *arg, struct err *err_r)
{
	struct change c = { event, fn, arg };

	return event->ends_right ? db_transaction_urgent(db, run_change, &c, err_r)
				 : db_transaction(db, run_change, &c, err_r);
}
