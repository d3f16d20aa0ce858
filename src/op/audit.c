/*
 * audit.c - builds audit events; the store writes them.
 */
#include "config.h"

#include <arpa/inet.h>
#include <string.h>

#include "auth/auth.h"
#include "base/mask.h"
#include "base/str.h"
#include "op/audit.h"
#include "op/audit_hash.h"

const char *op_address(const struct op *op)
{
	unsigned char bytes[sizeof(struct in6_addr)];
	char text[INET6_ADDRSTRLEN];

	if (!op->client.remote_addr)
		return NULL;
	if (!strchr(op->client.remote_addr, ':'))   /* of these there is one spelling */
		return inet_pton(AF_INET, op->client.remote_addr, bytes) == 1 ? op->client.remote_addr : NULL;
	if (inet_pton(AF_INET6, op->client.remote_addr, bytes) != 1 ||
	    !inet_ntop(AF_INET6, bytes, text, sizeof(text)))
		return NULL;
	return arena_strdup(op->arena, text);
}

/* A text of the client is left out when it is not valid UTF-8. */
const char *op_user_agent(const struct op *op)
{
	const char *s = op->client.user_agent;

	return s && *s && utf8_valid(s, strlen(s)) ? s : NULL;
}

static struct audit_event make(const struct op *op, enum audit_type type, const char *target,
			       const char *metadata)
{
	const struct audit_kind *kind = &audit_kinds[type];
	struct audit_event event;
	char id[UUID_TEXT];

	random_uuid(id);
	event = (struct audit_event){
		.id = arena_strdup(op->arena, id),
		.event_type = kind->name,
		.severity = kind->severity,
		.message = kind->sentence,
		.result = kind->result,
		.source = op->actor.source,   /* none: the database refuses */
		.tenant_id = op->actor.tenant_id,
		.user_id = op->actor.user_id,
		.target = target,
		.ip_address = op_address(op),
		.user_agent = op_user_agent(op),
		.request_id = op->client.request_id,
		.metadata = metadata,
		.timestamp = op->now,
		.ends_right = kind->ends_right,
		.use = op->actor.use,
		.claim = str_eq(kind->result, "success") ? op->claim : NULL,
	};
	audit_pii(&event, op->arena);
	return event;
}

struct audit_event op_audit(const struct op *op, enum audit_type type, const char *target)
{
	return make(op, type, target, NULL);
}

static const char *told(const struct op *op, const struct field *f, const void *record)
{
	const char *text;

	if (f->type == FIELD_BOOL)
		return *(const bool *)field_cptr(f, record) ? "yes" : NULL;
	memcpy(&text, field_cptr(f, record), sizeof(text));
	return f->flags & FIELD_FREE ? mask_text(op->arena, text) : text;
}

static const char *metadata(const struct op *op, const struct field_schema *schema,
			    const void *record)
{
	struct strbuf b = { .arena = op->arena };
	const char *separator = "{";

	for (const struct field *f = schema->fields; f->name; f++) {
		const char *text = f->flags & FIELD_AUDIT ? told(op, f, record) : NULL;

		if (!text)
			continue;
		strbuf_adds(&b, separator);
		strbuf_add_json(&b, f->audit ? f->audit : f->name);
		strbuf_adds(&b, ":");
		strbuf_add_json(&b, text);
		separator = ",";
	}
	strbuf_adds(&b, b.len > 0 ? "}" : "{}");
	return b.s;
}

struct audit_event op_audit_of(const struct op *op, enum audit_type type, const char *target,
			       const struct field_schema *schema, const void *record)
{
	return make(op, type, target, metadata(op, schema, record));
}
