/*
 * tests/unit/fcgi_bad.c - what nginx never sends and a worker must survive
 * (R1, R24): each would harm plain libfcgi, or could.
 */
#include "config.h"

#include <signal.h>
#include <sys/wait.h>

#include "fcgi_client.h"

static void refused(const struct strbuf *b, const char *name)
{
	char **params;
	ok(!take(b, true, PATIENCE_MS, &params), "refused: %s", name);
	fcgi_drop(fcgi);
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

/* Good parameters, their end with padding, no body. */
static void finish(struct strbuf *b, int padding)
{
	struct strbuf p = usual_pairs("0");
	record(b, PARAMS, 1, p.s, p.len, 0);
	record(b, PARAMS, 1, "", 0, padding);
	record(b, STDIN, 1, "", 0, 0);
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
	finish(&b, 0);
	refused(&b, "a padded BEGIN_REQUEST, which libfcgi misreads");
	b = (struct strbuf){ .arena = arena };
	begin(&b, 1, 1, 0);
	finish(&b, 8);
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
	finish(&b, 0);
	refused(&b, "ABORT_REQUEST inside PARAMS");
	b = (struct strbuf){ .arena = arena };
	begin(&b, 1, 1, 0);
	record(&b, PARAMS, 1, p.s, p.len, 0);
	record(&b, STDIN, 1, "", 0, 0);
	finish(&b, 0);
	refused(&b, "STDIN inside PARAMS");
	b = (struct strbuf){ .arena = arena };
	begin(&b, 1, 1, 0);
	record(&b, PARAMS, 1, p.s, p.len, 0);
	begin(&b, 2, 1, 0);
	finish(&b, 0);
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

int main(void)
{
	if (!start())
		return tap_done();
	test_bad_begin();
	test_management();
	test_bad_params();
	test_too_many_params();
	test_random();
	test_forged();
	return finished();
}
