/*
 * http/openapi_answer.c - what a route can answer: statuses, the codes of their
 * problems, headers. It follows from the row: its guard, what goes in, what its
 * rules refuse, and what nginx says before Pierre is asked.
 */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "http/openapi_private.h"
#include "http/problem.h"

/* --- which problems --------------------------------------------------------------- */

/* Every status of a problem; `nginx`: what $pierre_code of nginx/pierre-http.conf.in
 * says, on any route (NULL: nginx does not give it); `late`: also what a handler says, when
 * the request is charged. */
static const struct { int status; const char *title, *nginx; bool late; } statuses[] = {
	{ 400, "Bad Request", "InvalidInput", false },
	{ 401, "Unauthorized", NULL, false },
	{ 403, "Forbidden", NULL, false },
	{ 404, "Not Found", NULL, true },
	{ 409, "Conflict", NULL, true },
	{ 412, "Precondition Failed", NULL, true },
	{ 413, "Content Too Large", "PayloadTooLarge", false },
	{ 414, "URI Too Long", "PayloadTooLarge", false },
	{ 415, "Unsupported Media Type", NULL, false },
	{ 422, "Unprocessable Content", NULL, true },
	{ 429, "Too Many Requests", "RateLimitExceeded", false },
	{ 431, "Request Header Fields Too Large", "PayloadTooLarge", false },
	{ 500, "Internal Server Error", "InternalError", true },
	{ 501, "Not Implemented", "InvalidInput", false },
	{ 502, "Bad Gateway", "ResourceUnavailable", false },
	{ 503, "Service Unavailable", "ResourceUnavailable", true },
	{ 504, "Gateway Timeout", "ResourceUnavailable", false },
};
#define N_STATUSES (sizeof(statuses) / sizeof(statuses[0]))

#define ANY_PROBLEMS (ERR_BIT(ERR_MALFORMED) | ERR_BIT(ERR_INVALID) | ERR_BIT(ERR_TOO_LARGE) | \
		      ERR_BIT(ERR_UNAVAILABLE) | ERR_BIT(ERR_DATABASE) | ERR_BIT(ERR_CONFIG) | \
		      ERR_BIT(ERR_INTERNAL))
#define BODY_PROBLEMS (ERR_BIT(ERR_REQUIRED) | ERR_BIT(ERR_RANGE) | ERR_BIT(ERR_MEDIA_TYPE))
#define CALLER_PROBLEMS (ERR_BIT(ERR_AUTH_REQUIRED) | ERR_BIT(ERR_AUTH_INVALID) | \
			 ERR_BIT(ERR_AUTH_EXPIRED) | ERR_BIT(ERR_FORBIDDEN))

static bool is_charged(const struct route *r)
{
	return r->guard == GUARD_CREDENTIAL || r->guard == GUARD_SCOPED;
}

static unsigned problems_of(const struct route *r)
{
	return ANY_PROBLEMS | r->problems | (r->in ? BODY_PROBLEMS : 0) |
	       (r->query ? ERR_BIT(ERR_RANGE) : 0) |
	       (r->idempotent ? ERR_BIT(ERR_CONFLICT) : 0) |
	       (route_changes(r) ? ERR_BIT(ERR_PRECONDITION) : 0) |
	       (r->guard != GUARD_PUBLIC ? CALLER_PROBLEMS : 0) |
	       (is_charged(r) ? ERR_BIT(ERR_RATE) : 0) |
	       (strchr(r->pattern, '{') ? ERR_BIT(ERR_NOT_FOUND) : 0);
}

/* The kinds that have this status. */
static unsigned kinds_of(unsigned kinds, int status)
{
	for (unsigned k = 0; k < ERR__COUNT; k++)
		if (problem_kind_of((enum err_kind)k)->status != status)
			kinds &= ~ERR_BIT(k);
	return kinds;
}

static bool is_new(const struct answer *a, const char *code)
{
	for (size_t i = 0; i < a->n_codes; i++)
		if (str_eq(a->codes[i], code))
			return false;
	return true;
}

static void add_code(struct answer *a, const char *code)
{
	if (code && is_new(a, code))
		a->codes[a->n_codes++] = code;
}

