/* op/refresh_rule.c - decisions of a refresh. */
#include "config.h"

#include "base/clock.h"
#include "base/str.h"
#include "op/refresh_rule.h"

int64_t refresh_margin(const struct provider *p)
{
	return (p->margin > 0 ? p->margin : REFRESH_MARGIN_S) * SECOND_MS;
}

int64_t refresh_begins(const struct provider *p, const struct connection *c)
{
	int64_t margin = refresh_margin(p), life;

	if (c->expires_at == TIME_NONE)
		return TIME_NONE;
	life = c->expires_at - c->refreshed_at;
	return c->expires_at - (life > 2 * margin ? margin : life > 0 ? life / 2 : 0);
}

static bool is_over(const struct provider *p, int64_t now)
{
	return p->retired_on != TIME_NONE && p->retired_on <= now;
}

bool refresh_is_ahead(const struct provider *p, int64_t now)
{
	return provider_refresh_of(p) != REFRESH_NONE && !is_over(p, now) &&
	       provider_keepalive_of(p) == KEEPALIVE_YES;
}

bool refresh_is_possible(const struct connection *c, const struct provider *p, int64_t now)
{
	return c->app_id && c->sealed_refresh && c->ended_at == TIME_NONE && p->token_url &&
	       provider_refresh_of(p) != REFRESH_NONE && !is_over(p, now) &&
	       !str_eq(c->state, CONNECTION_REAUTH) && !str_eq(c->state, CONNECTION_RETIRED) &&
	       !str_eq(c->state, CONNECTION_UNIDENTIFIED);
}

bool refresh_gave(const struct connection *c)
{
	return c->refreshed_at != c->connected_at;
}

enum refresh_due refresh_due_of(const struct connection *c, const struct provider *p, int64_t now)
{
	if (!refresh_is_possible(c, p, now))
		return REFRESH_NOT_NOW;
	if (str_eq(c->phase, PHASE_SENT))
		return REFRESH_SILENT;
	return c->retry_at == TIME_NONE || c->retry_at <= now ? REFRESH_CALL : REFRESH_NOT_NOW;
}

bool refresh_is_degraded(int64_t answers, int64_t refusals)
{
	return answers >= REFRESH_WINDOW_LEAST && refusals * 5 > answers;
}

/* --- what an end means ------------------------------------------------------------------- */

struct judging {
	const struct connection *c;
	const struct provider *p;
	const struct refresh_seen *seen;
	int64_t now;
	struct refresh_verdict *out;
};

static bool is_uncertain(const struct judging *j)
{
	return str_eq(j->c->state, CONNECTION_UNCERTAIN);
}

/* What is uncertain stays so until an answer is stored. */
static void again(const struct judging *j, int64_t retry_at)
{
	j->out->state = is_uncertain(j) ? CONNECTION_UNCERTAIN : CONNECTION_DEGRADED;
	j->out->retry_at = retry_at;
}

static int64_t after_pause(const struct judging *j)
{
	int64_t ms = REFRESH_RETRY_MS;

	for (int64_t i = 0; i < j->c->attempts && ms < REFRESH_RETRY_MOST_MS; i++)
		ms *= 2;
	return j->now + (ms < REFRESH_RETRY_MOST_MS ? ms : REFRESH_RETRY_MOST_MS);
}

/* Nothing was spent, or the provider said itself that it did nothing. */
static void judge_free(const struct judging *j)
{
	again(j, j->seen->until != TIME_NONE ? j->seen->until : after_pause(j));
	j->out->attempts++;
}

static void over(const struct judging *j)
{
	j->out->state = CONNECTION_REAUTH;
	j->out->retry_at = TIME_NONE;
	j->out->wanted = false;
}

