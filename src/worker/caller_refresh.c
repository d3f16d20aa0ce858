/*
 * worker/caller_refresh.c - the caller refreshes tokens. The steps and why they are in this
 * order: op/refresh.h.
 *
 * A turn is one refresh on its way. The thread claims it and makes its file in the spool; the
 * loop calls, and writes the answer to that file itself, since the thread may be waiting for
 * a database that is frozen; the thread stores it. While it cannot, the turn waits, and tries
 * again.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "op/refresh.h"
#include "op/spool.h"
#include "provider/request.h"
#include "worker/caller.h"

#define AGAIN_MS 500             /* between tries to store */
#define AHEAD_MS 10000           /* between looks for those that end soon */
#define SPOOL_MS 60000           /* between looks for files that another process has left */

struct turn {
	struct caller_task task;
	struct outbound_call call;
	struct arena *arena;
	struct caller *caller;
	struct provider p;
	struct connection found;          /* as it was found */
	struct refresh_claim claim;
	struct provider_client client;
	struct provider_request request;
	struct spool_file file;
	bool asks;                        /* the thread commits phase sent */
	bool over;                        /* the call has ended */
	bool gave;                        /* `answer` is what it brought; else `seen` */
	struct refresh_answer answer;
	struct refresh_seen seen;
	int64_t again_at;                 /* monotonic ms; 0: it is not waiting */
	struct turn *next;
};

static struct {
	struct turn *first;               /* all that are on their way */
	struct spool spool;
	bool opened;                      /* the spool */
	bool told;                        /* that it could not be */
	bool replayed;                    /* what an earlier process had left is stored */
	bool looking;                     /* the thread does */
	bool more;                        /* there was more to do than could be begun */
	int64_t ahead_due, spool_due;
} refreshes = { .spool.dir = -1 };

/* --- turns ----------------------------------------------------------------------------------- */

static struct turn *turn_new(struct caller *c, const struct provider *p, const struct connection *found)
{
	struct turn *t = calloc(1, sizeof(*t));

	if (!t)
		abort();
	t->arena = arena_new();
	t->caller = c;
	t->p = *p;
	t->found = (struct connection){ .id = arena_strdup(t->arena, found->id),
					.provider = arena_strdup(t->arena, found->provider),
					.refresh_gen = found->refresh_gen };
	t->p.id = t->found.provider;
	t->file.fd = -1;
	t->task.arg = t->call.arg = t;
	t->next = refreshes.first;
	refreshes.first = t;
	return t;
}

/* keep: the file of the spool, for another process. */
static void turn_free(struct turn *t, bool keep)
{
	struct caller *c = t->caller;
	struct turn **at = &refreshes.first;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	spool_drop(&refreshes.spool, &t->file, keep);
	arena_free(&t->arena);
	explicit_bzero(t, sizeof(*t));
	free(t);
	/* requests wait for what came of it */
	(void)!eventfd_write(caller_child(c)->refresh_fd, 1);
	if (refreshes.more)
		caller_refresh_look(c);
}

static bool is_under_way(const char *id)
{
	for (const struct turn *t = refreshes.first; t; t = t->next)
		if (str_eq(t->found.id, id))
			return true;
	return false;
}

/* A turn that waits for a place in the loop could outlast its claim. */
static bool may_begin(const char *provider)
{
	size_t all = 0, same = 0;

	for (const struct turn *t = refreshes.first; t; t = t->next) {
		all += !t->over;
		same += !t->over && str_eq(t->found.provider, provider);
	}
	return all < OUTBOUND_MOST && same < OUTBOUND_MOST_PROVIDER;
}

static void give(struct turn *t, bool (*work)(struct op *, struct caller_task *, struct err *),
		 void (*done)(struct caller *, struct caller_task *))
{
	t->task.work = work;
	t->task.done = done;
	caller_do(t->caller, &t->task);
}

/* On the turn's own arena: what was read lives as long as it. */
static struct op own(const struct op *op, const struct turn *t)
{
	struct op copy = *op;

	copy.arena = t->arena;
	return copy;
}

/* --- stored ------------------------------------------------------------------------------------ */

static bool is_passing(const struct err *err)
{
	return err->kind == ERR_UNAVAILABLE || err->kind == ERR_UNCERTAIN;
}

static bool settle_work(struct op *op, struct caller_task *task, struct err *err_r)
{
	struct turn *t = task->arg;
	bool written;

	if (!t->gave)
		return op_refresh_end(op, &t->p, &t->claim.c, &t->seen, err_r);
	if (!op_refresh_write(op, &t->answer, &written, err_r))
		return false;
	if (!written)
		log_info("tokens_outdated", LOG_S("provider", t->p.id), LOG_S("connection", t->found.id));
	return true;
}

static void settled(struct caller *c, struct caller_task *task)
{
	struct turn *t = task->arg;

	(void)c;
	if (!task->good && is_passing(&task->err)) {
		t->again_at = clock_monotonic() + AGAIN_MS;
		return;
	}
	if (!task->good)
		log_error("refresh_not_stored", LOG_S("provider", t->p.id), LOG_S("connection", t->found.id),
			  LOG_S("error", task->err.message));
	turn_free(t, !task->good && t->gave);
}

