/*
 * model/audit.h - what the audit trail tells: kinds of events, and an event.
 */
#ifndef PIERRE_MODEL_AUDIT_H
#define PIERRE_MODEL_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

struct claim;
struct token_use;

enum audit_type {
	AUDIT_UNSET,   /* no kind: the database refuses the event */
#define KIND(type, ...) AUDIT_##type,
#include "model/audit_kinds.h"
#undef KIND
	AUDIT__COUNT
};

struct audit_kind {
	const char *name;       /* audit_events.event_type */
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
	const char *metadata;      /* JSON object of texts; NULL = {} */
	int64_t timestamp;
	bool ends_right;           /* of its kind */
	const char *pii_salt;      /* op/audit_hash.h */
	const char *pii_hash;
	struct token_use *use;     /* that its transaction also writes (store/token_use.h); NULL
				    * unless a token of a program did it */
	struct claim *claim;       /* of a request with an Idempotency-Key (model/claim.h), when it
				    * is a success; NULL = none */
};

#endif
