/*
 * worker/linker.c - the scheduler's job that links the audit trail (op/audit_link.h),
 * and tells the log each hour where the chains end that have grown, so that heads are kept
 * where the database's owner cannot change them.
 */
#include "config.h"

#include "base/clock.h"
#include "base/log.h"
#include "op/audit_verify.h"
#include "worker/worker_private.h"

#define LINK_MS 200          /* an event waits at most so long, and for the batch */
#define HEADS_MS 3600000
#define HEADS_MAX 1000       /* lines at once */
#define PATIENCE_MS 5000     /* until it is told that the database is not to be had */

void linker_begin(struct linker *l, const struct child *c)
{
	*l = (struct linker){
		.of = { .keys = &c->audit_keys, .host_id = segment_host_id(c->segment),
			.waits_since = TIME_NONE },
	};
}

/* At its start: who linked the others had told of them before the newest was linked. */
static int64_t not_told(const struct audit_head *heads, size_t n)
{
	int64_t newest = 0;

	for (size_t i = 0; i < n; i++)
		newest = heads[i].updated_at > newest ? heads[i].updated_at : newest;
	return newest - HEADS_MS;
}

static void tell_heads(struct linker *l, struct op *op)
{
	const struct audit_head *heads;
	struct field_list list;
	struct err err;
	int64_t since;

	if (!op_audit_heads_recent(op, l->told_at, HEADS_MAX + 1, &list, &err))
		return;   /* the next hour tells them as well */
	heads = list.items;
	since = l->told_at ? l->told_at : not_told(heads, list.n);
	/* the first is the system's; behind it the newest come first */
	for (size_t i = 0; i < list.n && i < HEADS_MAX && (i == 0 || heads[i].updated_at >= since); i++)
		log_info("audit_head", LOG_S("chain", heads[i].chain), LOG_N("seq", heads[i].seq),
			 LOG_S("hash", heads[i].hash));
	if (list.n > HEADS_MAX && heads[HEADS_MAX].updated_at >= since)
		log_warn("audit_heads_left_out", LOG_N("told", HEADS_MAX),
			 LOG_S("hint", "keep what 'pierre audit head' prints"));
	l->told_at = op->now;
}

/* Each time that they are looked at. */
static void tell_broken(struct linker *l)
{
	if (l->told_retry != l->of.retry_at)
		l->told_broken = 0;
	l->told_retry = l->of.retry_at;
	for (; l->told_broken < l->of.n_broken; l->told_broken++)
		log_error("audit_chain_broken", LOG_S("chain", l->of.broken[l->told_broken]),
			  LOG_S("hint", "its head is gone, old or not written by this service: its events wait; "
				"'pierre audit verify' shows what was changed"));
}

/* Others hold the writer lock, or the database is away: that passes. */
static bool may_pass(const struct linker *l, const struct op *op, const struct err *err)
{
	return err->kind == ERR_UNAVAILABLE && (l->of.waits_since == TIME_NONE ||
						op->now - l->of.waits_since < PATIENCE_MS);
}

void linker_work(struct linker *l, struct op *op, int64_t now)
{
	struct err err;
	bool more, good = op_audit_link(op, &l->of, &more, &err);

	if (!good && !l->failed && !may_pass(l, op, &err)) {
		log_error("audit_not_linked", LOG_S("error", err.message));
		l->failed = true;
	}
	l->failed &= !good;
	l->due = now + (good && more ? 0 : LINK_MS);
	tell_broken(l);
	atomic_store(&op->process->scoreboard->audit_broken, (int64_t)l->of.n_broken);
	atomic_store(&op->process->scoreboard->audit_waits_since,
		     l->of.waits_since == TIME_NONE ? 0 : l->of.waits_since);
	if (now < l->tell_due)
		return;
	l->tell_due = now + HEADS_MS;
	tell_heads(l, op);
}