static void settle(struct turn *t)
{
	t->again_at = 0;
	give(t, settle_work, settled);
}

static void settle_again(void)
{
	for (struct turn *t = refreshes.first; t; t = t->next)
		if (t->again_at && clock_monotonic() >= t->again_at)
			settle(t);
}

/* --- the call ------------------------------------------------------------------------------------ */

/* Before anything else. When the disk fails after all, the turn itself keeps the answer. */
static void keep_answer(struct turn *t)
{
	struct err err;

	if (!spool_write(&refreshes.spool, &t->file, &t->answer, t->arena, &err))
		log_error("spool_not_written", LOG_S("provider", t->p.id), LOG_S("error", err.message));
}

static void read_reply(struct turn *t, const struct outbound_reply *r)
{
	const struct provider_answer answer = {
		.status = r->status, .headers = r->headers, .body = r->body, .body_len = r->body_len,
		.refreshes = true, .now = clock_now(),
	};
	struct provider_reply reply;

	provider_reply_read(&t->p, &answer, t->arena, &reply);
	if (reply.outcome == REPLY_OK) {
		t->gave = true;
		t->answer = refresh_answer_of(&t->claim, &reply, answer.now, t->arena);
		keep_answer(t);
		return;
	}
	t->seen = (struct refresh_seen){ ENDED_ANSWERED, .outcome = reply.outcome, .status = r->status,
					 .until = reply.until, .reason = arena_strdup(t->arena, reply.reason) };
	log_warn("refresh_refused", LOG_S("provider", t->p.id), LOG_S("connection", t->found.id),
		 LOG_S("reason", reply.reason));
}

static void called(struct outbound_call *call)
{
	struct turn *t = call->arg;
	const struct outbound_reply *r = &call->reply;

	t->over = true;
	if (r->end == CALL_ANSWERED && r->sent) {
		read_reply(t, r);
	} else {
		t->seen = (struct refresh_seen){ r->sent ? ENDED_SILENT : ENDED_UNSENT, .until = TIME_NONE };
		log_warn("provider_not_reached", LOG_S("provider", t->p.id), LOG_S("what", "refresh"),
			 LOG_S("why", r->why ? r->why : "it answered before it was asked"));
	}
	if (!t->asks)
		settle(t);
}

static bool sent_work(struct op *op, struct caller_task *task, struct err *err_r)
{
	struct turn *t = task->arg;

	return op_refresh_sent(op, &t->claim, err_r);
}

static void sent(struct caller *c, struct caller_task *task)
{
	struct turn *t = task->arg;

	(void)c;
	t->asks = false;
	if (t->over)
		settle(t);
	else if (task->good)
		outbound_go(&t->call);
	else
		outbound_drop(&t->call);
}

static void ready(struct outbound_call *call)
{
	struct turn *t = call->arg;

	t->asks = true;
	give(t, sent_work, sent);
}

static void start_call(struct turn *t)
{
	struct err err;

	t->client = (struct provider_client){ t->claim.app.client_id, t->claim.client_secret };
	provider_refresh_request(&t->p, &t->client, t->claim.tokens.refresh_token, t->arena, &t->request);
	t->call = (struct outbound_call){
		.provider = t->p.id, .method = t->request.method, .url = t->request.url,
		.headers = t->request.headers, .body = t->request.body, .body_len = t->request.body_len,
		.kind = CALL_SPENDS, .held = true, .ready = ready, .done = called, .arg = t,
	};
	if (outbound_start(caller_outbound(t->caller), &t->call, &err))
		return;
	t->over = true;
	t->seen = (struct refresh_seen){ ENDED_UNSENT, .until = TIME_NONE };
	settle(t);
}

/* --- claimed --------------------------------------------------------------------------------------- */

static bool claim_work(struct op *op, struct caller_task *task, struct err *err_r)
{
	struct turn *t = task->arg;
	struct op mine = own(op, t);
	struct refresh_seen seen = { ENDED_NO_SPACE, .until = TIME_NONE };
	struct err other;

	if (!op_refresh_claim(&mine, &t->found, &t->claim, err_r))
		return false;
	if (spool_reserve(&refreshes.spool, t->claim.c.id, t->claim.c.refresh_gen, &t->file, err_r))
		return true;
	op_refresh_end(&mine, &t->p, &t->claim.c, &seen, &other);
	return false;
}

static void claimed(struct caller *c, struct caller_task *task)
{
	struct turn *t = task->arg;

	(void)c;
	if (task->good) {
		start_call(t);
		return;
	}
	if (task->err.kind != ERR_CONFLICT && task->err.kind != ERR_NOT_FOUND)
		log_error("refresh_not_begun", LOG_S("provider", t->p.id), LOG_S("connection", t->found.id),
			  LOG_S("error", task->err.message));
	turn_free(t, false);
}

