/*
 * http/openapi.c - the OpenAPI 3.1 document, made from the tables of routes and fields,
 * so it describes what the program does. The same tables give the same bytes.
 */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "http/openapi_private.h"

static const char security_schemes[] =
	"\"securitySchemes\":{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\","
	"\"description\":\"An access token from POST /api/auth/login.\"},"
	"\"admin_token\":{\"type\":\"http\",\"scheme\":\"bearer\","
	"\"description\":\"An admin token (padm_...) from POST /admin/tokens.\"},"
	"\"api_key\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-API-Key\","
	"\"description\":\"An API key; also taken as a Bearer token.\"}}";

static const char about[] =
	"\"description\":\"Accounts, API keys and their limits. A GET also answers HEAD. A path that is "
	"not here is answered with 404, a method that its path does not take with 405 and Allow, "
	"OPTIONS with 204 and Allow. Errors are problems (RFC 9457): programs test their code. "
	"The web server adds its security headers to every answer.\"";

static bool reach_all(struct document *d, struct err *err_r)
{
	for (const struct route *const *t = d->tables; *t; t++)
		for (const struct route *r = *t; r->fn; r++)
			if (!doc_reach(d, r->in, true, err_r) ||
			    !doc_reach(d, r->out, false, err_r))
				return false;
	return true;
}

static void put_components(struct document *d)
{
	doc_key(d, "components");
	doc_put(d, "{");
	doc_schemas(d);
	doc_problems(d);
	doc_headers(d);
	doc_put(d, ",");
	doc_put(d, security_schemes);
	doc_put(d, "}");
}

/* --- operations --- */

/* What a guard demands, as a security requirement. Of an http scheme the list
 * holds role names (OpenAPI 3.1, 4.8.30). */
static const char *const securities[] = {
	[GUARD_PUBLIC] = "[]",
	[GUARD_CREDENTIAL] = "[{\"api_key\":[]},{\"bearer\":[]}]",
	[GUARD_SESSION] = "[{\"bearer\":[]}]",
	[GUARD_SCOPED] = NULL,   /* it has the scope: put_scoped() */
	[GUARD_ADMIN] = "[{\"bearer\":[\"admin\"]},{\"admin_token\":[\"",   /* the permission */
	[GUARD_SUPER_ADMIN] = "[{\"bearer\":[\"super_admin\"]}]",
};

static const char *const guard_sentences[] = {
	[GUARD_PUBLIC] = "Anybody may call it.",
	[GUARD_CREDENTIAL] = "It needs an API key, or the access token of an active user.",
	[GUARD_SESSION] = "It needs the access token of an active user.",
	[GUARD_SCOPED] = "It needs the access token of an active user, or an API key that opens "
			 "routes and holds the scope; a key is charged and recorded as by /verify, before "
			 "the call is made: also one that then fails.",
	[GUARD_ADMIN] = "It needs the access token of an administrator, or an admin token with "
			"the permission that stands in its security requirement (any: none in particular).",
	[GUARD_SUPER_ADMIN] = "It needs the access token of a super_admin.",
};

static const char *const place_sentences[] = {
	[PLACE_ANY] = "",
	[PLACE_OWN] = " In the tenant that the session works in the user needs the permission ",
	[PLACE_NAMED] = " In this tenant the user needs the permission ",
};

static void put_parameter(struct document *d, const char *in, bool required,
			  const struct field *f)
{
	doc_comma(d);
	doc_put(d, "{");
	doc_text(d, "name", f->name);
	doc_text(d, "in", in);
	doc_text(d, "description", f->sentence);
	strbuf_addf(d->out, ",\"required\":%s,\"schema\":{",
		    required ? "true" : "false");
	if (f->type == FIELD_TIME)   /* in a query a date alone is one too */
		doc_put(d, "\"anyOf\":[{\"type\":\"string\",\"format\":\"date-time\"},"
			   "{\"type\":\"string\",\"format\":\"date\"}]");
	else
		doc_type(d, f, false);
	doc_put(d, "}}");
}

static void put_path_parameter(struct document *d, const char *name, size_t n)
{
	bool is_id = route_param_is_uuid(name, n);

	put_parameter(d, "path", true, &(struct field){
		.name = arena_strndup(d->out->arena, name, n),
		.type = is_id ? FIELD_UUID : FIELD_TEXT,
		.sentence = is_id ? "Id, as it was given when the thing was made"
				  : "Its name, such as strava",
	});
}

static bool takes_if_none_match(const struct route *r) { return r->method == HTTP_GET && r->etag != ETAG_NONE; }
static bool takes_if_match(const struct route *r) { return r->if_match; }
static bool takes_idempotency_key(const struct route *r) { return r->idempotent; }

