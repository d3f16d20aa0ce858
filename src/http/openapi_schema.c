/*
 * http/openapi_schema.c - components/schemas of the OpenAPI document: one per
 * field table that a route reaches.
 */
#include "config.h"

#include <inttypes.h>

#include "base/str.h"
#include "http/openapi_private.h"

/* What problem.c writes, and resource/limit.c of a quota. */
static const char problem_schema[] =
	"\"Problem\":{\"type\":\"object\",\"description\":\"An error (RFC 9457).\","
	"\"required\":[\"type\",\"title\",\"status\",\"detail\",\"code\"],\"properties\":{"
	"\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},"
	"\"status\":{\"type\":\"integer\"},"
	"\"detail\":{\"type\":\"string\",\"description\":\"One sentence for a person.\"},"
	"\"code\":{\"type\":\"string\",\"description\":\"What programs test.\"},"
	"\"reason\":{\"type\":\"string\",\"description\":\"Which case of the code.\"},"
	"\"field\":{\"type\":\"string\",\"description\":\"The field at fault.\"},"
	"\"retry_after\":{\"type\":\"integer\",\"description\":\"Seconds.\"},"
	"\"violated-policies\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},"
	"\"description\":\"Names of RateLimit-Policy, of a limit that is reached.\"},"
	"\"limit\":{\"type\":\"integer\",\"description\":\"Its requests in one window.\"},"
	"\"window\":{\"type\":\"string\",\"enum\":[\"hour\",\"day\",\"week\",\"month\"]},"
	"\"tier\":{\"type\":\"string\",\"description\":\"The tier it stands for.\"},"
	"\"remaining\":{\"type\":\"integer\",\"description\":\"Requests left in it.\"},"
	"\"made\":{\"type\":\"string\",\"description\":\"Of reply_gone: the id that the audit trail names.\"},"
	"\"request_id\":{\"type\":\"string\"}}}";

void doc_put(struct document *d, const char *text)
{
	strbuf_adds(d->out, text);
}

/* Between two members or items; not after an opening bracket. */
void doc_comma(struct document *d)
{
	char last = d->out->s[d->out->len - 1];

	if (last != '{' && last != '[')
		doc_put(d, ",");
}

void doc_key(struct document *d, const char *name)
{
	doc_comma(d);
	strbuf_add_json(d->out, name);
	doc_put(d, ":");
}

void doc_text(struct document *d, const char *name, const char *value)
{
	if (!value)
		return;
	doc_key(d, name);
	strbuf_add_json(d->out, value);
}

void doc_int(struct document *d, const char *name, int64_t value)
{
	doc_key(d, name);
	strbuf_addf(d->out, "%" PRId64, value);
}

void doc_ref(struct document *d, const char *kind, const char *name)
{
	strbuf_addf(d->out, "{\"$ref\":\"#/components/%s/%s\"}", kind, name);
}

bool doc_reach(struct document *d, const struct field_schema *schema, bool is_input,
	       struct err *err_r)
{
	struct named_schema **s = &d->schemas;

	if (!schema)
		return true;
	while (*s && !str_eq((*s)->schema->name, schema->name))
		s = &(*s)->next;
	if (*s) {
		(*s)->is_input |= is_input;
		return ((*s)->schema->fields == schema->fields && (*s)->schema->view == schema->view) ||
		       err_set(err_r, ERR_INTERNAL, "two field tables are named %s", schema->name);
	}
	*s = arena_new_struct(d->out->arena, struct named_schema);
	**s = (struct named_schema){ .schema = schema, .is_input = is_input };
	for (const struct field *f = schema->fields; f->name; f++)
		if (field_shown(schema, f) && !doc_reach(d, f->schema, is_input, err_r))
			return false;
	return true;
}

/* --- one field --- */

static void put_type(struct document *d, bool nullable, const char *type)
{
	doc_key(d, "type");
	strbuf_addf(d->out, nullable ? "[\"%s\",\"null\"]" : "\"%s\"", type);
}

static void put_values(struct document *d, const struct field *f, bool nullable)
{
	if (!f->values)
		return;
	doc_key(d, "enum");
	doc_put(d, "[");
	for (const char *const *v = f->values; *v; v++) {
		doc_comma(d);
		strbuf_add_json(d->out, *v);
	}
	if (nullable) {
		doc_comma(d);
		doc_put(d, "null");
	}
	doc_put(d, "]");
}

