/* model/audit_chain.c - fields of the links of the audit trail. */
#include "config.h"

#include "model/audit_chain.h"

#define LINK(s, at, none) \
	FIELD_AS("chain", s, at chain, TEXT, none, "The chain: id of a tenant, or system"), \
	FIELD_AS("seq", s, at seq, INT, none, "Place in the chain"), \
	FIELD_AS("event_id", s, at event_id, UUID, FIELD_PRIVATE, NULL), \
	FIELD_AS("hash", s, at hash, TEXT, none, "Hash of the link")
#define EVENT(s, at) \
	FIELD_AS("id", s, at id, UUID, 0, "The event"), \
	FIELD_AS("event_type", s, at event_type, TEXT, 0, "What happened"), \
	FIELD_AS("severity", s, at severity, TEXT, 0, "Info, Warning, Error or Critical"), \
	FIELD_AS("message", s, at message, TEXT, 0, "One sentence"), \
	FIELD_AS("source", s, at source, TEXT, 0, "rest, shell, serve or scheduler"), \
	FIELD_AS("result", s, at result, TEXT, 0, "success or failure"), \
	FIELD_AS("tenant_id", s, at tenant_id, UUID, FIELD_NULLABLE, "The tenant it happened in"), \
	FIELD_AS("user_id", s, at user_id, UUID, FIELD_NULLABLE, "Who did it"), \
	FIELD_AS("target", s, at target, TEXT, FIELD_NULLABLE, "What it was done to"), \
	FIELD_AS("ip_address", s, at ip_address, TEXT, FIELD_NULLABLE, "Address of the client"), \
	FIELD_AS("user_agent", s, at user_agent, TEXT, FIELD_NULLABLE, "What the client called itself"), \
	FIELD_AS("request_id", s, at request_id, TEXT, FIELD_NULLABLE, "The request, as the log names it"), \
	FIELD_AS("metadata", s, at metadata, JSON, 0, "What the type adds, as texts"), \
	FIELD_AS("timestamp", s, at timestamp, TIME, 0, "When"), \
	FIELD_AS("pii_salt", s, at pii_salt, TEXT, FIELD_PRIVATE, NULL), \
	FIELD_AS("pii_hash", s, at pii_hash, TEXT, FIELD_PRIVATE, NULL)

static const struct field chain_fields[] = {
	FIELD(struct audit_chain, chain, TEXT, 0, NULL),
	{ 0 },
};
const struct field_schema audit_chain_schema =
	FIELD_SCHEMA("AuditChain", struct audit_chain, chain_fields);

static const struct field link_fields[] = {
	LINK(struct audit_link, , 0),
	{ 0 },
};
const struct field_schema audit_link_schema =
	FIELD_SCHEMA("AuditLink", struct audit_link, link_fields);

#define HEAD(s, at, none) \
	FIELD_AS("chain", s, at chain, TEXT, none, "The chain: id of a tenant, or system"), \
	FIELD_AS("seq", s, at seq, INT, none, "Number of its last link"), \
	FIELD_AS("hash", s, at hash, TEXT, none, "Hash of that link"), \
	FIELD_AS("mac", s, at mac, TEXT, none, "HMAC of these three"), \
	FIELD_AS("updated_at", s, at updated_at, TIME, none, "When that link was added")

static const struct field head_fields[] = {
	HEAD(struct audit_head, , 0),
	{ 0 },
};
const struct field_schema audit_head_schema =
	FIELD_SCHEMA("AuditHead", struct audit_head, head_fields);

static const struct field end_fields[] = {
	HEAD(struct audit_end, head., FIELD_NULLABLE),
	FIELD(struct audit_end, last_seq, INT, FIELD_NULLABLE, NULL),
	{ 0 },
};
const struct field_schema audit_end_schema =
	FIELD_SCHEMA("AuditEnd", struct audit_end, end_fields);

static const struct field entry_fields[] = {
	EVENT(struct audit_entry, event.),
	LINK(struct audit_entry, link., FIELD_NULLABLE),
	{ 0 },
};
const struct field_schema audit_entry_schema =
	FIELD_SCHEMA("AuditEntry", struct audit_entry, entry_fields);

