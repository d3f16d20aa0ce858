/*
 * tests/unit/fcgi.c - requests over a socketpair: whole, in pieces, cut at
 * every byte, with bodies that lie, from clients that go away.
 */
#include "config.h"

#include <dirent.h>
#include <sys/wait.h>

#include "fcgi_client.h"

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
	if (pid == 0 && alarm(60) == 0) {
		bool sent = fcgi_reply(fcgi, text, n);

		free(text);
		_exit(sent ? 0 : 1);
	}
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
	if (!start())
		return tap_done();
	test_good();
	test_big_reply();
	test_pieces();
	test_every_cut();
	test_body_errors();
	test_declared_lengths();
	test_silence();
	test_gone();
	test_many();
	return finished();
}
