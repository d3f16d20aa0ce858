/*
 * http/problem.c - errors as problem+json. With type about:blank the title is
 * the status phrase (RFC 9457 section 4.2.1); `code` is what programs test.
 */
#include "config.h"

#include <inttypes.h>

#include "base/str.h"
#include "http/problem.h"

static const struct problem_kind kinds[ERR__COUNT] = {
	[ERR_NONE]          = { ERR_NONE,          500, "InternalError",         "Internal Server Error" },
	[ERR_MALFORMED]     = { ERR_MALFORMED,     400, "InvalidFormat",         "Bad Request" },
	[ERR_INVALID]       = { ERR_INVALID,       422, "InvalidInput",          "Unprocessable Content" },
	[ERR_REQUIRED]      = { ERR_REQUIRED,      422, "MissingRequiredField",  "Unprocessable Content" },
	[ERR_RANGE]         = { ERR_RANGE,         422, "ValueOutOfRange",       "Unprocessable Content" },
	[ERR_AUTH_REQUIRED] = { ERR_AUTH_REQUIRED, 401, "AuthRequired",          "Unauthorized" },
	[ERR_AUTH_INVALID]  = { ERR_AUTH_INVALID,  401, "AuthInvalid",           "Unauthorized" },
	[ERR_AUTH_EXPIRED]  = { ERR_AUTH_EXPIRED,  401, "AuthExpired",           "Unauthorized" },
	[ERR_FORBIDDEN]     = { ERR_FORBIDDEN,     403, "PermissionDenied",      "Forbidden" },
	[ERR_NOT_FOUND]     = { ERR_NOT_FOUND,     404, "ResourceNotFound",      "Not Found" },
	[ERR_METHOD]        = { ERR_METHOD,        405, "MethodNotAllowed",      "Method Not Allowed" },
	[ERR_CONFLICT]      = { ERR_CONFLICT,      409, "ResourceAlreadyExists", "Conflict" },
	[ERR_PRECONDITION]  = { ERR_PRECONDITION,  412, "PreconditionFailed",    "Precondition Failed" },
	[ERR_TOO_LARGE]     = { ERR_TOO_LARGE,     413, "PayloadTooLarge",       "Content Too Large" },
	[ERR_MEDIA_TYPE]    = { ERR_MEDIA_TYPE,    415, "UnsupportedMediaType",  "Unsupported Media Type" },
	[ERR_RATE]          = { ERR_RATE,          429, "RateLimitExceeded",     "Too Many Requests" },
	[ERR_UNAVAILABLE]   = { ERR_UNAVAILABLE,   503, "ResourceUnavailable",   "Service Unavailable" },
	[ERR_UNCERTAIN]     = { ERR_UNCERTAIN,     503, "ResourceUnavailable",   "Service Unavailable" },
	[ERR_DATABASE]      = { ERR_DATABASE,      500, "DatabaseError",         "Internal Server Error" },
	[ERR_CONFIG]        = { ERR_CONFIG,        500, "ConfigInvalid",         "Internal Server Error" },
	[ERR_INTERNAL]      = { ERR_INTERNAL,      500, "InternalError",         "Internal Server Error" },
};

const struct problem_kind *problem_kind_of(enum err_kind kind)
{
	return &kinds[kind > ERR_NONE && kind < ERR__COUNT ? kind : ERR_INTERNAL];
}

/* Sentences of 500s, and of 503s without a reason, are for the operator: they name files,
 * servers and statements. */
static const char *detail_of(const struct err *err)
{
	if (problem_kind_of(err->kind)->status == 500)
		return "Something went wrong on our side. The log says what.";
	if (err->kind == ERR_UNCERTAIN)
		return "The database did not say whether this was done; look before you repeat it.";
	if (err->kind == ERR_UNAVAILABLE && !err->reason[0])
		return "The database cannot answer now; try again later. The log says why.";
	return err->message;
}

static void add_text(struct strbuf *b, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	strbuf_addf(b, ",\"%s\":", name);
	strbuf_add_json(b, value);
}

/* A challenge names an error only when a token was presented (RFC 6750 3.1);
 * a wrong password ("credentials") is none. */
static void add_challenge(struct response *res, const struct err *err)
{
	bool token = err->kind == ERR_AUTH_EXPIRED ||
		     (err->kind == ERR_AUTH_INVALID && err->reason[0] &&
		      !str_eq(err->reason, "credentials"));
	response_header(res, "WWW-Authenticate",
			token ? "Bearer realm=\"pierre\", error=\"invalid_token\"" :
				"Bearer realm=\"pierre\"");
}

static void add_more(struct strbuf *b, const struct problem_member *m)
{
	for (; m && m->name; m++)
		if (m->list) {
			strbuf_addf(b, ",\"%s\":[", m->name);
			strbuf_add_json(b, m->text);
			strbuf_adds(b, "]");
		} else if (m->text) {
			add_text(b, m->name, m->text);
		} else {
			strbuf_addf(b, ",\"%s\":%" PRId64, m->name, m->number);
		}
}

void problem_reply_with(struct response *res, const char *request_id, const struct err *err,
			const struct problem_type *type, const struct problem_member *more)
{
	const struct problem_kind *kind = problem_kind_of(err->kind);
	struct strbuf b = { .arena = res->arena };
	strbuf_addf(&b, "{\"type\":\"%s\",\"title\":\"%s\",\"status\":%d,\"detail\":",
		    type ? type->uri : "about:blank", type ? type->title : kind->title,
		    kind->status);
	strbuf_add_json(&b, detail_of(err));
	add_text(&b, "code", kind->code);
	add_text(&b, "reason", err->reason);
	add_text(&b, "field", err->field);
	if (err->retry_after > 0)
		strbuf_addf(&b, ",\"retry_after\":%d", err->retry_after);
	add_more(&b, more);
	add_text(&b, "request_id", request_id);
	strbuf_adds(&b, "}");
	res->status = kind->status;
	if (kind->status >= 500 && !res->cause)
		res->cause = arena_strdup(res->arena, err->message);
	res->is_public = false;
	response_body(res, "application/problem+json", b.s, b.len);
	if (kind->status == 401)
		add_challenge(res, err);
	if (err->retry_after > 0)
		response_number(res, "Retry-After", err->retry_after);
}

void problem_reply(struct response *res, const char *request_id, const struct err *err)
{
	problem_reply_with(res, request_id, err, NULL, NULL);
}
