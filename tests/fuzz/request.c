/*
 * tests/fuzz/request.c - FastCGI parameters, each ended by a NUL: what is taken
 * has a path, what its query and its route hand out is text, and what is logged or
 * stored of it has no run with the shape of a secret.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "base/mask.h"
#include "fuzz.h"
#include "resource/call.h"

#define PARAMS 128

static void check_text(const char *s)
{
	assert(!s || utf8_valid(s, strlen(s)));
}

static void check_query(const struct request *r)
{
	struct user_query q;
	struct err err;

	if (!request_query(r, &user_query_schema, &q, &err))
		return;
	check_text(q.page.cursor);
	check_text(q.status);
}

static void check_route(const struct request *r)
{
	struct route_match match;

	route_find(route_tables, r, &match);
	for (size_t i = 0; match.route && i < ROUTE_PARAMS_MAX; i++) {
		check_text(match.params[i]);
		assert(!match.params[i] || strlen(match.params[i]) == UUID_TEXT - 1);
	}
}

/* In memory of just that size. */
static void check_masked(struct arena *arena, const char *s)
{
	char small[16];

	assert(!mask_finds(mask_text(arena, s)));
	mask_copy(small, sizeof(small), s);
	assert(!mask_finds(small) && strlen(small) < sizeof(small));
}

static void split(struct arena *arena, const uint8_t *data, size_t size, char **params)
{
	for (size_t at = 0, n = 0; at < size && n < PARAMS; n++) {
		size_t len = strnlen((const char *)data + at, size - at);

		params[n] = arena_strndup(arena, (const char *)data + at, len);
		at += len + 1;
	}
}

int FUZZ(request)(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	char *params[PARAMS + 1] = { NULL };
	struct request r;
	struct err err;

	split(arena, data, size, params);
	if (request_init(&r, arena, params, &err)) {
		assert(*r.path == '/' && !strchr(r.path, '?'));
		check_query(&r);
		check_route(&r);
	}
	check_text(r.request_id);
	check_text(r.user_agent);
	assert(!mask_finds(r.user_agent));
	check_masked(arena, r.path);
	check_masked(arena, r.method_text);
	arena_free(&arena);
	return 0;
}
