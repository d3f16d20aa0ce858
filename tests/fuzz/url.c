/*
 * tests/fuzz/url.c - a DATABASE_URL: neither what is shown of it nor what is said
 * of a wrong one holds its password.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "base/str.h"
#include "db/admin.h"
#include "fuzz.h"

#define SECRET "s3CR3T"

static void hides(struct arena *arena, const char *url)
{
	enum db_backend backend;
	struct err err;

	assert(!strstr(url_mask(arena, url), SECRET));
	assert(db_url_backend(url, &backend, &err) || !strstr(err.message, SECRET));
}

static void hides_each(struct arena *arena, const char *text)
{
	int n = (int)strcspn(text, "\n");
	const char *tail = text + n + (text[n] == '\n');

	hides(arena, arena_printf(arena, "postgresql://%.*s:" SECRET "%s@host/db", n, text, tail));
	hides(arena, arena_printf(arena, "postgresql://%.*s:%s" SECRET "@host/db", n, text, tail));
	if (!strpbrk(tail, "& "))
		hides(arena, arena_printf(arena, "postgresql://%.*s?password=%s" SECRET, n, text, tail));
}

int FUZZ(url)(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const char *text = arena_strndup(arena, (const char *)data, size);
	enum db_backend backend;

	url_mask(arena, text);
	db_url_backend(text, &backend, NULL);
	/* the search learns the secret; in another place it is none */
	if (!strstr(text, SECRET))
		hides_each(arena, text);
	arena_free(&arena);
	return 0;
}
