/*
 * worker/caller_refresh.c - the caller refreshes tokens: it looks for those that want it,
 * and for answers in its spool that nobody stores. One that is on its way is a turn.
 */
#include "config.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "op/connect_call.h"
#include "worker/refresh_turn.h"

#define AHEAD_MS 10000           /* between looks for those that end soon */
#define SPOOL_MS 60000           /* between looks for files that another process has left */

static struct {
	struct spool spool;
	bool told;                        /* that it cannot be used */
	bool replayed;                    /* what an earlier process had left is stored */
	bool looking;                     /* the thread does */
	bool more;                        /* there was more to do than could be begun */
	int64_t ahead_due, spool_due;
} refreshes = { .spool.dir = -1 };

/* --- turns ----------------------------------------------------------------------------------- */

static bool is_under_way(const char *id)
{
	for (const struct turn *t = turn_first(); t; t = t->next)
		if (str_eq(t->found.id, id))
			return true;
	return false;
}

/* A turn that waits for a place in the loop could outlast its claim. */
static bool may_begin(const struct connection *row, const struct provider *p)
{
	size_t all = 0, same = 0, of_app = 0;

	for (const struct turn *t = turn_first(); t; t = t->next) {
		all += !t->over;
		same += !t->over && str_eq(t->found.provider, row->provider);
		of_app += str_eq(t->found.app_id, row->app_id);
	}
	return all < OUTBOUND_MOST && same < OUTBOUND_MOST_PROVIDER && (!p->serial || of_app == 0);
}

static void ended(struct caller *c)
{
	if (refreshes.more)
		caller_refresh_look(c);
}

static bool silent_work(struct op *op, struct caller_task *task, struct err *err_r)
{
	struct turn *t = task->arg;
	struct op mine = turn_op(op, t);

	return op_refresh_silent(&mine, &t->p, &t->found, err_r);
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
	if (!may_begin(row, p)) {
		refreshes.more = true;
		return;
	}
	t = turn_new(c, &refreshes.spool, p, row, ended);
	if (due == REFRESH_CALL)
		turn_begin(t);
	else
		turn_give(t, silent_work, silent);
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

	if (!op_answer_store(arg, a, &written, err_r))
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
	bool good;

	if (!refreshes.spool.path)
		refreshes.spool = (struct spool){ -1, child->conf->spool_dir, &child->spool_keys };
	good = spool_follow(&refreshes.spool, &err);
	if (!good && !refreshes.told)
		log_error("spool_not_usable", LOG_S("error", err.message));
	refreshes.told = !good;
	return good;
}

const struct spool *caller_spool(void)
{
	return &refreshes.spool;
}

void caller_refresh_look(struct caller *c)
{
	int64_t now = clock_monotonic();
	struct looking *l;

	turns_settle_again();
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
