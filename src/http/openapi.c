/*
 * http/openapi.c - the OpenAPI 3.1 document, read from route and field tables,
 * so it says what the program does. Same tables, same bytes.
 */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "http/openapi_private.h"

static const char components_tail[] =
	"\"responses\":{\"Problem\":{\"description\":\"An error; code says which.\","
	"\"headers\":{\"X-Request-Id\":{\"$ref\":\"#/components/headers/X-Request-Id\"}},"
	"\"content\":{\"application/problem+json\":{\"schema\":"
	"{\"$ref\":\"#/components/schemas/Problem\"}}}}},"
	"\"headers\":{\"X-Request-Id\":{\"description\":\"Names the request in the log.\","
	"\"schema\":{\"type\":\"string\"}}},"
	"\"securitySchemes\":{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\","
	"\"description\":\"An access token from POST /api/auth/login.\"},"
	"\"api_key\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-API-Key\","
	"\"description\":\"An API key; also taken as a Bearer token.\"}}";

static void reach_all(struct document *d)
{
	for (const struct route *const *t = d->tables; *t; t++) {
		for (const struct route *r = *t; r->fn; r++) {
			doc_reach(d, r->in, true);
			doc_reach(d, r->out, false);
		}
	}
}

static void put_components(struct document *d)
{
	doc_key(d, "components");
	doc_put(d, "{");
	doc_schemas(d);
	doc_put(d, ",");
	doc_put(d, components_tail);
	doc_put(d, "}");
}

/* --- operations --- */

/* What a guard demands, as a security requirement. Of an http scheme the list
 * holds role names (OpenAPI 3.1, 4.8.30). */
static const char *const securities[] = {
	[GUARD_PUBLIC] = "[]",
	[GUARD_CREDENTIAL] = "[{\"api_key\":[]},{\"bearer\":[]}]",
	[GUARD_SESSION] = "[{\"bearer\":[]}]",
	[GUARD_ADMIN] = "[{\"bearer\":[\"admin\"]}]",
};

static void put_parameter(struct document *d, const char *name, size_t n, bool in_path)
{
	doc_comma(d);
	strbuf_addf(d->out, "{\"name\":\"%.*s\",\"in\":\"%s\",\"required\":%s,"
		    "\"schema\":{\"type\":\"string\"%s}}", (int)n, name,
		    in_path ? "path" : "query", in_path ? "true" : "false",
		    in_path && n == 2 && strncmp(name, "id", n) == 0 ?
		    ",\"format\":\"uuid\"" : "");
}

static void put_parameters(struct document *d, const struct route *r)
{
	const char *open = strchr(r->pattern, '{');
	if (!open && !r->query)
		return;
	doc_key(d, "parameters");
	doc_put(d, "[");
	for (; open; open = strchr(open + 1, '{'))
		put_parameter(d, open + 1, strcspn(open + 1, "}"), true);
	for (const char *const *q = r->query; q && *q; q++)
		put_parameter(d, *q, strlen(*q), false);
	doc_put(d, "]");
}

static void put_body(struct document *d, const struct route *r)
{
	bool required = false;
	if (!r->in)
		return;
	for (const struct field *f = r->in->fields; f->name; f++)
		required |= (f->flags & (FIELD_REQUIRED | FIELD_PRIVATE)) == FIELD_REQUIRED;
	doc_key(d, "requestBody");
	strbuf_addf(d->out, "{\"required\":%s,\"content\":{\"application/json\":{\"schema\":",
		    required ? "true" : "false");
	doc_ref(d, "schemas", r->in->name);
	doc_put(d, "}}}");
}

static void put_success(struct document *d, const struct route *r)
{
	strbuf_addf(d->out, "\"%d\":{\"description\":", r->status ? r->status : 200);
	strbuf_add_json(d->out, r->summary ? r->summary : "Done.");
	doc_put(d, ",\"headers\":{\"X-Request-Id\":");
	doc_ref(d, "headers", "X-Request-Id");
	doc_put(d, "}");
	if (r->out) {
		doc_put(d, ",\"content\":{\"application/json\":{\"schema\":");
		doc_ref(d, "schemas", r->out->name);
		doc_put(d, "}}");
	}
	doc_put(d, "}");
}

static void put_responses(struct document *d, const struct route *r)

{
	const struct { const char *status; bool expected; } problems[] = {
		{ "400", r->in != NULL },
		{ "401", r->guard != GUARD_PUBLIC },
		{ "403", r->guard != GUARD_PUBLIC },
		{ "404", strchr(r->pattern, '{') != NULL },
		{ "413", r->body_max > 0 },
		{ "415", r->in != NULL },
		{ "422", r->in != NULL || r->query != NULL },
		{ "429", r->guard == GUARD_CREDENTIAL },
		{ "503", true },
		{ "default", true },
	};
	doc_key(d, "responses");
	doc_put(d, "{");
	put_success(d, r);
	for (size_t i = 0; i < sizeof(problems) / sizeof(problems[0]); i++) {
		if (!problems[i].expected)
			continue;
		doc_key(d, problems[i].status);
		doc_ref(d, "responses", "Problem");
	}
	doc_put(d, "}");
}

static void put_operation(struct document *d, const struct route *r)
{
	char *method = arena_strdup(d->out->arena, http_method_names[r->method]);

	str_lower(method);
	doc_key(d, method);
	doc_put(d, "{");
	doc_text(d, "operationId", r->label);
	doc_text(d, "summary", r->summary);
	if (securities[r->guard]) {
		doc_key(d, "security");
		doc_put(d, securities[r->guard]);
	}
	put_parameters(d, r);
	put_body(d, r);
	put_responses(d, r);
	doc_put(d, "}");
}

/* Every row of one pattern, when `first` is the first row that has it. */
static void put_path(struct document *d, const struct route *first)

{
	bool begun = false;

	for (const struct route *const *t = d->tables; *t; t++) {
		for (const struct route *r = *t; r->fn; r++) {
			if (!str_eq(r->pattern, first->pattern))
				continue;
			if (!begun && r != first)
				return;
			if (!begun) {
				doc_key(d, r->pattern);
				doc_put(d, "{");
				begun = true;
			}
			put_operation(d, r);
		}
	}
	doc_put(d, "}");
}

void openapi_write(const struct route *const *tables, const char *version,
		   struct strbuf *out)
{
	struct document d = { .tables = tables, .out = out };

	reach_all(&d);
	doc_put(&d, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Pierre\",\"version\":");
	strbuf_add_json(out, version);
	doc_put(&d, ",\"license\":{\"name\":\"MIT\",\"identifier\":\"MIT\"}},\"paths\":{");
	for (const struct route *const *t = tables; *t; t++)
		for (const struct route *r = *t; r->fn; r++)
			put_path(&d, r);
	doc_put(&d, "}");
	put_components(&d);
	doc_put(&d, "}");
}
