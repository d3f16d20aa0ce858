/*
 * One request through a worker (worker/request.c): what is charged, and what is
 * not, when its row cannot be written down or is not committed in time.
 */
#include "config.h"

#include <malloc.h>
#include <stddef.h>

#include "fcgi_client.h"
#include "op/key.h"
#include "op/limit.h"
#include "op/usage.h"
#include "segment_op.h"
#include "shm/ring.h"
#include "shm/limit.h"
#include "worker/worker_private.h"

#define LIMIT 50
#define ORIGIN "https://a-name-that-is-longer-than-what-an-allocator-adds.example.org"

static struct fixture f;
static struct worker w;
static struct child c;
static struct api_key key;
static struct user user;
static const char *full;
static struct err err;

static void open_worker(void)
{
	struct api_key in = { .name = "key", .rate_limit_requests = LIMIT, .expires_in_days = INT_NONE };

	segment_op_open(&f);
	arena = f.arena;
	f.op.now = clock_now();
	f.conf.request_deadline_ms = f.conf.database_timeout_ms = f.conf.fast_database_timeout_ms = 20000;
	f.conf.usage_durability = USAGE_SYNC;
	f.conf.cors_origins = ORIGIN;
	c = (struct child){ .conf = &f.conf, .scoreboard = scoreboard_new(1, &err), .segment = f.process.segment };
	c.slot = &c.scoreboard->slots[0];
	c.slot->role = ROLE_FAST;
	f.process.scoreboard = c.scoreboard;
	f.process.slot = c.slot;
	w = (struct worker){ .child = &c, .db = f.db, .process = f.process, .arena = arena_new() };
	if (!fcgi_start(&w.fcgi, &err))
		bail_out("fcgi_start", &err);
	fcgi = w.fcgi;
	user = make_user(&f, "enterprise");
	if (!op_key_create(&f.op, of(user.id), &in, &key, &full, &err))
		bail_out("key", &err);
}

static void close_worker(void)
{
	fcgi_free(&w.fcgi);
	arena_free(&w.arena);
	scoreboard_free(&c.scoreboard);
	close(client);
	segment_op_close(&f);
}

/* A connection on which /verify is asked for; what is not parked is answered. */
static struct fcgi *ask(void)
{
	struct strbuf p = { .arena = arena }, b = { .arena = arena };
	struct fcgi *another = fcgi_another(w.fcgi);
	char **params;

	pair(&p, "REQUEST_METHOD", 14, "GET", 3);
	pair(&p, "REQUEST_URI", 11, "/verify", 7);
	pair(&p, "SERVER_PROTOCOL", 15, "HTTP/1.1", 8);
	pair(&p, "HTTP_X_API_KEY", 14, full, strlen(full));
	pair(&p, "HTTP_ORIGIN", 11, ORIGIN, strlen(ORIGIN));
	pair(&p, "PIERRE_END", 10, "1", 1);
	begin(&b, 1, 1, 0);
	record(&b, PARAMS, 1, p.s, p.len, 0);
	record(&b, PARAMS, 1, "", 0, 0);
	record(&b, STDIN, 1, "", 0, 0);
	fcgi_adopt(another, connection());
	put_all(client, b.s, b.len);
	shutdown(client, SHUT_WR);
	if (fcgi_look(another, true, &params) != FCGI_REQUEST)
		bail_out("fcgi_look", &err);
	worker_request_answer(&w, another, params);
	return another;
}

static int status(struct fcgi *of)
{
	const char *text;
	int code = 0;

	fcgi_free(&of);
	text = read_answer().out.s;
	return sscanf(text, "Status: %d", &code) == 1 ? code : 0;
}

static int64_t used(void)
{
	const struct credential by = key_credential(&key, &user);
	struct limit_outcome out;

	if (!op_limit_explain(&f.op, &by, &out, &err))
		bail_out("explain", &err);
	return LIMIT - out.states[0].remaining;
}

static void commit(void *arg)
{
	(void)arg;
	ring_done(f.process.segment, 0, ring_head_seq(f.process.segment, 0));
}

/* How much of the memory at `watched` was wiped. */
static const void *watched;
static size_t wiped_bytes;

static void see_wiped(const void *at, size_t n)
{
	if (at == watched)
		wiped_bytes = n;
}

void __real_explicit_bzero(void *at, size_t n);
void __wrap_explicit_bzero(void *at, size_t n);
void __wrap_explicit_bzero(void *at, size_t n)
{
	see_wiped(at, n);
	__real_explicit_bzero(at, n);
}

/* what _FORTIFY_SOURCE makes of it */
void __real___explicit_bzero_chk(void *at, size_t n, size_t size);
void __wrap___explicit_bzero_chk(void *at, size_t n, size_t size);
void __wrap___explicit_bzero_chk(void *at, size_t n, size_t size)
{
	see_wiped(at, n);
	__real___explicit_bzero_chk(at, n, size);
}

