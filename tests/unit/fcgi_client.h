/*
 * tests/unit/fcgi_client.h - the other end of the socketpair: FastCGI records
 * by hand, and reading what came back.
 */
#ifndef PIERRE_TESTS_FCGI_CLIENT_H
#define PIERRE_TESTS_FCGI_CLIENT_H

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "http/fcgi.h"
#include "tap.h"

#define UNUSED __attribute__((unused))

enum { BEGIN = 1, ABORT = 2, END = 3, PARAMS = 4, STDIN = 5, STDOUT = 6, GET_VALUES = 9 };
enum { PATIENCE_MS = 20000, SHORT_MS = 60 };
#define REPLY "Status: 200 OK\r\n\r\nhello"

static struct fcgi *fcgi;
static struct arena *arena;

/* --- making records --- */

UNUSED static void record(struct strbuf *b, int type, int id, const char *content, size_t n, int padding)
{
	const char head[8] = { 1, (char)type, (char)(id >> 8), (char)id, (char)(n >> 8), (char)n,
			       (char)padding, 0 };
	static const char zeros[256];
	strbuf_add(b, head, sizeof(head));
	strbuf_add(b, content, n);
	strbuf_add(b, zeros, (size_t)padding);
}

UNUSED static void begin(struct strbuf *b, int id, int role, int flags)
{
	const char body[8] = { 0, (char)role, (char)flags };
	record(b, BEGIN, id, body, sizeof(body), 0);
}

UNUSED static void add_length(struct strbuf *b, size_t n)
{
	const char four[4] = { (char)(0x80 | n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n };
	if (n < 0x80)
		strbuf_add(b, &four[3], 1);
	else
		strbuf_add(b, four, sizeof(four));
}

UNUSED static void pair(struct strbuf *b, const char *name, size_t name_len, const char *value, size_t n)
{
	add_length(b, name_len);
	add_length(b, n);
	strbuf_add(b, name, name_len);
	strbuf_add(b, value, n);
}

UNUSED static struct strbuf usual_pairs(const char *content_length)
{
	struct strbuf b = { .arena = arena };
	pair(&b, "REQUEST_METHOD", 14, "POST", 4);
	pair(&b, "REQUEST_URI", 11, "/x?y=1", 6);
	pair(&b, "SERVER_PROTOCOL", 15, "HTTP/1.1", 8);
	pair(&b, "CONTENT_LENGTH", 14, content_length, strlen(content_length));
	pair(&b, "REQUEST_ID", 10, "abc123", 6);
	pair(&b, "PIERRE_END", 10, "1", 1);
	return b;
}

/* BEGIN, PARAMS, end of PARAMS */
UNUSED static struct strbuf opening(const char *content_length, int flags)
{
	struct strbuf b = { .arena = arena }, p = usual_pairs(content_length);
	begin(&b, 1, 1, flags);
	record(&b, PARAMS, 1, p.s, p.len, 3);
	record(&b, PARAMS, 1, "", 0, 0);
	return b;
}

UNUSED static struct strbuf whole(const char *body, int flags)
{
	struct strbuf b = opening(arena_printf(arena, "%zu", strlen(body)), flags);
	if (*body)
		record(&b, STDIN, 1, body, strlen(body), 5);
	record(&b, STDIN, 1, "", 0, 0);
	return b;
}

/* --- the two ends --- */

static int client = -1;

UNUSED static int connection(void)
{
	int fds[2];
	if (client >= 0)
		close(client);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		abort();
	client = fds[0];
	return fds[1];
}

UNUSED static void put_all(int fd, const char *s, size_t n)
{
	while (n > 0) {
		ssize_t w = write(fd, s, n);
		if (w <= 0)
			_exit(1);
		s += w;
		n -= (size_t)w;
	}
}

/* The client's bytes, then its end of file unless it stays. */
UNUSED static bool take(const struct strbuf *b, bool stays, int64_t timeout, char ***params)
{
	int fd = connection();
	put_all(client, b->s, b->len);
	if (!stays)
		shutdown(client, SHUT_WR);
	return fcgi_begin(fcgi, fd, timeout, params);
}

UNUSED static bool set_up(struct request *r, char **params)
{
	struct err err;
	return request_init(r, arena, params, &err);
}

UNUSED static struct strbuf read_all(void)
{
	struct strbuf b = { .arena = arena };
	char chunk[4096];
	ssize_t n;
	while ((n = read(client, chunk, sizeof(chunk))) > 0)
		strbuf_add(&b, chunk, (size_t)n);
	strbuf_add(&b, "", 0);
	return b;
}

struct answer {
	struct strbuf out;    /* STDOUT */
	int ends;             /* END_REQUEST records */
	bool clean;           /* nothing but whole records of request 1 */
};

UNUSED static struct answer read_answer(void)
{
	struct answer a = { .out = { .arena = arena }, .clean = true };
	struct strbuf b = read_all();
	size_t at = 0;
	strbuf_add(&a.out, "", 0);
	while (b.len - at >= 8) {
		const unsigned char *h = (const unsigned char *)b.s + at;
		size_t len = (size_t)h[4] << 8 | h[5];
		if (h[0] != 1 || h[2] != 0 || h[3] != 1 || b.len - at < 8 + len + h[6])
			break;
		if (h[1] == STDOUT)
			strbuf_add(&a.out, b.s + at + 8, len);
		a.ends += h[1] == END;
		at += 8 + len + h[6];
	}
	a.clean = at == b.len;
	return a;
}

UNUSED static void is_one_answer(const char *want)
{
	struct answer a = read_answer();
	is_str(a.out.s, want, "  the reply arrives");
	ok(a.ends == 1 && a.clean, "  one END_REQUEST, then the connection closes");
}

UNUSED static bool start(void)
{
	struct err err;
	alarm(120);   /* a hang is a failure, too */
	arena = arena_new();
	return ok(fcgi_start(&fcgi, &err), "start");
}

UNUSED static int finished(void)
{
	fcgi_free(&fcgi);
	fcgi_free(&fcgi);
	ok(fcgi == NULL, "freed");
	close(client);
	arena_free(&arena);
	return tap_done();
}

#endif
