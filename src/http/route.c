/*
 * http/route.c - from path and method to a row.
 *
 * Matches the path decoded once, as nginx does for its locations: a login that is
 * spelled with escapes goes by the limits of a login. Anything that another program
 * could read as a different path (encoded slashes, dot segments) matches nothing.
 */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include "http/percent.h"
#include "http/route.h"

struct path {
	const char *segments[ROUTE_SEGMENTS_MAX];   /* decoded */
	size_t n;
};

static bool good_segment(const char *text)
{
	return *text && !str_eq(text, ".") && !str_eq(text, "..") && !strpbrk(text, "/\\");
}

static bool take_segment(struct arena *arena, const char *s, size_t n, const char **out)
{
	char *text = arena_alloc(arena, n + 1);

	*out = text;
	return percent_decode(s, n, false, text) && good_segment(text);
}

/* "/" has no segments. */
static bool split_path(struct arena *arena, const char *path, struct path *out)
{
	out->n = 0;
	if (str_eq(path, "/"))
		return true;
	while (*path) {
		if (*path != '/' || out->n == ROUTE_SEGMENTS_MAX)
			return false;
		size_t n = strcspn(++path, "/");
		if (!take_segment(arena, path, n, &out->segments[out->n++]))
			return false;
		path += n;
	}
	return out->n > 0;
}

/* A UUID is lower-cased. NULL: not a value for this parameter. */
static const char *param_value(struct arena *arena, const char *name, size_t n,
			       const char *segment)
{
	char uuid[UUID_TEXT];

	if (!route_param_is_uuid(name + 1, n - 2))
		return segment;
	return uuid_parse(segment, uuid) ? arena_strdup(arena, uuid) : NULL;
}

/* Rank of the match, 0 = none; among patterns for one path a literal segment
 * ranks above a parameter, the first one most. */
static unsigned match_pattern(struct arena *arena, const char *pattern, const struct path *path,
			      const char *params[ROUTE_PARAMS_MAX])
{
	unsigned rank = 1;
	size_t n_params = 0, i = 0;

	memset(params, 0, ROUTE_PARAMS_MAX * sizeof(*params));
	for (pattern++; *pattern; i++) {
		size_t n = strcspn(pattern, "/");
		bool literal = *pattern != '{';
		if (i == path->n)
			return 0;
		const char *s = path->segments[i];
		if (literal && (strncmp(pattern, s, n) != 0 || s[n] != '\0'))
			return 0;
		if (!literal) {
			if (n_params == ROUTE_PARAMS_MAX)
				return 0;   /* route_is_whole() tells */
			params[n_params] = param_value(arena, pattern, n, s);
			if (!params[n_params++])
				return 0;
		}
		rank = rank << 1 | literal;
		pattern += n + (pattern[n] == '/');
	}
	return i == path->n ? rank : 0;
}

static const char *allow_text(struct arena *arena, unsigned methods)
{
	struct strbuf b = { .arena = arena };

	for (unsigned m = 0; m < HTTP_METHOD__COUNT; m++) {
		if (!(methods & 1U << m))
			continue;
		strbuf_adds(&b, b.len ? ", " : "");
		strbuf_adds(&b, http_method_names[m]);
	}
	return b.s;
}

struct search {
	const struct request *req;
	struct path path;
	unsigned rank;         /* of the best pattern so far */
	unsigned methods;      /* bits: what rows of that rank take */
	struct route_match *out;
};

static enum http_method asked_method(const struct request *req)
{
	return req->method == HTTP_HEAD ? HTTP_GET : req->method;
}

static void try_row(struct search *s, const struct route *row)
{
	const char *params[ROUTE_PARAMS_MAX];
	unsigned rank;

	/* most rows, without a closer look */
	if (row->pattern[1] != '{' && row->pattern[1] != s->req->path[1] && s->req->path[1] != '%')
		return;
	if (row->internal && !request_param(s->req, ROUTE_INTERNAL))
		return;
	rank = match_pattern(s->req->arena, row->pattern, &s->path, params);
	if (rank == 0 || rank < s->rank)
		return;
	if (rank > s->rank) {
		s->rank = rank;
		s->methods = 1U << HTTP_OPTIONS;
		s->out->route = NULL;
	}
	s->methods |= 1U << row->method;
	if (row->method == HTTP_GET)
		s->methods |= 1U << HTTP_HEAD;
	if (row->method != asked_method(s->req) || s->out->route)
		return;
	s->out->route = row;
	memcpy(s->out->params, params, sizeof(params));
}

