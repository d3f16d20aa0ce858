/*
 * model/audit_chain.h - what proves that nobody changed the audit trail: links
 * between events, one chain for each tenant and one for the system.
 */
#ifndef PIERRE_MODEL_AUDIT_CHAIN_H
#define PIERRE_MODEL_AUDIT_CHAIN_H

#include "base/field.h"
#include "model/audit.h"
#include "model/page.h"

#define AUDIT_SYSTEM "system"   /* the chain of events without a tenant */

struct audit_chain {
	const char *chain;         /* id of a tenant, or AUDIT_SYSTEM */
};
extern const struct field_schema audit_chain_schema;

struct audit_link {
	const char *chain;
	int64_t seq;               /* 1, 2, ... */
	const char *event_id, *hash;
};
extern const struct field_schema audit_link_schema;

/* Where a chain ends. */
struct audit_head {
	const char *chain;
	int64_t seq;
	const char *hash, *mac;
	int64_t updated_at;
};
extern const struct field_schema audit_head_schema;

/* A head and the links it should be that of, at one moment. */
struct audit_end {
	struct audit_head head;    /* head.seq INT_NONE: the chain has none */
	int64_t last_seq;          /* of the links; INT_NONE: there are none */
};
extern const struct field_schema audit_end_schema;

/* A link with its event; event.id is NULL when that is gone. */
struct audit_entry {
	struct audit_link link;
	struct audit_event event;
};
extern const struct field_schema audit_entry_schema;

/* Which events are listed: those that all of these fit; NULL and TIME_NONE fit any. */
struct audit_query {
	struct page_in page;
	const char *event_type, *severity, *result, *user_id, *tenant_id, *target;
	int64_t from, to;          /* from <= timestamp < to */
};
extern const struct field_schema audit_query_schema;   /* of all events */
extern const struct field_schema audit_own_query_schema;   /* of those of one user */
extern const struct field_schema audit_tenant_query_schema;   /* of those in one tenant */
extern const struct field_schema audit_shell_query_schema;

/* An event that waits for its link, and what that is appended to. */
struct audit_waiting {
	struct audit_event event;
	const char *chain;
	int64_t linked_seq;        /* INT_NONE: it has no link yet */
	int64_t last_seq;          /* of the chain's links; INT_NONE: it has none */
	int64_t head_seq;          /* INT_NONE: it has no head */
	const char *head_hash, *head_mac;
};
extern const struct field_schema audit_waiting_schema;

/* Which host links. */
struct audit_lease {
	const char *host_id;
	int64_t until_at;
	int64_t waits_since;       /* moment of the oldest event that waits; TIME_NONE = none */
};
extern const struct field_schema audit_lease_schema;

/* An event that should have a link. */
struct audit_unlinked {
	const char *event_id, *chain;
	bool waits;                /* it is in audit_pending */
	bool gone;                 /* it is only there */
};
extern const struct field_schema audit_unlinked_schema;

#endif