#define QUERY_OWN FIELD_OWN_VIEW(0)
#define QUERY_SHELL FIELD_OWN_VIEW(1)
#define QUERY_TENANT FIELD_OWN_VIEW(2)
#define QUERY_EACH (QUERY_OWN | QUERY_TENANT)
#define FILTER(member, kind, views, ...) \
	FIELD(struct audit_query, member, kind, FIELD_NULLABLE | QUERY_SHELL | (views), __VA_ARGS__)
static const char *const severities[] = { "Info", "Warning", "Error", "Critical", NULL };
static const char *const results[] = { "success", "failure", NULL };
static const struct field query_fields[] = {
	FILTER(event_type, TEXT, QUERY_EACH, "Only events of this type, as ApiKeyCreated",
	       .option = "type"),
	FILTER(severity, TEXT, QUERY_EACH, "Only events of this severity", .values = severities),
	FILTER(result, TEXT, QUERY_EACH, "Only what went so", .values = results),
	FILTER(user_id, UUID, QUERY_TENANT, "Only what this user did", .option = "user", .value_word = "USER_ID"),
	FILTER(tenant_id, UUID, QUERY_OWN, "Only what happened in this tenant", .option = "tenant",
	       .value_word = "TENANT_ID"),
	FILTER(target, TEXT, QUERY_EACH, "Only what was done to this: an id, or an e-mail address"),
	FILTER(from, TIME, QUERY_EACH, "Only from this moment on", .value_word = "TIME"),
	FILTER(to, TIME, QUERY_EACH, "Only before this moment", .value_word = "TIME"),
	PAGE_IN_ROWS_OF(struct audit_query, page., QUERY_EACH),
	{ 0 },
};
const struct field_schema audit_query_schema =
	FIELD_SCHEMA("AuditQuery", struct audit_query, query_fields);
const struct field_schema audit_own_query_schema =
	FIELD_VIEW("AuditOwnQuery", struct audit_query, query_fields, QUERY_OWN);
const struct field_schema audit_tenant_query_schema =
	FIELD_VIEW("AuditTenantQuery", struct audit_query, query_fields, QUERY_TENANT);
const struct field_schema audit_shell_query_schema =
	FIELD_VIEW("AuditShellQuery", struct audit_query, query_fields, QUERY_SHELL);

static const struct field waiting_fields[] = {
	EVENT(struct audit_waiting, event.),
	FIELD(struct audit_waiting, chain, TEXT, 0, NULL),
	FIELD(struct audit_waiting, linked_seq, INT, FIELD_PRIVATE, NULL),
	FIELD(struct audit_waiting, last_seq, INT, FIELD_PRIVATE, NULL),
	FIELD(struct audit_waiting, head_seq, INT, FIELD_PRIVATE, NULL),
	FIELD(struct audit_waiting, head_hash, TEXT, FIELD_PRIVATE, NULL),
	FIELD(struct audit_waiting, head_mac, TEXT, FIELD_PRIVATE, NULL),
	{ 0 },
};
const struct field_schema audit_waiting_schema =
	FIELD_SCHEMA("AuditWaiting", struct audit_waiting, waiting_fields);

static const struct field lease_fields[] = {
	FIELD(struct audit_lease, host_id, TEXT, 0, NULL),
	FIELD(struct audit_lease, until_at, TIME, 0, NULL),
	FIELD(struct audit_lease, waits_since, TIME, 0, NULL),
	{ 0 },
};
const struct field_schema audit_lease_schema =
	FIELD_SCHEMA("AuditLease", struct audit_lease, lease_fields);

static const struct field unlinked_fields[] = {
	FIELD(struct audit_unlinked, event_id, UUID, 0, NULL),
	FIELD(struct audit_unlinked, chain, TEXT, 0, NULL),
	FIELD(struct audit_unlinked, waits, BOOL, 0, NULL),
	FIELD(struct audit_unlinked, gone, BOOL, 0, NULL),
	{ 0 },
};
const struct field_schema audit_unlinked_schema =
	FIELD_SCHEMA("AuditUnlinked", struct audit_unlinked, unlinked_fields);
