/*
 * tests/unit/fcgi.c - hand-made FastCGI records over a socketpair: what a
 * worker must survive (reliability.md c1, P10, P11).
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "http/fcgi.h"
#include "tap.h"

enum { BEGIN = 1, ABORT = 2, END = 3, PARAMS = 4, STDIN = 5, STDOUT = 6, GET_VALUES = 9 };
enum { PATIENCE_MS = 20000, SHORT_MS = 60 };
#define REPLY "Status: 200 OK\r\n\r\nhello"

static struct fcgi *fcgi;
static struct arena *arena;

/* --- making records --- */

static void record(struct strbuf *b, int type, int id, const char *content, size_t n, int padding)
{
	const char head[8] = { 1, (char)type, (char)(id >> 8), (char)id, (char)(n >> 8), (char)n,
			       (char)padding, 0 };
	static const char zeros[256];
	strbuf_add(b, head, sizeof(head));
	strbuf_add(b, content, n);
	strbuf_add(b, zeros, (size_t)padding);
}

static void begin(struct strbuf *b, int id, int role, int flags)
{
	const char body[8] = { 0, (char)role, (char)flags };
	record(b, BEGIN, id, body, sizeof(body), 0);
}

static void add_length(struct strbuf *b, size_t n)
{
	const char four[4] = { (char)(0x80 | n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n };
	if (n < 0x80)
		strbuf_add(b, &four[3], 1);
	else
		strbuf_add(b, four, sizeof(four));
}

static void pair(struct strbuf *b, const char *name, size_t name_len, const char *value, size_t n)
{
	add_length(b, name_len);
	add_length(b, n);
	strbuf_add(b, name, name_len);
	strbuf_add(b, value, n);
}

static struct strbuf usual_pairs(const char *content_length)
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
static struct strbuf opening(const char *content_length, int flags)
{
	struct strbuf b = { .arena = arena }, p = usual_pairs(content_length);
	begin(&b, 1, 1, flags);
	record(&b, PARAMS, 1, p.s, p.len, 3);
	record(&b, PARAMS, 1, "", 0, 0);
	return b;
}

static struct strbuf whole(const char *body, int flags)
{
	struct strbuf b = opening(arena_printf(arena, "%zu", strlen(body)), flags);
	if (*body)
		record(&b, STDIN, 1, body, strlen(body), 5);
	record(&b, STDIN, 1, "", 0, 0);
	return b;
}

/* --- the two ends --- */

static int client = -1;

static int connection(void)
{
	int fds[2];
	if (client >= 0)
		close(client);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		abort();
	client = fds[0];
	return fds[1];
}

static void put_all(int fd, const char *s, size_t n)
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
static bool take(const struct strbuf *b, bool stays, int64_t timeout, char ***params)
{
	int fd = connection();
	put_all(client, b->s, b->len);
	if (!stays)
		shutdown(client, SHUT_WR);
	return fcgi_begin(fcgi, fd, timeout, params);
}

static bool set_up(struct request *r, char **params)
{
	struct err err;
	return request_init(r, arena, params, &err);
}

static struct strbuf read_all(void)
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

static struct answer read_answer(void)
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

static void is_one_answer(const char *want)
{
	struct answer a = read_answer();
	is_str(a.out.s, want, "  the reply arrives");
	ok(a.ends == 1 && a.clean, "  one END_REQUEST, then the connection closes");
}

/* --- good requests --- */

static void test_good(void)
{
	char **params;
	struct request r;
	struct err err;
	struct strbuf b = whole("{\"a\":1}", 0);
	if (!ok(take(&b, true, PATIENCE_MS, &params), "a request with a body"))
		return;
	ok(set_up(&r, params), "  its parameters are good");
	is_str(r.path, "/x", "  path");
	ok(fcgi_body(fcgi, &r, 7, &err), "  its body fits exactly");
	is_str(r.body, "{\"a\":1}", "  body");
	is_int((int64_t)r.body_len, 7, "  its length");
	ok(fcgi_reply(fcgi, REPLY, sizeof(REPLY) - 1), "  reply");
	is_one_answer(REPLY);
	ok(!fcgi_reply(fcgi, REPLY, 1), "  a second reply goes nowhere");

	b = whole("", 0);
	ok(take(&b, true, PATIENCE_MS, &params) && set_up(&r, params), "a request without a body");
	ok(fcgi_body(fcgi, &r, 0, &err) && r.body_len == 0, "  reads as empty");
	ok(fcgi_reply(fcgi, REPLY, sizeof(REPLY) - 1), "  reply");
	is_one_answer(REPLY);

	b = whole("12345678", 0);
	ok(take(&b, true, PATIENCE_MS, &params) && set_up(&r, params), "a body over the limit");
	ok(!fcgi_body(fcgi, &r, 7, &err) && err.kind == ERR_TOO_LARGE, "  is too large");
	ok(fcgi_reply(fcgi, REPLY, sizeof(REPLY) - 1), "  reply without reading it");
	is_one_answer(REPLY);
}

static void test_big_reply(void)
{
	size_t n = 3 << 20;
	char *text = malloc(n), **params;
	struct strbuf b = whole("", 0);
	pid_t pid;
	int status = -1;
	memset(text, 'x', n);
	ok(take(&b, true, PATIENCE_MS, &params), "a reply of 3 MiB");
	pid = fork();
	if (pid == 0 && alarm(60) == 0)
		_exit(fcgi_reply(fcgi, text, n) ? 0 : 1);
	fcgi_drop(fcgi);
	struct answer a = read_answer();
	ok(a.clean && a.ends == 1 && a.out.len == n && a.out.s[n - 1] == 'x', "  arrives whole");
	ok(waitpid(pid, &status, 0) == pid && status == 0, "  and the worker knows");
	free(text);
}

/* Body and parameters in small records, whose ends fall between two writes. (A
 * socket queues some 270 writes, however small; nginx makes one or two.) */
static void test_pieces(void)
{
	static const char body[] = "{\"name\":\"a body in pieces\"}";
	for (size_t piece = 1; piece <= 9; piece += 4) {
		struct strbuf b = { .arena = arena };
		struct strbuf p = usual_pairs(arena_printf(arena, "%zu", sizeof(body) - 1));
		char **params;
		struct request r;
		struct err err;
		begin(&b, 1, 1, 0);
		for (size_t i = 0; i < p.len; i += piece)
			record(&b, PARAMS, 1, p.s + i, p.len - i < piece ? p.len - i : piece, 1);
		record(&b, PARAMS, 1, "", 0, 0);
		for (size_t i = 0; i < sizeof(body) - 1; i += piece)
			record(&b, STDIN, 1, body + i,
			       sizeof(body) - 1 - i < piece ? sizeof(body) - 1 - i : piece, 2);
		record(&b, STDIN, 1, "", 0, 0);
		int fd = connection();
		pid_t pid = fork();
		if (pid == 0) {
			alarm(60);
			for (size_t i = 0; i < b.len; i += 13)
				put_all(client, b.s + i, b.len - i < 13 ? b.len - i : 13);
			_exit(0);
		}
		if (ok(fcgi_begin(fcgi, fd, PATIENCE_MS, &params), "records of %zu bytes", piece) &&
		    ok(set_up(&r, params), "  good parameters"))
			ok(fcgi_body(fcgi, &r, 1000, &err) && str_eq(r.body, body), "  good body");
		ok(fcgi_reply(fcgi, REPLY, sizeof(REPLY) - 1), "  reply");
		is_one_answer(REPLY);
		waitpid(pid, NULL, 0);
	}
}

/* --- cut short --- */

/* Whatever the cut, never a shortened environment and never a short body. */
static void test_every_cut(void)
{
	struct strbuf b = whole("{\"a\":1}", 0);
	size_t params_end = opening("7", 0).len;
	int refused = 0, wrong = 0;
	for (size_t n = 0; n < b.len; n++) {
		struct strbuf cut = { .arena = arena, .s = b.s, .len = n, .cap = n + 1 };
		char **params;
		struct request r;
		struct err err = { 0 };
		bool begun = take(&cut, false, PATIENCE_MS, &params);
		refused += !begun;
		wrong += begun != (n >= params_end);
		if (begun && (!set_up(&r, params) || fcgi_body(fcgi, &r, 1000, &err) ||
			      err.kind != ERR_MALFORMED))
			wrong++;
		fcgi_drop(fcgi);
	}
	is_int(refused, (int64_t)params_end, "cut at every byte: refused inside the parameters");
	is_int(wrong, 0, "  and the body refused after them");
}

static void test_body_errors(void)
{
	static const struct { const char *name, *length, *body; int end; } cases[] = {
		{ "shorter than CONTENT_LENGTH", "100", "hello", STDIN },
		{ "longer than CONTENT_LENGTH", "4", "hello", STDIN },
		{ "aborted", "5", "hello", ABORT },
		{ "with a management record in it", "5", "hello", GET_VALUES },
		{ "with a second request in it", "5", "hello", BEGIN },
		{ "with parameters in it", "5", "hello", PARAMS },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct strbuf b = opening(cases[i].length, 1);
		char **params;
		struct request r;
		struct err err = { 0 };
		record(&b, STDIN, 1, cases[i].body, strlen(cases[i].body), 0);
		record(&b, cases[i].end, cases[i].end == GET_VALUES ? 0 : 1, "", 0, 0);
		ok(take(&b, true, PATIENCE_MS, &params) && set_up(&r, params), "a body %s",
		   cases[i].name);
		ok(!fcgi_body(fcgi, &r, 1000, &err) && err.kind == ERR_MALFORMED, "  is malformed");
		ok(fcgi_reply(fcgi, REPLY, sizeof(REPLY) - 1), "  and is told so");
		is_one_answer(REPLY);
	}
}

static void test_declared_lengths(void)
{
	static const struct { const char *length; bool begun; enum err_kind kind; } cases[] = {
		{ "65537", true, ERR_TOO_LARGE }, { "1073741824", true, ERR_TOO_LARGE },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct strbuf b = opening(cases[i].length, 0);
		char **params;
		struct request r;
		struct err err = { 0 };
		record(&b, STDIN, 1, "hello", 5, 0);
		ok(take(&b, true, PATIENCE_MS, &params) == cases[i].begun && set_up(&r, params) &&
		   !fcgi_body(fcgi, &r, SIZE_MAX, &err) && err.kind == cases[i].kind,
		   "%s bytes declared", cases[i].length);
		shutdown(client, SHUT_WR);
		ok(fcgi_reply(fcgi, REPLY, sizeof(REPLY) - 1), "  reply");
		is_one_answer(REPLY);
	}
	for (size_t n = 65535; n <= 65537; n++) {
		char *body = arena_alloc(arena, n + 1), **params;
		struct strbuf b = opening(arena_printf(arena, "%zu", n), 0);
		struct request r;
		struct err err = { 0 };
		memset(body, 'b', n);
		record(&b, STDIN, 1, body, 40000, 0);
		record(&b, STDIN, 1, body + 40000, n - 40000, 0);
		record(&b, STDIN, 1, "", 0, 0);
		bool good = take(&b, true, PATIENCE_MS, &params) && set_up(&r, params) &&
			    fcgi_body(fcgi, &r, SIZE_MAX, &err);
		ok(good == (n <= 65536) && (!good || (r.body_len == n && !strcmp(r.body, body))),
		   "a body of %zu bytes", n);
		fcgi_drop(fcgi);
	}
}

static void test_silence(void)
{
	struct strbuf none = { .arena = arena, .s = (char[]){ "" } };
	struct strbuf open = opening("100", 0), head = { .arena = arena }, part;
	char **params;
	struct request r;
	struct err err = { 0 };
	ok(!take(&none, true, SHORT_MS, &params), "silence");
	strbuf_add(&head, open.s, 5);
	ok(!take(&head, true, SHORT_MS, &params), "five bytes, then silence");
	part = open;
	part.len -= 8;
	ok(!take(&part, true, SHORT_MS, &params), "parameters, then silence");
	record(&open, STDIN, 1, "half", 4, 0);
	ok(take(&open, true, SHORT_MS, &params) && set_up(&r, params), "half a body, then silence");
	ok(!fcgi_body(fcgi, &r, 1000, &err) && err.kind == ERR_MALFORMED, "  is malformed");
	ok(fcgi_reply(fcgi, REPLY, sizeof(REPLY) - 1), "  and is told so");
	is_one_answer(REPLY);
}

/* --- not FastCGI as nginx speaks it --- */

static void refused(const struct strbuf *b, const char *name)
{
	char **params;
	ok(!take(b, true, PATIENCE_MS, &params), "refused: %s", name);
	is_int((int64_t)read_all().len, 0, "  closed without an answer");
}

static struct strbuf with_params(const struct strbuf *pairs)
{
	struct strbuf b = { .arena = arena };
	begin(&b, 1, 1, 0);
	if (pairs->len)
		record(&b, PARAMS, 1, pairs->s, pairs->len, 0);
	record(&b, PARAMS, 1, "", 0, 0);
	record(&b, STDIN, 1, "", 0, 0);
	return b;
}

static void test_bad_begin(void)
{
	struct strbuf b = whole("", 0);
	b.s[0] = 2;
	refused(&b, "version 2");
	b = whole("", 0);
	b.s[3] = 0;
	refused(&b, "request id 0");
	for (int role = 0; role < 5; role++) {
		if (role == 1)
			continue;
		b = whole("", 0);
		b.s[9] = (char)role;
		refused(&b, arena_printf(arena, "role %d", role));
	}
	b = (struct strbuf){ .arena = arena };
	record(&b, BEGIN, 1, "\0\1\0\0\0\0\0", 7, 0);
	record(&b, PARAMS, 1, "", 0, 0);
	refused(&b, "a short BEGIN_REQUEST");
	b = (struct strbuf){ .arena = arena };
	record(&b, PARAMS, 1, "", 0, 0);
	refused(&b, "parameters first");
	b = (struct strbuf){ .arena = arena };
	record(&b, BEGIN, 1, "\0\1\0\0\0\0\0", 8, 8);
	refused(&b, "a padded BEGIN_REQUEST, which libfcgi misreads");
	b = (struct strbuf){ .arena = arena };
	begin(&b, 1, 1, 0);
	record(&b, PARAMS, 1, "", 0, 8);
	refused(&b, "a padded end of the parameters, which libfcgi misreads");
	b = (struct strbuf){ .arena = arena };
	strbuf_adds(&b, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
	refused(&b, "HTTP");
	b = (struct strbuf){ .arena = arena };
	strbuf_add(&b, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
	shutdown(client, SHUT_WR);
	refused(&b, "TLS");
}

static struct strbuf many_values(void)
{
	struct strbuf names = { .arena = arena };
	for (int i = 0; i < 40; i++)
		pair(&names, "FCGI_MAX_CONNS", 14, "", 0);
	return names;
}

/* Finding 5: any of these overflows libfcgi's stack when it gets to see it. */
static void test_management(void)
{
	struct strbuf names = many_values(), good = whole("", 0), b = { .arena = arena };
	record(&b, GET_VALUES, 0, names.s, names.len, 0);
	strbuf_add(&b, good.s, good.len);
	refused(&b, "GET_VALUES first");
	b = (struct strbuf){ .arena = arena };
	begin(&b, 1, 1, 0);
	record(&b, GET_VALUES, 0, names.s, names.len, 0);
	strbuf_add(&b, good.s + 16, good.len - 16);
	refused(&b, "GET_VALUES between BEGIN and PARAMS");
	b = opening("3", 1);
	record(&b, GET_VALUES, 0, names.s, names.len, 0);
	record(&b, STDIN, 1, "abc", 3, 0);
	record(&b, STDIN, 1, "", 0, 0);
	char **params;
	struct request r;
	struct err err;
	ok(take(&b, true, PATIENCE_MS, &params) && set_up(&r, params) &&
	   !fcgi_body(fcgi, &r, 100, &err), "GET_VALUES before the body spoils the body");
	ok(fcgi_reply(fcgi, REPLY, sizeof(REPLY) - 1), "  reply");
	is_one_answer(REPLY);
}

static void test_bad_params(void)
{
	struct strbuf p = usual_pairs("0"), b;
	b = (struct strbuf){ .arena = arena };
	begin(&b, 1, 1, 0);
	record(&b, PARAMS, 1, p.s, p.len, 0);
	record(&b, ABORT, 1, "", 0, 0);
	refused(&b, "ABORT_REQUEST inside PARAMS");
	b = (struct strbuf){ .arena = arena };
	begin(&b, 1, 1, 0);
	record(&b, PARAMS, 1, p.s, p.len, 0);
	record(&b, STDIN, 1, "", 0, 0);
	refused(&b, "STDIN inside PARAMS");
	b = (struct strbuf){ .arena = arena };
	begin(&b, 1, 1, 0);
	record(&b, PARAMS, 1, p.s, p.len, 0);
	begin(&b, 2, 1, 0);
	refused(&b, "a second request inside PARAMS");
	b = (struct strbuf){ .arena = arena };
	begin(&b, 1, 1, 0);
	record(&b, PARAMS, 2, p.s, p.len, 0);
	refused(&b, "parameters of another request");

	static const struct { const char *name, *bytes; size_t n; } raw[] = {
		{ "lengths of 2^31-1", "\xff\xff\xff\xff\xff\xff\xff\xff""ab", 10 },
		{ "lengths of 0x7ffffffe", "\xff\xff\xff\xfe\xff\xff\xff\xfe""ab", 10 },
		{ "a name longer than the parameters", "\x09\x00""abc", 5 },
		{ "a value longer than the parameters", "\x01\x09""abc", 5 },
		{ "half a length", "\x80\x00", 2 },
		{ "no value length", "\x01", 1 },
		{ "no name", "\x00\x01""a", 3 },
		{ "'=' in a name", "\x03\x01""A=Bx", 6 },
		{ "NUL in a name", "\x03\x01""A\0Bx", 6 },
		{ "NUL in a value", "\x01\x03""Aa\0b", 6 },
	};
	for (size_t i = 0; i < sizeof(raw) / sizeof(raw[0]); i++) {
		struct strbuf pairs = { .arena = arena };
		strbuf_add(&pairs, raw[i].bytes, raw[i].n);
		b = with_params(&pairs);
		refused(&b, raw[i].name);
	}
}

/* Parameters that nginx could not have sent: refused, not collected. */
static void test_too_many_params(void)
{
	struct strbuf b = { .arena = arena };
	char *chunk = arena_alloc(arena, 60000);
	char **params;
	begin(&b, 1, 1, 0);
	for (int i = 0; i < 4; i++)
		record(&b, PARAMS, 1, chunk, 60000, 0);
	int fd = connection();
	pid_t pid = fork();
	if (pid == 0) {
		signal(SIGPIPE, SIG_DFL);
		put_all(client, b.s, b.len);
		_exit(0);
	}
	ok(!fcgi_begin(fcgi, fd, PATIENCE_MS, &params), "240 kB of parameters are refused");
	shutdown(client, SHUT_RDWR);
	waitpid(pid, NULL, 0);
}

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void test_random(void)
{
	uint32_t seed = 20250131;
	struct strbuf good = whole("{\"a\":1}", 1);
	int begun = 0;
	for (int i = 0; i < 3000; i++) {
		struct strbuf b = { .arena = arena };
		char **params;
		struct request r;
		struct err err;
		if (i % 2)
			strbuf_add(&b, good.s, good.len);
		else
			for (int k = 0; k < 64; k++)
				strbuf_add(&b, (char[]){ (char)next_random(&seed) }, 1);
		for (int k = 0; k < 3; k++)
			b.s[next_random(&seed) % b.len] = (char)next_random(&seed);
		if (!take(&b, false, PATIENCE_MS, &params))
			continue;
		begun++;
		if (set_up(&r, params) && fcgi_body(fcgi, &r, 1000, &err) && r.body_len != 7)
			ok(false, "a body of another length in round %d", i);
		fcgi_reply(fcgi, REPLY, sizeof(REPLY) - 1);
	}
	ok(begun > 0 && begun < 3000, "3000 broken requests: %d begun, none harmful", begun);
}

/* --- finding 1: a forged request in an unread body --- */

static void test_forged(void)
{
	struct strbuf forged = whole("", 1), b;
	char **params;
	for (int aligned = 0; aligned < 2; aligned++) {
		struct strbuf body = { .arena = arena };
		for (int i = 0; i < (aligned ? 0 : 300); i++)
			strbuf_add(&body, forged.s, forged.len);
		strbuf_add(&body, forged.s, forged.len);
		b = opening(arena_printf(arena, "%zu", body.len), 1);
		record(&b, STDIN, 1, body.s, body.len, 0);
		record(&b, STDIN, 1, "", 0, 0);
		strbuf_add(&b, forged.s, forged.len);
		ok(take(&b, true, PATIENCE_MS, &params), "keep_conn and requests hidden in the body");
		ok(fcgi_reply(fcgi, REPLY, sizeof(REPLY) - 1), "  reply without reading it");
		is_one_answer(REPLY);
	}
}

/* --- clients that go away --- */

static void test_gone(void)
{
	struct strbuf b = whole("", 0);
	char **params, *text = arena_alloc(arena, 1 << 20);
	ok(take(&b, true, PATIENCE_MS, &params), "a client that goes before the reply");
	close(client);
	client = -1;
	ok(!fcgi_reply(fcgi, REPLY, sizeof(REPLY) - 1), "  the worker knows, and lives");
	ok(take(&b, true, SHORT_MS, &params), "a client that does not read");
	ok(!fcgi_reply(fcgi, text, 1 << 20), "  does not hold the worker");
	ok(take(&b, true, PATIENCE_MS, &params), "a request that is dropped");
	fcgi_drop(fcgi);
	is_int((int64_t)read_all().len, 0, "  has no answer");
	fcgi_drop(fcgi);
}

static int open_files(void)
{
	int n = 0;
	DIR *d = opendir("/proc/self/fd");
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void test_many(void)
{
	struct strbuf good = whole("{\"a\":1}", 1), bad = opening("7", 0);
	int before, failed = 0;
	char **params;
	close(connection());   /* a client is open before and after */
	before = open_files();
	for (int i = 0; i < 1000; i++) {
		struct request r;
		struct err err;
		if (!take(&good, true, PATIENCE_MS, &params) || !set_up(&r, params) ||
		    !fcgi_body(fcgi, &r, 100, &err) ||
		    !fcgi_reply(fcgi, REPLY, sizeof(REPLY) - 1))
			failed++;
		bad.len -= bad.len > 20;
		failed += take(&bad, false, PATIENCE_MS, &params);
		if (i % 100 == 0)
			arena_reset(arena), good = whole("{\"a\":1}", 1), bad = opening("7", 0);
	}
	is_int(failed, 0, "1000 good and 1000 cut requests");
	is_int(open_files(), before, "  leave no file open");
}

int main(void)
{
	struct err err;
	arena = arena_new();
	alarm(120);   /* a hang is a failure, too */
	if (!ok(fcgi_start(&fcgi, &err), "start"))
		return tap_done();
	test_good();
	test_big_reply();
	test_pieces();
	test_every_cut();
	test_body_errors();
	test_declared_lengths();
	test_silence();
	test_bad_begin();
	test_management();
	test_bad_params();
	test_too_many_params();
	test_random();
	test_forged();
	test_gone();
	test_many();
	fcgi_free(&fcgi);
	fcgi_free(&fcgi);
	ok(fcgi == NULL, "freed");
	close(client);
	arena_free(&arena);
	return tap_done();
}