/* What the route answers with statuses[i]; without codes: nothing. */
static struct answer problem_answer(const struct route *r, size_t i)
{
	unsigned kinds = kinds_of(problems_of(r), statuses[i].status);
	struct answer a = { .status = statuses[i].status, .title = statuses[i].title,
			    .charged = is_charged(r),
			    .late = r->guard == GUARD_SCOPED && statuses[i].late,
			    .verified = r->guard == GUARD_CREDENTIAL, .page = r->page };

	for (unsigned k = 1; k < ERR__COUNT; k++)
		if (kinds & ERR_BIT(k))
			add_code(&a, problem_kind_of((enum err_kind)k)->code);
	add_code(&a, statuses[i].nginx);
	return a;
}

/* --- headers ---------------------------------------------------------------------- */

static bool always(const struct answer *a) { (void)a; return true; }
static bool challenges(const struct answer *a) { return a->status == 401; }
static bool is_media(const struct answer *a) { return a->status == 415; }
static bool may_wait(const struct answer *a) { return a->status == 429 || a->status >= 502; }
static bool is_replayed(const struct answer *a) { return a->replayed; }
static bool is_page(const struct answer *a) { return a->page; }
static bool sends_on(const struct answer *a) { return a->status == 303; }
static bool is_tagged(const struct answer *a) { return a->etag; }
static bool is_verified(const struct answer *a) { return a->verified && a->status == 200; }
static bool counts(const struct answer *a)
{
	return a->charged && (a->status < 300 || a->status == 429 || a->late);
}

static const struct {
	const char *name, *type;
	bool (*has)(const struct answer *a);
	const char *sentence;
} headers[] = {
	{ "X-Request-Id", "string", always, "Names the request in the log." },
	{ "Cache-Control", "string", always, "no-store, but for this document." },
	{ "WWW-Authenticate", "string", challenges, "What to send instead (RFC 6750, section 3)." },
	{ "Accept-Encoding", "string", is_media, "Of a body with a Content-Encoding: identity (RFC 9110, section 15.5.16)." },
	{ "Retry-After", "integer", may_wait, "Seconds after which another try makes sense." },
	{ "Location", "string", sends_on, "Where the browser goes on." },
	{ "Set-Cookie", "string", is_page, "Of this attempt: the browser shows it again on its way." },
	{ "ETag", "string", is_tagged, "For If-None-Match and If-Match." },
	{ "Idempotency-Replayed", "string", is_replayed, "true: it is the reply to an earlier request." },
	{ "RateLimit-Policy", "string", counts, "Every limit that applies: its quota and window." },
	{ "RateLimit", "string", counts, "What is left of each, and seconds until it begins anew." },
	{ "X-RateLimit-Limit", "integer", counts, "Requests in the window of the tightest limit." },
	{ "X-RateLimit-Remaining", "integer", counts, "Requests left in it." },
	{ "X-RateLimit-Reset", "integer", counts, "Unix time at which its next window begins." },
	{ "X-RateLimit-Tier", "string", counts, "Tier that it stands for." },
	{ "X-Pierre-Auth", "string", is_verified, "Kind of the credential, as in the body." },
	{ "X-Pierre-Key-Id", "string", is_verified, "Id of the API key." },
	{ "X-Pierre-User-Id", "string", is_verified, "Its owner." },
	{ "X-Pierre-Tenant-Id", "string", is_verified, "The tenant in which it works." },
	{ "X-Pierre-Tier", "string", is_verified, "Tier of the key, or of the session's user." },
	{ "X-Pierre-Scopes", "string", is_verified, "Scopes of the key, blanks between." },
};

static void put_headers(struct document *d, const struct answer *a)
{
	doc_key(d, "headers");
	doc_put(d, "{");
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		if (!headers[i].has(a))
			continue;
		doc_key(d, headers[i].name);
		doc_ref(d, "headers", headers[i].name);
	}
	doc_put(d, "}");
}

void doc_headers(struct document *d)
{
	doc_key(d, "headers");
	doc_put(d, "{");
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		doc_key(d, headers[i].name);
		doc_put(d, "{");
		doc_text(d, "description", headers[i].sentence);
		doc_key(d, "schema");
		strbuf_addf(d->out, "{\"type\":\"%s\"}}", headers[i].type);
	}
	doc_put(d, "}");
}

