/*
 * tests/unit/fcgi_peek.c - http/fcgi_peek.h's look that never waits: a request
 * cut at each byte, more than one, and what comes after the last byte.
 */
#include "config.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/fcgi_peek.h"
#include "tap.h"

enum { BYTES = 4096 };

struct message {
	unsigned char s[BYTES];
	size_t n, params_end;
};

static struct fcgi_peek peek;

static void record(struct message *m, unsigned type, const char *content, size_t n, size_t padding)
{
	const unsigned char header[] = { 1, (unsigned char)type, 0, 1, (unsigned char)(n >> 8),
					 (unsigned char)n, (unsigned char)padding, 0 };

	memcpy(m->s + m->n, header, sizeof(header));
	memcpy(m->s + m->n + sizeof(header), content, n);
	memset(m->s + m->n + sizeof(header) + n, 0, padding);
	m->n += sizeof(header) + n + padding;
}

/* A whole request with this CONTENT_LENGTH and this body. */
static struct message request(const char *length, const char *body, bool keep)
{
	struct message m = { .n = 0 };
	const char begin[8] = { 0, 1, keep };
	char params[256];
	int n = snprintf(params, sizeof(params), "\x0e%cCONTENT_LENGTH%s", (char)strlen(length), length);

	record(&m, 1, begin, sizeof(begin), 0);
	record(&m, 4, params, (size_t)n, 3);
	record(&m, 4, "", 0, 0);
	m.params_end = m.n;
	if (*body)
		record(&m, 5, body, strlen(body), 0);
	record(&m, 5, "", 0, 0);
	return m;
}

static void add(struct message *m, const char *text)
{
	memcpy(m->s + m->n, text, strlen(text));
	m->n += strlen(text);
}

/* What the first n bytes look like. */
static enum peek_seen look(const struct message *m, size_t n, bool ended)
{
	enum peek_seen seen;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 ||
	    write(pair[1], m->s, n) != (ssize_t)n)
		exit(1);
	if (ended)
		shutdown(pair[1], SHUT_WR);
	seen = fcgi_peek_look(&peek, pair[0], ended);
	close(pair[0]);
	close(pair[1]);
	return seen;
}

static void test_cut(const struct message *m, const char *name)
{
	size_t more = 0, none = 0, half = 0;

	for (size_t n = 0; n < m->n; n++)
		more += look(m, n, false) == PEEK_MORE;
	for (size_t n = 0; n < m->params_end; n++)
		none += look(m, n, true) == PEEK_NONE;
	for (size_t n = m->params_end; n < m->n; n++)
		half += look(m, n, true) == PEEK_REQUEST && !peek.has_body;
	ok(more == m->n, "%s: cut anywhere, more is waited for", name);
	ok(none == m->params_end, "%s: ended in the parameters, it is none", name);
	ok(half == m->n - m->params_end, "%s: ended after them, it has no body", name);
	ok(look(m, m->n, false) == PEEK_REQUEST && peek.has_body && peek.n == peek.at,
	   "%s: whole, and all that is there", name);
}

static void test_more_than_one(void)
{
	struct message m = request("", "", true);
	size_t n = m.n;

	add(&m, "x");
	ok(look(&m, m.n, false) == PEEK_REQUEST && peek.at == n && peek.n == n + 1,
	   "one byte too many is seen");
	m = request("3", "abcd", true);
	ok(look(&m, m.n, false) == PEEK_REQUEST && !peek.has_body, "a body that is too long is none");
	m = request("70000", "abc", true);
	ok(look(&m, m.n, false) == PEEK_REQUEST && !peek.has_body, "nor is one over the bound");
	m = request("x", "abc", true);
	ok(look(&m, m.n, false) == PEEK_REQUEST && !peek.has_body, "nor one without a length");
	m = request("3", "", true);
	ok(look(&m, m.n, false) == PEEK_REQUEST && !peek.has_body, "nor one that ended early");
}

/* libfcgi passes over records of other requests. */
static void test_other_request(void)
{
	enum { ID = 3, HEADER = 8 };
	struct message m = request("5", "hello", true);

	m.s[m.params_end + ID] = 2;
	ok(look(&m, m.n, false) == PEEK_REQUEST && !peek.has_body, "the body of another request is none");
	m = request("5", "hello", true);
	m.s[m.n - HEADER + ID] = 2;
	ok(look(&m, m.n, true) == PEEK_REQUEST && !peek.has_body, "nor is one that ends with another's record");
	m = request("", "", true);
	m.s[m.params_end + ID] = 2;
	ok(look(&m, m.n, false) == PEEK_REQUEST && !peek.has_body, "nor an empty one of another");
}

static void test_flags(void)
{
	struct message m = request("", "", true);

	look(&m, m.n, false);
	ok(peek.keep, "the client's wish to keep the connection");
	m = request("", "", false);
	look(&m, m.n, false);
	ok(!peek.keep, "and not to");
	m.s[0] = 2;
	ok(look(&m, 8, false) == PEEK_NONE, "another version is known by its first record");
	ok(look(&m, 0, true) == PEEK_NONE, "a closed connection");
}

int main(void)
{
	struct message plain = request("", "", true), body = request("5", "hello", true);

	test_cut(&plain, "without a body");
	test_cut(&body, "with a body");
	test_more_than_one();
	test_other_request();
	test_flags();
	return tap_done();
}
