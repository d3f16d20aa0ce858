/*
 * tests/unit/fcgi_wiped.c - after each way a request can end, no byte of a secret
 * is left on the heap: the test reads its own. The secret itself is kept masked,
 * so that it is not what is found.
 */
#include "config.h"

#include <stdio.h>

#include "fcgi_client.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#else
#define SANITIZED __has_feature(address_sanitizer)
#endif

#define SECRET 16
#define MASK 0x5a
#define FAR 20000   /* libfcgi reads more than once */

static unsigned char masked[SECRET];

static void put_secret(char *at)
{
	for (size_t i = 0; i < SECRET; i++)
		at[i] = (char)(masked[i] ^ MASK);
}

/* n bytes in the arena, which is wiped: the secret at both ends. */
static char *text_with_secret(size_t n)
{
	char *s = memset(arena_alloc(arena, n + 1), 'x', n);

	put_secret(s);
	put_secret(s + n - SECRET);
	return s;
}

static bool is_secret(const unsigned char *p)
{
	size_t i = 0;

	while (i < SECRET && (p[i] ^ MASK) == masked[i])
		i++;
	return i == SECRET;
}

static int count_in(const unsigned char *from, const unsigned char *to)
{
	int n = 0;

	for (const unsigned char *p = from; to - p >= SECRET; p++)
		n += is_secret(p);
	return n;
}

/* In what malloc has: the heap and mappings without a file. */
static int found(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512], perms[5], path[256];
	unsigned long from, to;
	int n = 0;

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		path[0] = '\0';
		if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %255s", &from, &to, perms, path) >= 3 &&
		    strcmp(perms, "rw-p") == 0 && (!path[0] || strcmp(path, "[heap]") == 0))
			n += count_in((const unsigned char *)from, (const unsigned char *)to);
	}
	fclose(f);
	return n;
}

static void is_wiped(const char *what, size_t n)
{
	arena_reset(arena);
	is_int(found(), 0, arena_printf(arena, "%s of %zu bytes is wiped", what, n));
}

static bool take_with(const char *body, bool in_params)
{
	struct strbuf b = { .arena = arena }, p = usual_pairs(in_params ? "0" :
		arena_printf(arena, "%zu", strlen(body)));
	char **params;

	if (in_params)
		pair(&p, "HTTP_X_API_KEY", 14, body, strlen(body));
	begin(&b, 1, 1, 0);
	record(&b, PARAMS, 1, p.s, p.len, 0);
	record(&b, PARAMS, 1, "", 0, 0);
	if (!in_params)
		record(&b, STDIN, 1, body, strlen(body), 0);
	record(&b, STDIN, 1, "", 0, 0);
	return ok(take(&b, true, PATIENCE_MS, &params), "taken");
}

static void test_requests(size_t n)
{
	struct request r;
	struct err err;

	take_with(text_with_secret(n), true);
	fcgi_reply(fcgi, REPLY, sizeof(REPLY) - 1);
	is_wiped("a parameter", n);
	take_with(text_with_secret(n), true);
	fcgi_drop(fcgi);
	is_wiped("a parameter of a dropped request", n);
	take_with(text_with_secret(n), false);
	r = (struct request){ .arena = arena, .content_length = n };
	ok(fcgi_body(fcgi, &r, n, &err), "read: %s", err.message);
	fcgi_reply(fcgi, REPLY, sizeof(REPLY) - 1);
	is_wiped("a body", n);
	take_with(text_with_secret(n), false);
	fcgi_reply(fcgi, REPLY, sizeof(REPLY) - 1);
	is_wiped("a body that was not read", n);
	take_with(text_with_secret(n), true);
	fcgi_park(fcgi, fcgi);
	is_wiped("a parameter of a request that waits", n);
	fcgi_drop(fcgi);
}

static void test_replies(size_t n)
{
	take_with("x", false);
	fcgi_reply(fcgi, text_with_secret(n), n);
	is_wiped("a reply", n);
}

/* The rest may come later, or never; others use the same buffer meanwhile. */
static void test_half(size_t n)
{
	struct strbuf b = { .arena = arena }, p = usual_pairs("0");
	char **params;

	pair(&p, "HTTP_X_API_KEY", 14, text_with_secret(n), n);
	begin(&b, 1, 1, 1);
	record(&b, PARAMS, 1, p.s, p.len, 0);
	fcgi_adopt(fcgi, connection());
	put_all(client, b.s, b.len);
	ok(fcgi_look(fcgi, false, &params) == FCGI_HALF, "half of a request");
	is_wiped("it", n);
	fcgi_drop(fcgi);
}

int main(void)
{
	static const size_t sizes[] = { 100, 8100, FAR };
	const char *preload = getenv("LD_PRELOAD");

	if (SANITIZED || (preload && strstr(preload, "vgpreload")))
		return tap_skip_all("sanitizers and valgrind have a heap of their own");
	for (size_t i = 0; i < SECRET; i++)
		masked[i] = (unsigned char)(('A' + 3 * i) ^ MASK);
	if (!start())
		return finished();
	text_with_secret(FAR);
	is_int(found(), 2, "a search finds what is there");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		test_requests(sizes[i]);
		test_replies(sizes[i]);
		test_half(sizes[i]);
	}
	return finished();
}