static bool silent_work(struct op *op, struct caller_task *task, struct err *err_r)
{
	struct turn *t = task->arg;
	struct op mine = own(op, t);

	return op_refresh_silent(&mine, &t->p, &t->claim.c, err_r);
}

static void silent(struct caller *c, struct caller_task *task)
{
	(void)c;
	turn_free(task->arg, false);
}

/* --- what there is to do ------------------------------------------------------------------------------ */

struct looking {
	struct caller_task task;
	struct arena *arena;
	const struct providers *providers;
	bool ahead;
	struct field_list rows;
	struct spool_found left;
};

static struct looking *looking_new(struct caller *c)
{
	struct looking *l = calloc(1, sizeof(*l));

	if (!l)
		abort();
	l->arena = arena_new();
	l->providers = caller_providers(c);
	l->task.arg = l;
	refreshes.looking = true;
	return l;
}

static void looking_free(struct looking *l)
{
	refreshes.looking = false;
	arena_free(&l->arena);
	free(l);
}

/* A row of which nothing but ids is kept. */
static void begin(struct caller *c, const struct connection *row, const struct provider *p)
{
	enum refresh_due due = refresh_due_of(row, p, clock_now());
	struct turn *t;

	if (due == REFRESH_NOT_NOW || is_under_way(row->id))
		return;
	if (!may_begin(row->provider)) {
		refreshes.more = true;
		return;
	}
	t = turn_new(c, p, row);
	if (due == REFRESH_CALL) {
		give(t, claim_work, claimed);
		return;
	}
	t->claim.c = *row;
	t->claim.c.id = t->found.id;
	t->claim.c.provider = t->found.provider;
	t->claim.c.user_id = arena_strdup(t->arena, row->user_id);
	t->claim.c.tenant_id = arena_strdup(t->arena, row->tenant_id);
	t->claim.c.app_id = arena_strdup(t->arena, row->app_id);
	t->claim.c.state = arena_strdup(t->arena, row->state);
	t->claim.c.reason = arena_strdup(t->arena, row->reason);
	give(t, silent_work, silent);
}

static void found(struct caller *c, struct caller_task *task)
{
	struct looking *l = task->arg;
	const struct connection *rows = l->rows.items;
	struct provider p;
	struct err err;

	refreshes.more = false;
	if (!task->good)
		log_warn("refreshes_not_read", LOG_S("error", task->err.message));
	for (size_t i = 0; task->good && !caller_stops(c) && i < l->rows.n; i++)
		if (provider_get(l->providers, rows[i].provider, clock_now(), &p, &err))
			begin(c, &rows[i], &p);
	looking_free(l);
}

static bool find_work(struct op *op, struct caller_task *task, struct err *err_r)
{
	struct looking *l = task->arg;
	struct op mine = *op;

	mine.arena = l->arena;
	return op_refresh_find(&mine, l->providers, l->ahead, &l->rows, err_r);
}

static bool store_left(void *arg, const struct refresh_answer *a, struct err *err_r)
{
	bool written;

	if (!op_refresh_write(arg, a, &written, err_r))
		return false;
	log_info("spool_stored", LOG_S("provider", a->provider), LOG_S("connection", a->id),
		 LOG_S("tokens", written ? "stored" : "outdated"));
	return true;
}

static bool replay_work(struct op *op, struct caller_task *task, struct err *err_r)
{
	struct looking *l = task->arg;

	return spool_each(&refreshes.spool, l->arena, store_left, op, &l->left, err_r);
}

static void replayed(struct caller *c, struct caller_task *task)
{
	struct looking *l = task->arg;

	(void)c;
	if (task->good) {
		refreshes.replayed = true;
		refreshes.spool_due = clock_monotonic() + SPOOL_MS;
	} else {
		log_warn("spool_not_replayed", LOG_S("error", task->err.message));
	}
	looking_free(l);
}

static bool open_spool(const struct caller *c)
{
	const struct child *child = caller_child(c);
	struct err err;

	if (refreshes.opened)
		return true;
	refreshes.opened = spool_create(child->conf->spool_dir, &child->spool_keys, &refreshes.spool, &err);
	if (!refreshes.opened && !refreshes.told)
		log_error("spool_not_usable", LOG_S("error", err.message));
	refreshes.told = !refreshes.opened;
	return refreshes.opened;
}

void caller_refresh_look(struct caller *c)
{
	int64_t now = clock_monotonic();
	struct looking *l;

	settle_again();
	if (refreshes.looking || caller_stops(c))
		return;
	l = looking_new(c);
	if (open_spool(c) && (!refreshes.replayed || now >= refreshes.spool_due)) {
		l->task.work = replay_work;
		l->task.done = replayed;
	} else {
		l->ahead = now >= refreshes.ahead_due;
		if (l->ahead)
			refreshes.ahead_due = now + AHEAD_MS;
		l->task.work = find_work;
		l->task.done = found;
	}
	caller_do(c, &l->task);
}
