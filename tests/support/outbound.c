/*
 * tests/support/outbound.c - the loop of outbound/outbound.h, driven from a shell.
 *
 *   outbound [-c CA] [-a NETWORKS] [-r HOST:PORT:ADDRESS] [-t CONNECT_MS] [-T TOTAL_MS] [-B BACKSTOP_MS]
 *            [-p MS] [-d MS] <CALLS
 *
 *   -p   the process stands still for so long once a body has left
 *   -d   done() of the first call that is over takes so long
 *
 * A line of CALLS is a call: NAME PROVIDER METHOD URL KIND HOLD BODY. KIND is spends or
 * reads; HOLD is now (not held), go, drop or never; BODY "-" is none. "wait" instead: the
 * next ones begin when those before are over. Each call that is over is a line:
 * NAME end=answered|cut sent=0|1 status=N bytes=N body=FIRST_BYTES why=SENTENCE
 *
 * A name that begins with "dead" is never resolved.
 */
#define _GNU_SOURCE
#include "config.h"

#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "outbound/outbound.h"

#define CALLS_MAX 200

struct line {
	struct outbound_call call;
	char name[40], provider[40], method[10], url[500], kind[10], hold[10], body[2000];
};

static struct line lines[CALLS_MAX];
static int pause_ms, rounds;   /* since a body may leave */
static int done_ms;

/* In the place of the C library's, for libcurl too. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		struct addrinfo **out)
{
	static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

	if (str_starts(node ? node : "", "dead"))
		sleep(60);
	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	return real(node, service, hints, out);
}

static void pause_once(int *ms)
{
	const struct timespec t = { *ms / 1000, *ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
	*ms = 0;
}

static void stand_still(void)
{
	if (pause_ms && rounds >= 5)
		pause_once(&pause_ms);
}

static void ready(struct outbound_call *c)
{
	struct line *l = c->arg;

	printf("%s ready\n", l->name);
	if (str_eq(l->hold, "go")) {
		rounds = 1;
		outbound_go(c);
	}
	if (str_eq(l->hold, "drop"))
		outbound_drop(c);
}

static void done(struct outbound_call *c)
{
	struct line *l = c->arg;

	printf("%s end=%s sent=%d status=%d bytes=%zu body=%.200s why=%s\n", l->name,
	       c->reply.end == CALL_ANSWERED ? "answered" : "cut", c->reply.sent, c->reply.status,
	       c->reply.body_len, c->reply.body, c->reply.why ? c->reply.why : "");
	fflush(stdout);
	pause_once(&done_ms);
}

static void finish(struct outbound *o)
{
	while (outbound_calls(o) > 0) {
		outbound_step(o, NULL, 0, pause_ms ? 20 : -1);
		rounds += rounds > 0;
		stand_still();
	}
}

static bool begin(struct outbound *o, struct line *l)
{
	struct err err;

	l->call = (struct outbound_call){
		.provider = l->provider, .method = l->method, .url = l->url, .arg = l, .done = done,
		.kind = str_eq(l->kind, "reads") ? CALL_READS : CALL_SPENDS,
		.held = !str_eq(l->hold, "now"), .ready = ready,
		.body = str_eq(l->body, "-") ? NULL : l->body,
		.body_len = str_eq(l->body, "-") ? 0 : strlen(l->body),
	};
	if (outbound_start(o, &l->call, &err))
		return true;
	printf("%s refused %s\n", l->name, err.message);
	return false;
}

static void run(struct outbound *o)
{
	char text[4096];
	size_t n = 0;

	while (n < CALLS_MAX && fgets(text, sizeof(text), stdin)) {
		struct line *l = &lines[n];

		if (str_starts(text, "wait"))
			finish(o);
		else if (sscanf(text, "%39s %39s %9s %499s %9s %9s %1999s", l->name, l->provider, l->method,
				l->url, l->kind, l->hold, l->body) == 7 && begin(o, l))
			n++;
	}
	finish(o);
}

int main(int argc, char **argv)
{
	const char *resolve[40] = { NULL }, *bad;
	struct outbound_options o = { .resolve = resolve };
	struct arena *arena = arena_new();
	struct outbound *out;
	struct err err;
	size_t n = 0;

	for (int opt; (opt = getopt(argc, argv, "c:a:r:t:T:B:p:d:")) != -1;) {
		if (opt == 'c' && !conf_file_read(arena, "ca", o.ca_file = optarg, &o.ca, &err))
			return 2;
		if (opt == 'a' && !networks_read(arena, optarg, &o.allow, &bad))
			return 2;
		else if (opt == 'r' && n < 39)
			resolve[n++] = optarg;
		else if (opt == 't')
			o.connect_ms = atol(optarg);
		else if (opt == 'T')
			o.total_ms = atol(optarg);
		else if (opt == 'B')
			o.backstop_ms = atol(optarg);
		else if (opt == 'p')
			pause_ms = atoi(optarg);
		else if (opt == 'd')
			done_ms = atoi(optarg);
	}
	out = outbound_new(&o, &err);
	if (!out) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	run(out);
	outbound_free(&out);
	arena_free(&arena);
	return 0;
}