/* A second silence: a third call could only end more. */
static void judge_lethal(const struct judging *j)
{
	int64_t end = j->c->expires_at, soonest = j->now + REFRESH_UNCERTAIN_MS;

	if (is_uncertain(j)) {
		over(j);
		return;
	}
	j->out->state = CONNECTION_UNCERTAIN;
	j->out->retry_at = end != TIME_NONE && end > soonest ? end : soonest;
}

static void judge_silent(const struct judging *j)
{
	if (provider_replay_of(j->p) == REPLAY_LETHAL)
		judge_lethal(j);
	else
		again(j, j->c->attempts == 0 ? TIME_NONE : after_pause(j));
	j->out->attempts++;
}

/* The connection is as it was, until a call for some connection of the application succeeds, or its owner
 * sets it anew. */
static void judge_broken(const struct judging *j)
{
	j->out->state = str_eq(j->c->state, CONNECTION_REFRESHING) ? CONNECTION_OK : j->c->state;
	j->out->retry_at = j->now + REFRESH_RETRY_MOST_MS;
	j->out->app_broken = true;
}

/* That others succeed tells a token that is dead from a provider that refuses all. */
static bool is_dead(const struct judging *j)
{
	int64_t first = j->out->first_refused_at, age = j->now - first;
	const struct provider_app *app = j->seen->app;

	if (j->out->refusals < REFRESH_DEAD_REFUSALS || age < REFRESH_DEAD_AFTER_MS)
		return false;
	return (app->last_success_at != TIME_NONE && app->last_success_at > first) ||
	       (j->seen->alone && age >= REFRESH_ALONE_MS);
}

static void judge_refused(const struct judging *j)
{
	const struct provider_app *app = j->seen->app;

	if (app->degraded_until != TIME_NONE && app->degraded_until > j->now) {
		again(j, app->degraded_until);
		j->out->reason = "provider_refuses";
		return;
	}
	j->out->refusals++;
	if (j->out->refusals == 1)
		j->out->first_refused_at = j->now;
	if (is_dead(j))
		over(j);
	else
		again(j, j->now + REFRESH_REFUSED_MS);
}

/* A gateway may have passed the request on, and a server that fails may do so when it has
 * rotated. 503 says that it did nothing. */
static bool may_have_acted(int status)
{
	return status >= 500 && status != 503;
}

static void judge_answer(const struct judging *j)
{
	switch (j->seen->outcome) {
	case REPLY_REFUSED:
		judge_refused(j);
		return;
	case REPLY_APP_BROKEN:
		judge_broken(j);
		return;
	case REPLY_LIMITED:
		judge_free(j);
		return;
	case REPLY_UNAVAILABLE:
		if (may_have_acted(j->seen->status))
			judge_silent(j);
		else
			judge_free(j);
		return;
	case REPLY_OK:
	case REPLY_UNREADABLE:
		break;
	}
	/* 4xx without a word of the provider's: something between refused it */
	if (j->seen->status >= 400 && j->seen->status < 500)
		judge_free(j);
	else
		judge_silent(j);
}

void refresh_judge(const struct connection *c, const struct provider *p,
		   const struct refresh_seen *seen, int64_t now, struct refresh_verdict *out)
{
	static const char *const reasons[] = {
		[ENDED_SILENT] = "no_answer", [ENDED_UNSENT] = "not_reached", [ENDED_NO_SPACE] = "no_space",
		[ENDED_NO_SPOOL] = "no_spool", [ENDED_NO_BUDGET] = "no_budget",
	};
	const struct judging j = { c, p, seen, now, out };

	*out = (struct refresh_verdict){
		.wanted = true, .attempts = c->attempts, .refusals = c->refusals,
		.first_refused_at = c->first_refused_at, .retry_at = TIME_NONE,
		.reason = seen->end == ENDED_ANSWERED ? seen->reason : reasons[seen->end],
	};
	if (seen->end == ENDED_ANSWERED)
		judge_answer(&j);
	else if (seen->end == ENDED_SILENT)
		judge_silent(&j);
	else
		judge_free(&j);
}