/* A pattern that is the path ranks above all others: most requests of the fast
 * pool end here. */
static const struct route *literal(const struct route *const *tables, const struct request *req)
{
	if (req->path[0] != '/' || strchr(req->path, '{'))
		return NULL;
	for (; *tables; tables++)
		for (const struct route *row = *tables; row->fn; row++)
			if (row->pattern[1] == req->path[1] && row->method == asked_method(req) &&
			    str_eq(row->pattern, req->path))
				return row;
	return NULL;
}

void route_find(const struct route *const *tables, const struct request *req,
		struct route_match *out)
{
	struct search s = { .req = req, .out = out };

	*out = (struct route_match){ .route = literal(tables, req) };
	if (out->route || !split_path(req->arena, req->path, &s.path))
		return;
	for (; *tables; tables++)
		for (const struct route *row = *tables; row->fn; row++)
			try_row(&s, row);
	if (s.rank && !out->route)
		out->allow = allow_text(req->arena, s.methods);
}

static bool can_match(const char *pattern)
{
	size_t segments = 0, params = 0;

	for (; *pattern; pattern++) {
		segments += *pattern == '/';
		params += *pattern == '{';
	}
	return segments <= ROUTE_SEGMENTS_MAX && params <= ROUTE_PARAMS_MAX;
}

bool route_param_is_uuid(const char *name, size_t n)
{
	return (n == 2 || (n > 3 && name[n - 3] == '_')) && strncmp(name + n - 2, "id", 2) == 0;
}

const char *const route_scopes[] = {
	"profile:read", "profile:write", "configuration:read", "configuration:write",
	"goals:read", "goals:write", "insights:read", "insights:write", "sync:read", "sync:write",
	"notifications:read", "notifications:write", "tasks:read", "tasks:write",
	"usage:read", "tokens:read", "tokens:use", NULL,
};

static bool has_scope(const struct route *r)
{
	if (r->guard != GUARD_SCOPED)
		return !r->scope;
	for (const char *const *scope = route_scopes; *scope; scope++)
		if (str_eq(r->scope, *scope))
			return true;
	return false;
}

bool route_changes(const struct route *r)
{
	return r->method == HTTP_PUT || r->method == HTTP_PATCH || r->method == HTTP_DELETE;
}

bool route_is_whole(const struct route *r)
{
	return r->method != HTTP_UNSET && r->pattern && r->label && r->fn &&
	       r->pool != POOL_UNSET && r->guard != GUARD_UNSET &&
	       (r->guard == GUARD_ADMIN) == (r->permission != NULL) && r->status && r->summary &&
	       (r->tenant.place == PLACE_ANY) == (r->tenant.may == 0) &&
	       (r->tenant.place != PLACE_NAMED || strstr(r->pattern, "{id}")) &&
	       (!r->idempotent || (r->method == HTTP_POST && r->guard != GUARD_PUBLIC)) &&
	       (!r->if_match || route_changes(r)) &&
	       (!r->internal || strchr(r->pattern, '{')) &&
	       has_scope(r) && can_match(r->pattern);
}

size_t route_number(const struct route *const *tables, const struct route *r)
{
	size_t n = 0;
	for (; *tables; tables++)
		for (const struct route *row = *tables; row->fn; row++, n++)
			if (row == r)
				return n;
	return SIZE_MAX;
}

const char *const *route_labels(const struct route *const *tables, struct arena *arena)
{
	const char **labels;
	size_t n = 0;

	for (const struct route *const *t = tables; *t; t++)
		for (const struct route *r = *t; r->fn; r++)
			n++;
	labels = arena_alloc(arena, (n + 1) * sizeof(*labels));
	n = 0;
	for (; *tables; tables++)
		for (const struct route *r = *tables; r->fn; r++)
			labels[n++] = r->label;
	labels[n] = NULL;
	return labels;
}
