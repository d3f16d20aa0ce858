/*
 * store/audit.h - the audit trail, and the one way to change the database.
 *
 * Every change is one transaction with its audit row. The row is inserted
 * first: when the answer to COMMIT is lost, the transaction runs again with
 * the same id, and a conflict on audit_events.id proves that the first run had
 * committed. So the event is made once, before the transaction (see
 * op/audit.h), and `fn` must not change it.
 */
#ifndef PIERRE_STORE_AUDIT_H
#define PIERRE_STORE_AUDIT_H

#include "base/field.h"
#include "db/db.h"

/* What can happen; audit_kinds[] has the row of each. */
enum audit_type {
	AUDIT_ADMIN_SETUP,
	AUDIT_SETUP_TOKEN_ISSUED,
	AUDIT_USER_REGISTERED,
	AUDIT_USER_APPROVED,
	AUDIT_USER_SUSPENDED,
	AUDIT_PASSWORD_CHANGED,
	AUDIT_TENANT_CREATED,
	AUDIT_USER_LOGIN,
	AUDIT_USER_LOGOUT,
	AUDIT_AUTHENTICATION_FAILED,
	AUDIT_TOKEN_REFRESHED,
	AUDIT_TOKEN_REUSED,
	AUDIT_SESSION_ENDED,
	AUDIT_API_KEY_CREATED,
	AUDIT_API_KEY_CHANGED,
	AUDIT_API_KEY_REVOKED,
	AUDIT_INSTANCE_CREATED,
	AUDIT_KEY_CHECK_STORED,
	AUDIT_SYSTEM_MAINTENANCE,
	AUDIT_CLOCK_CONFIRMED,
	AUDIT__COUNT
};

struct audit_kind {
	const char *name;       /* audit_events.event_type; names of the original where they fit */
	const char *severity;   /* Info | Warning | Error | Critical */
	const char *result;     /* success | failure */
	bool ends_right;        /* tried also on a full disk */
	const char *sentence;   /* audit_events.message */
};
extern const struct audit_kind audit_kinds[AUDIT__COUNT];

struct audit_event {
	const char *id;            /* uuid, fresh for every change */
	const char *event_type, *severity, *message, *source, *result;
	const char *tenant_id;     /* NULL = none */
	const char *user_id;       /* who did it; NULL = nobody or the shell */
	const char *target;        /* an id or the key of an e-mail address; NULL = nothing */
	const char *ip_address;    /* an IP address or NULL */
	const char *user_agent, *request_id;
	const char *metadata;      /* JSON object; NULL = {} */
	int64_t timestamp;
	bool ends_right;           /* of its kind */
};

/* One transaction: insert the event, then fn(db, arg, err). fn NULL = the
 * event alone. True = committed. fn may run several times; the rules of
 * db_transaction() hold. */
bool store_change(struct db *db, const struct audit_event *event, db_tx_fn *fn,
		  void *arg, struct err *err_r);

/* A second event inside the fn of a store_change(), for changes that are two
 * things at once (approval that also makes a tenant). */
bool store_audit_add(struct db *db, const struct audit_event *event, struct err *err_r);

#endif
