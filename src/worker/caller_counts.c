/*
 * worker/caller_counts.c - what the caller counts for /metrics: connections and data keys
 * once a minute, since that reads all of them, and the spool more often.
 */
#include "config.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "op/data_key.h"
#include "op/spool_count.h"
#include "op/stats.h"
#include "provider/reply.h"
#include "worker/caller.h"

#define COUNT_MS 60000
#define SPOOL_MS 5000

/* --- each call --------------------------------------------------------------------------- */

static enum call_result by_status(int status)
{
	return status == 429 ? CALLED_LIMITED : status / 100 == 2 ? CALLED_OK :
	       status / 100 == 4 ? CALLED_REFUSED : CALLED_FAILED;
}

/* As those who asked for tokens read it: some refuse with 200, and a firewall's 403 is no
 * refusal. */
static enum call_result by_reply(struct caller *c, const struct outbound_call *call)
{
	static const enum call_result results[] = {
		[REPLY_UNREADABLE] = CALLED_FAILED, [REPLY_OK] = CALLED_OK, [REPLY_REFUSED] = CALLED_REFUSED,
		[REPLY_APP_BROKEN] = CALLED_REFUSED, [REPLY_LIMITED] = CALLED_LIMITED,
		[REPLY_UNAVAILABLE] = CALLED_FAILED,
	};
	const struct outbound_reply *r = &call->reply;
	const struct provider_answer answer = {
		.status = r->status, .headers = r->headers, .body = r->body, .body_len = r->body_len,
		.refreshes = str_eq(call->what, CALL_REFRESH), .now = clock_now(),
	};
	struct arena *arena = arena_new();
	enum call_result result = by_status(r->status);
	struct provider_reply reply;
	struct provider p;
	struct err err;

	if (provider_get(caller_providers(c), call->provider, answer.now, &p, &err)) {
		provider_reply_read(&p, &answer, arena, &reply);
		result = results[reply.outcome];
	}
	arena_free(&arena);
	return result;
}

void caller_count(void *caller, const struct outbound_call *call, int64_t ms)
{
	const struct outbound_reply *r = &call->reply;
	bool tokens = str_eq(call->what, CALL_REFRESH) || str_eq(call->what, CALL_REDEEM);

	calls_add(&caller_child(caller)->scoreboard->calls, call->provider, call->what,
		  r->late ? CALLED_TIMEOUT : r->end == CALL_CUT ? CALLED_FAILED :
		  tokens ? by_reply(caller, call) : by_status(r->status), ms);
}

/* --- what there is ------------------------------------------------------------------------ */

static struct {
	struct caller_task task;
	bool counting;                    /* the thread does */
	bool all;                         /* it counts what is in the database too */
	bool failed;                      /* said once, until it works again */
	int64_t all_due, spool_due;
} counts;

static void see_connections(struct calls_seen *s, const struct connection_stats *n)
{
	const struct field *f = connection_stats_schema.fields + 1;   /* behind total */

	for (size_t i = 0; f[i].name && i < CALLS_STATES; i++)
		atomic_store(&s->connections[i], *(const int64_t *)(const void *)((const char *)n + f[i].offset));
}

static void see_data_keys(struct calls_seen *s, const struct field_list *list)
{
	const struct data_key *keys = list->items;
	int64_t made = 0, seals = 0;

	for (size_t i = 0; i < list->n; i++) {
		if (!str_eq(keys[i].state, "current"))
			continue;
		made = !made || keys[i].created_at < made ? keys[i].created_at : made;
		seals = keys[i].seals > seals ? keys[i].seals : seals;
	}
	atomic_store(&s->data_keys, (int64_t)list->n);
	atomic_store(&s->data_key_made, made);
	atomic_store(&s->data_key_seals, seals);
}

static bool count_work(struct op *op, struct caller_task *t, struct err *err_r)
{
	struct calls_seen *s = &op->process->scoreboard->calls.seen;
	struct op all = *op;   /* for the operator, who sees numbers alone */
	int64_t files, oldest;
	struct connection_stats connections;
	struct field_list keys;

	(void)t;
	atomic_store(&s->spool_at, spool_count(op->process->conf->spool_dir, &files, &oldest) ? op->now : 0);
	atomic_store(&s->spool_files, files);
	atomic_store(&s->spool_oldest, oldest);
	if (!counts.all)
		return true;
	all.actor.role = ROLE_ADMIN;
	if (!op_stats_connections(&all, scope_all(&all), &connections, err_r) ||
	    !op_data_key_states(&all, scope_all(&all), &keys, err_r))
		return false;
	see_connections(s, &connections);
	see_data_keys(s, &keys);
	atomic_store(&s->at, op->now);
	return true;
}

static void counted(struct caller *c, struct caller_task *t)
{
	(void)c;
	if (!t->good && !counts.failed)
		log_warn("not_counted", LOG_S("error", t->err.message));
	counts.failed = !t->good;
	counts.counting = false;
}

void caller_counts_look(struct caller *c)
{
	int64_t now = clock_monotonic();

	if (counts.counting || now < counts.spool_due || caller_stops(c))
		return;
	counts.spool_due = now + SPOOL_MS;
	counts.all = now >= counts.all_due;
	if (counts.all)
		counts.all_due = now + COUNT_MS;
	counts.counting = true;
	counts.task = (struct caller_task){ .work = count_work, .done = counted };
	caller_do(c, &counts.task);
}