static const struct {
	bool (*taken)(const struct route *r);
	struct field field;
} request_headers[] = {
	{ takes_if_none_match,
	  { .name = "If-None-Match", .sentence = "ETag of the copy that the client has" } },
	{ takes_if_match,
	  { .name = "If-Match", .sentence = "ETag that what is changed must have; another one is 412" } },
	{ takes_idempotency_key,
	  { .name = "Idempotency-Key", .min = 1, .max = 257,
	    .sentence = "Names this request, in 1 to 255 visible characters of ASCII, bare or in double "
			"quotes. A repeat with the same name and body within 24 hours makes nothing new and "
			"gets the first reply again; with another body it is 422 other_request" } },
};
#define N_REQUEST_HEADERS (sizeof(request_headers) / sizeof(request_headers[0]))

static bool has_header(const struct route *r)
{
	for (size_t i = 0; i < N_REQUEST_HEADERS; i++)
		if (request_headers[i].taken(r))
			return true;
	return false;
}

static void put_parameters(struct document *d, const struct route *r)
{
	const char *open = strchr(r->pattern, '{');

	if (!open && !r->query && !has_header(r))
		return;
	doc_key(d, "parameters");
	doc_put(d, "[");
	for (; open; open = strchr(open + 1, '{'))
		put_path_parameter(d, open + 1, strcspn(open + 1, "}"));
	for (const struct field *f = r->query ? r->query->fields : NULL; f && f->name; f++)
		if (field_shown(r->query, f))
			put_parameter(d, "query", field_required(r->query, f), f);
	for (size_t i = 0; i < N_REQUEST_HEADERS; i++)
		if (request_headers[i].taken(r))
			put_parameter(d, "header", false, &request_headers[i].field);
	doc_put(d, "]");
}

static void put_body(struct document *d, const struct route *r)
{
	bool required = false;
	if (!r->in)
		return;
	for (const struct field *f = r->in->fields; f->name; f++)
		required |= field_shown(r->in, f) && field_required(r->in, f);
	doc_key(d, "requestBody");
	strbuf_addf(d->out, "{\"required\":%s,\"content\":{\"application/json\":{\"schema\":",
		    required ? "true" : "false");
	doc_ref(d, "schemas", r->in->name);
	doc_put(d, "}}}");
}

static void put_scoped(struct document *d, const struct route *r)
{
	doc_key(d, "security");
	doc_put(d, "[{\"bearer\":[]},{\"api_key\":[");
	strbuf_add_json(d->out, r->scope);
	doc_put(d, "]}]");
}

static void put_operation(struct document *d, const struct route *r)
{
	char *method = arena_strdup(d->out->arena, http_method_names[r->method]);

	str_lower(method);
	doc_key(d, method);
	doc_put(d, "{");
	doc_text(d, "operationId", r->label);
	doc_text(d, "summary", r->summary);
	doc_text(d, "description",
		 arena_printf(d->out->arena, "%s%s%s%s", guard_sentences[r->guard],
			      place_sentences[r->tenant.place],
			      r->tenant.word ? r->tenant.word : "", r->tenant.word ? "." : ""));
	if (r->tenant.word)
		doc_text(d, "x-tenant-permission", r->tenant.word);
	if (securities[r->guard]) {
		doc_key(d, "security");
		doc_put(d, securities[r->guard]);
		if (r->permission)
			strbuf_addf(d->out, "%s\"]}]", r->permission);
	}
	if (r->guard == GUARD_SCOPED)
		put_scoped(d, r);
	put_parameters(d, r);
	put_body(d, r);
	doc_responses(d, r);
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

bool openapi_write(const struct route *const *tables, const char *version,
		   struct strbuf *out, struct err *err_r)
{
	struct document d = { .tables = tables, .out = out };

	if (!reach_all(&d, err_r))
		return false;
	doc_put(&d, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Pierre\",\"version\":");
	strbuf_add_json(out, version);
	doc_put(&d, ",");
	doc_put(&d, about);
	doc_put(&d, ",\"license\":{\"name\":\"MIT\",\"identifier\":\"MIT\"}},"
		"\"servers\":[{\"url\":\"/\",\"description\":\"This server\"}],\"paths\":{");
	for (const struct route *const *t = tables; *t; t++)
		for (const struct route *r = *t; r->fn; r++)
			if (!r->internal)
				put_path(&d, r);
	doc_put(&d, "}");
	put_components(&d);
	doc_put(&d, "}");
	return true;
}