static void fill_ring(void)
{
	static const struct usage_record rec;

	while (ring_push(f.process.segment, 0, &rec))
		;
}

/* --- a row that cannot be written down ------------------------------------------- */

static void ring_full(void)
{
	int64_t before = used(), head;
	struct fcgi *one;

	fill_ring();
	head = (int64_t)ring_head_seq(f.process.segment, 0);
	is_int(status(ask()), 503, "the ring is full: refused");
	is_int(used(), before, "and not charged");
	is_int((int64_t)ring_head_seq(f.process.segment, 0), head, "nor written down");
	worst(WORST_NANOSLEEP, (struct moment){ .nth = 2, .after = commit });
	one = ask();
	ok(fcgi_parked(one) != NULL, "the recorder makes space meanwhile: it is let through");
	commit(NULL);
	ok(worker_request_finish(&w, one, false), "once its row is committed");
	is_int(status(one), 200, "200");
	is_int(used(), before + 1, "and charged");
}

/* --- a row that is not committed in time ------------------------------------------ */

static void row_late(void)
{
	int64_t before = used();
	struct fcgi *one = ask(), *two = ask();

	ok(fcgi_parked(one) && fcgi_parked(two), "two wait for the recorder");
	ok(!worker_request_finish(&w, one, false), "as long as they may");
	ok(worker_request_finish(&w, one, true), "the first is late");
	is_int(used(), before + 2, "what was charged stays charged, since the row may be committed yet");
	fcgi_free(&one);
	is_int(status(ask()), 503, "nothing more is let through");
	is_int(used(), before + 2, "nor charged");
	commit(NULL);
	ok(worker_request_finish(&w, two, false), "until the recorder has committed");
	fcgi_free(&two);
	one = ask();
	ok(fcgi_parked(one) != NULL && w.late == 0, "then the next is, and all is as before");
	commit(NULL);
	ok(worker_request_finish(&w, one, false), "when its own row is committed");
	is_int(status(one), 200, "200");
	is_int(used(), before + 3, "and charged");
}

/* Else the request that goes through says nothing of it in the log. */
static void late_is_one_look(void)
{
	struct op op = { .process = &w.process, .result.late = true };

	err = (struct err){ 0 };
	ok(!op_usage_ready(&op, &err) && err.kind == ERR_UNAVAILABLE,
	   "a row that was late when the worker looked is late for the whole request");
	op.result.late = false;
	ok(op_usage_ready(&op, &err), "and no other is");
}

/* The reply names a user and what it may do, and its end is behind the Origin. */
static void parked_is_wiped(void)
{
	struct fcgi *one = ask();
	size_t usable;

	watched = fcgi_parked(one);
	usable = malloc_usable_size(fcgi_parked(one));
	commit(NULL);
	ok(worker_request_finish(&w, one, false), "a parked request is answered");
	ok(usable - wiped_bytes < sizeof(max_align_t), "and wiped to its end: %zu bytes of %zu", wiped_bytes, usable);
	watched = NULL;
	is_int(status(one), 200, "200");
}

/* A process that names no block is no worker: it writes into no worker's ring, and
 * lets nothing through. */
static void no_block(void)
{
	const struct op_process process = { .conf = &f.conf, .segment = f.process.segment };
	const struct credential by = key_credential(&key, &user);
	const struct usage_of use = { .by = &by, .route = "x", .method = "GET", .cost = 1 };
	int64_t head = (int64_t)ring_head_seq(f.process.segment, 0);
	struct op op = f.op;

	op.process = &process;
	err = (struct err){ 0 };
	ok(!op_usage_record(&op, &use, &err) && err.kind == ERR_UNAVAILABLE, "no block: refused");
	is_int((int64_t)ring_head_seq(f.process.segment, 0), head, "and not written into another's");
	is_int((int64_t)op.result.recorded, 0, "nor said to be");
}

/* A process that is killed closes its files before its children get another parent. */
static void orphan(void)
{
	int fds[2];
	struct child child_of = { .slot = NULL };

	if (pipe(fds) != 0)
		bail_out("pipe", &err);
	child_of.lifeline_fd = fds[0];
	ok(!child_is_orphan(&child_of), "the master lives");
	close(fds[1]);
	ok(child_is_orphan(&child_of) && getppid() > 1, "it has died when its end of the lifeline is gone, whoever the parent is");
	close(fds[0]);
}

int main(void)
{
	orphan();
	open_worker();
	ring_full();
	no_block();
	row_late();
	late_is_one_look();
	parked_is_wiped();
	close_worker();
	return tap_done();
}
