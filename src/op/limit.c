/*
 * Taking from every limit that applies, all or nothing; explaining where they
 * stand. Which limits: op/limit_rule.c. How quota gets into a slot:
 * op/limit_lease.c.
 */
#include "config.h"

#include "base/clock.h"
#include "op/limit.h"
#include "op/limit_lease.h"
#include "shm/limit.h"
#include "shm/stat.h"
#include "store/quota.h"

static bool reached(const struct limit_state *s, struct err *err_r)
{
	char until[TIME_TEXT];

	time_format(s->reset_at, until);
	err_reason(err_r, ERR_RATE, s->name,
		   "Rate limit reached for %s: %lld requests per %s (tier %s) until %s",
		   s->of, (long long)s->limit, window_name(s->kind), s->tier, until);
	return err_retry(err_r, (int)s->reset_after);
}

static enum lease_result consume_one(struct op *op, struct limit_state *s, uint32_t cost,
				     struct err *err_r)
{
	struct limit_slot *slot = limit_slot_find(op->process->segment, s->subject, s->kind);
	uint32_t window = s->window, left = 0;
	enum limit_result t;

	if (!slot)
		return lease_single(op, s, cost, err_r);
	t = limit_consume(slot, s->window, s->newest, s->limit, cost, &window, &left);
	if (window > s->window)
		s->window = window;
	if (t == LIMIT_CONSUMED) {
		s->slot = slot;
		s->remaining = lease_remaining(slot, s, left);
		return CONSUMED;
	}
	if (t == LIMIT_EMPTY && lease_exhausted(slot, s)) {
		s->remaining = left;
		return REFUSED;
	}
	return lease_consume(op, slot, s, cost, err_r);
}

static void refund_one(struct op *op, const struct limit_state *s, uint32_t cost)
{
	if (s->passed || (s->slot && limit_refund(s->slot, s->window, s->limit, cost)))
		return;
	/* what cannot be given back is forfeited: never more than the limit */
	store_quota_return(op->process->quota, &(struct quota_return){ s->subject, s->kind, s->window, cost },
			   1, NULL);
}

static void refund(struct op *op, struct limit_outcome *out, size_t n, uint32_t cost)
{
	while (n-- > 0) {
		refund_one(op, &out->states[n], cost);
		if (!out->states[n].passed)
			out->states[n].remaining += cost;
	}
}

static const struct limit_state *tightest(const struct limit_outcome *out)
{
	const struct limit_state *least = NULL;

	for (size_t i = 0; i < out->n; i++)
		if (!least || out->states[i].remaining < least->remaining)
			least = &out->states[i];
	return least;
}

static bool unavailable(struct err *err_r)
{
	if (err_r && err_is_passing(err_r) && err_r->retry_after == 0)
		err_r->retry_after = 1;
	return false;
}

bool op_limit_consume(struct op *op, const struct credential *c, uint32_t cost,
		      struct limit_outcome *out, struct err *err_r)
{
	limit_rules(c, op->now, op->arena, out);
	/* prefetch all, or each take would wait for its memory in turn */
	for (size_t i = 0; i < out->n; i++)
		limit_expect(op->process->segment, out->states[i].subject, out->states[i].kind);
	for (size_t i = 0; i < out->n; i++) {
		struct limit_state *s = &out->states[i];
		enum lease_result t = consume_one(op, s, cost, err_r);

		limit_settle(s, s->window, op->now);
		if (t == CONSUMED)
			continue;
		if (s->observe) {
			s->passed = true;
			s->remaining = 0;
			stat_add(op->process->segment, op_block(op), STAT_LIMITS_OBSERVED, 1);
			continue;
		}
		refund(op, out, i, cost);
		if (t == FAILED)
			return unavailable(err_r);
		out->refused = out->tightest = s;
		return reached(s, err_r);
	}
	out->tightest = tightest(out);
	return true;
}

void op_limit_refund(struct op *op, uint32_t cost, struct limit_outcome *out)
{
	refund(op, out, out->n, cost);
}

bool op_limit_explain(struct op *op, const struct credential *c, struct limit_outcome *out,
		      struct err *err_r)
{
	limit_rules(c, op->now, op->arena, out);
	if (!op->process->quota)
		return err_set(err_r, ERR_UNAVAILABLE, "The limits cannot be counted here");
	for (size_t i = 0; i < out->n; i++) {
		struct limit_state *s = &out->states[i];
		int64_t leased;

		s->slot = limit_slot_find(op->process->segment, s->subject, s->kind);
		if (s->slot)
			limit_settle(s, limit_window(s->slot, s->window, s->newest), op->now);
		if (!store_quota_leased(op->process->quota, s->subject, s->kind, s->window, &leased,
					err_r))
			return false;
		s->remaining = s->limit - leased + (s->slot ? limit_left(s->slot, s->window) : 0);
		if (s->remaining < 0)
			s->remaining = 0;
	}
	out->tightest = tightest(out);
	return true;
}