static void put_bounds(struct document *d, const struct field *f, const char *least,
		       const char *most)
{
	if (f->min != 0 || (f->type == FIELD_INT && f->max != 0))
		doc_int(d, least, f->min);
	if (f->max != 0 || (f->type == FIELD_INT && f->min != 0))
		doc_int(d, most, f->max);
}

static void put_string(struct document *d, const struct field *f, bool nullable)
{
	static const char *const formats[] = {
		[FIELD_UUID] = "uuid", [FIELD_TIME] = "date-time",
	};

	put_type(d, nullable, "string");
	if (f->type == FIELD_TEXT) {
		put_values(d, f, nullable);
		put_bounds(d, f, "minLength", "maxLength");
		if (f->flags & FIELD_SECRET)
			doc_text(d, "format", "password");
	} else {
		doc_text(d, "format", formats[f->type]);
	}
}

static void put_list(struct document *d, const struct field *f, bool nullable)
{
	put_type(d, nullable, "array");
	doc_key(d, "items");
	if (f->schema)
		doc_ref(d, "schemas", f->schema->name);
	else
		doc_put(d, "{\"type\":\"string\"}");
	put_bounds(d, f, "minItems", "maxItems");
}

static void put_object(struct document *d, const struct field *f, bool nullable)
{
	if (!f->schema) {
		put_type(d, nullable, "object");
		return;
	}
	if (!nullable) {
		strbuf_addf(d->out, "\"$ref\":\"#/components/schemas/%s\"", f->schema->name);
		return;
	}
	doc_key(d, "oneOf");
	doc_put(d, "[");
	doc_ref(d, "schemas", f->schema->name);
	doc_put(d, ",{\"type\":\"null\"}]");
}

void doc_type(struct document *d, const struct field *f, bool nullable)
{
	switch (f->type) {
	case FIELD_TEXT: case FIELD_UUID: case FIELD_TIME:
		put_string(d, f, nullable);
		break;
	case FIELD_INT:
		put_type(d, nullable, "integer");
		doc_text(d, "format", "int64");
		put_bounds(d, f, "minimum", "maximum");
		break;
	case FIELD_BOOL:
		put_type(d, nullable, "boolean");
		break;
	case FIELD_STRINGS: case FIELD_LIST:
		put_list(d, f, nullable);
		break;
	case FIELD_JSON: case FIELD_OBJECT:
		put_object(d, f, nullable);
		break;
	}
}

/* --- one schema --- */

static void put_field(struct document *d, const struct named_schema *s, const struct field *f)
{
	bool nullable = s->is_input ? field_nullable(s->schema, f) : f->flags & FIELD_NULLABLE;

	doc_key(d, f->name);
	doc_put(d, "{");
	doc_type(d, f, nullable);
	doc_text(d, "description", f->sentence);
	doc_put(d, "}");
}

/* What we write always has every member. */
static bool is_required(const struct named_schema *s, const struct field *f)
{
	return field_shown(s->schema, f) && (!s->is_input || field_required(s->schema, f));
}

static void put_required(struct document *d, const struct named_schema *s)
{
	bool any = false;

	for (const struct field *f = s->schema->fields; f->name; f++)
		any |= is_required(s, f);
	if (!any)
		return;
	doc_key(d, "required");
	doc_put(d, "[");
	for (const struct field *f = s->schema->fields; f->name; f++) {
		if (!is_required(s, f))
			continue;
		doc_comma(d);
		strbuf_add_json(d->out, f->name);
	}
	doc_put(d, "]");
}

static void put_schema(struct document *d, const struct named_schema *s)
{
	doc_key(d, s->schema->name);
	doc_put(d, "{\"type\":\"object\"");
	put_required(d, s);
	if (s->is_input)
		doc_put(d, ",\"additionalProperties\":false");
	doc_put(d, ",\"properties\":{");
	for (const struct field *f = s->schema->fields; f->name; f++)
		if (field_shown(s->schema, f))
			put_field(d, s, f);
	doc_put(d, "}}");
}

void doc_schemas(struct document *d)
{
	doc_key(d, "schemas");
	doc_put(d, "{");
	doc_put(d, problem_schema);
	for (const struct named_schema *s = d->schemas; s; s = s->next)
		put_schema(d, s);
	doc_put(d, "}");
}