/* --- problems: one component for all routes that answer alike ------------------------ */

/* "401.AuthRequired.AuthInvalid" */
static const char *name_of(const struct document *d, const struct answer *a)
{
	struct strbuf b = { .arena = d->out->arena };

	strbuf_addi(&b, a->status);
	for (size_t i = 0; i < a->n_codes; i++)
		strbuf_addf(&b, ".%s", a->codes[i]);
	strbuf_adds(&b, counts(a) ? ".Limits" : a->page ? ".Page" : "");
	return b.s;
}

/* behind another type */
#define PAGE_CONTENT ",\"text/html\":{\"schema\":{\"type\":\"string\"}}"

static void put_problem(struct document *d, const struct answer *a)
{
	doc_put(d, "{");
	doc_text(d, "description", a->title);
	put_headers(d, a);
	doc_put(d, ",\"content\":{\"application/problem+json\":{\"schema\":{\"allOf\":[");
	doc_ref(d, "schemas", "Problem");
	strbuf_addf(d->out, ",{\"type\":\"object\",\"properties\":{\"status\":{\"const\":%d},"
		    "\"code\":{\"enum\":[", a->status);
	for (size_t i = 0; i < a->n_codes; i++) {
		doc_comma(d);
		strbuf_add_json(d->out, a->codes[i]);
	}
	doc_put(d, "]}}}]}}");
	if (a->page)
		doc_put(d, PAGE_CONTENT);
	doc_put(d, "}}");
}

/* Names of the problems that were put. */
struct put_name {
	const char *name;
	struct put_name *next;
};

/* Each once, in the order in which routes first have them. */
static void put_new_problems(struct document *d, const struct route *r, struct put_name **names)
{
	for (size_t i = 0; i < N_STATUSES; i++) {
		struct answer a = problem_answer(r, i);
		struct put_name *put = *names;
		const char *name = name_of(d, &a);

		while (put && !str_eq(put->name, name))
			put = put->next;
		if (!a.n_codes || put)
			continue;
		put = arena_new_struct(d->out->arena, struct put_name);
		*put = (struct put_name){ name, *names };
		*names = put;
		doc_key(d, name);
		put_problem(d, &a);
	}
}

void doc_problems(struct document *d)
{
	struct put_name *names = NULL;

	doc_key(d, "responses");
	doc_put(d, "{");
	for (const struct route *const *t = d->tables; *t; t++)
		for (const struct route *r = *t; r->fn; r++)
			put_new_problems(d, r, &names);
	doc_put(d, "}");
}

/* --- the answers of one route ------------------------------------------------------- */

static void put_success(struct document *d, const struct route *r)
{
	const struct answer a = { .status = r->status ? r->status : 200, .etag = r->etag != ETAG_NONE,
				  .replayed = r->idempotent, .charged = is_charged(r),
				  .verified = r->guard == GUARD_CREDENTIAL, .page = r->page };

	strbuf_addf(d->out, "\"%d\":{\"description\":", a.status);
	strbuf_add_json(d->out, r->summary ? r->summary : "Done.");
	put_headers(d, &a);
	if (r->out) {
		doc_put(d, ",\"content\":{\"application/json\":{\"schema\":");
		doc_ref(d, "schemas", r->out->name);
		doc_put(d, "}}");
	} else if (r->page && a.status == 200) {
		doc_put(d, ",\"content\":{");
		doc_put(d, &PAGE_CONTENT[1]);
		doc_put(d, "}");
	}
	doc_put(d, "}");
	if (!a.etag || r->method != HTTP_GET)
		return;
	doc_put(d, ",\"304\":{\"description\":\"It is still what If-None-Match names.\"");
	put_headers(d, &a);
	doc_put(d, "}");
}

void doc_responses(struct document *d, const struct route *r)
{
	doc_key(d, "responses");
	doc_put(d, "{");
	put_success(d, r);
	for (size_t i = 0; i < N_STATUSES; i++) {
		struct answer a = problem_answer(r, i);

		if (!a.n_codes)
			continue;
		doc_comma(d);
		strbuf_addf(d->out, "\"%d\":", a.status);
		doc_ref(d, "responses", name_of(d, &a));
	}
	doc_put(d, "}");
}
