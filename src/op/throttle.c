/*
 * The rule of the throttle of logins. It decides over the two rows of an account and
 * network that store/login_failure.c has locked; it runs no SQL and reads no clock.
 */
#include "config.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "op/throttle.h"
#include "store/login_failure.h"

#define FREE_FAILURES 5
#define WAIT_MAX (15 * 60 * SECOND_MS)
#define WAIT_MAX_KNOWN (60 * SECOND_MS)
#define ACCOUNT_FAILURES 30
#define HOUR_MS (3600 * SECOND_MS)
#define FORGET_FAILURES DAY_MS
#define FORGET_NETWORK (90 * DAY_MS)

static bool network_v4(const char *addr, char out[NETWORK_TEXT])
{
	unsigned char b[4];

	if (inet_pton(AF_INET, addr, b) != 1)
		return false;
	snprintf(out, NETWORK_TEXT, "%u.%u.%u.0/24", b[0], b[1], b[2]);
	return true;
}

static bool network_v6(const char *addr, char out[NETWORK_TEXT])
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	char text[INET6_ADDRSTRLEN];
	unsigned char b[16];

	if (inet_pton(AF_INET6, addr, b) != 1)
		return false;
	if (memcmp(b, mapped, sizeof(mapped)) == 0) {
		snprintf(out, NETWORK_TEXT, "%u.%u.%u.0/24", b[12], b[13], b[14]);
		return true;
	}
	memset(b + 8, 0, 8);
	if (!inet_ntop(AF_INET6, b, text, sizeof(text)))
		return false;
	snprintf(out, NETWORK_TEXT, "%s/64", text);
	return true;
}

void throttle_network(const char *remote_addr, char out[NETWORK_TEXT])
{
	if (!remote_addr ||
	    (!network_v4(remote_addr, out) && !network_v6(remote_addr, out)))
		snprintf(out, NETWORK_TEXT, "-");
}

void throttle_init(struct throttle *g, const struct op *op, const char *email_key)
{
	*g = (struct throttle){ .now = op->now, .counted_hour = TIME_NONE };
	sha256_hex(email_key, strlen(email_key), g->account_hash);
	throttle_network(op->client.remote_addr, g->network);
}

static bool is_known(const struct login_failure *own, int64_t now)
{
	return own->last_success_at != TIME_NONE &&
		own->last_success_at > now - FORGET_NETWORK;
}

/* A block longer than any we give means that the clock was set back. */
static int64_t left_of(int64_t blocked_until, int64_t now, int64_t most)
{
	if (blocked_until == TIME_NONE || blocked_until <= now ||
	    blocked_until - now > most)
		return 0;
	return blocked_until - now;
}

static int64_t wait_left(const struct login_failure_rows *rows, int64_t now)
{
	int64_t own = left_of(rows->own.blocked_until, now, WAIT_MAX);
	int64_t total = left_of(rows->total.blocked_until, now, HOUR_MS);

	if (is_known(&rows->own, now))
		return own;
	return own > total ? own : total;
}

static bool judge(const struct login_failure_rows *rows, int64_t now, struct err *err_r)
{
	int64_t seconds = (wait_left(rows, now) + SECOND_MS - 1) / SECOND_MS;

	if (seconds == 0)
		return true;
	err_reason(err_r, ERR_RATE, "guessing",
		   "Too many failed logins; try again in %lld s", (long long)seconds);
	return err_retry(err_r, (int)seconds);
}

static int64_t wait_after(int64_t failures, bool known)
{
	int64_t most = known ? WAIT_MAX_KNOWN : WAIT_MAX;
	int64_t wait = SECOND_MS;

	if (failures < FREE_FAILURES)
		return 0;
	for (int64_t n = FREE_FAILURES; n < failures && wait < most; n++)
		wait *= 2;
	return wait < most ? wait : most;
}

static void start_over(struct login_failure *row)
{
	row->failures = 0;
	row->first_at = row->last_at = row->blocked_until = TIME_NONE;
}

static void count_own(struct login_failure *own, int64_t now)
{
	bool known = is_known(own, now);
	int64_t wait;

	if (own->last_at != TIME_NONE && own->last_at <= now - FORGET_FAILURES)
		start_over(own);
	if (own->failures++ == 0)
		own->first_at = now;
	own->last_at = now;
	wait = wait_after(own->failures, known);
	own->blocked_until = wait ? now + wait : TIME_NONE;
	own->forget_at = now + FORGET_FAILURES;
	if (known && own->last_success_at + FORGET_NETWORK > own->forget_at)
		own->forget_at = own->last_success_at + FORGET_NETWORK;
}

static void count_total(struct login_failure *total, int64_t now)
{
	if (total->first_at == TIME_NONE || total->first_at <= now - HOUR_MS ||
	    total->first_at > now)
		start_over(total);
	if (total->first_at == TIME_NONE)
		total->first_at = now;
	total->failures++;
	total->last_at = now;
	if (total->failures >= ACCOUNT_FAILURES)
		total->blocked_until = total->first_at + HOUR_MS;
	total->forget_at = now + FORGET_FAILURES;
}

static bool count_attempt(struct login_failure_rows *rows, void *arg, struct err *err_r)
{
	struct throttle *g = arg;

	if (!judge(rows, g->now, err_r))
		return false;
	g->counted_hour = TIME_NONE;
	if (!is_known(&rows->own, g->now)) {
		count_total(&rows->total, g->now);
		g->counted_hour = rows->total.first_at;
	}
	count_own(&rows->own, g->now);
	return true;
}

static void uncount_total(struct login_failure *total, const struct throttle *g)
{
	if (g->counted_hour == TIME_NONE || total->first_at != g->counted_hour ||
	    total->failures == 0)
		return;
	if (--total->failures < ACCOUNT_FAILURES)
		total->blocked_until = TIME_NONE;
}

static bool logged_in(struct login_failure_rows *rows, void *arg, struct err *err_r)
{
	const struct throttle *g = arg;

	(void)err_r;
	uncount_total(&rows->total, g);
	start_over(&rows->own);
	rows->own.last_success_at = g->now;
	rows->own.forget_at = g->now + FORGET_NETWORK;
	return true;
}

static bool taken_back(struct login_failure_rows *rows, void *arg, struct err *err_r)
{
	(void)err_r;
	uncount_total(&rows->total, arg);
	if (rows->own.failures <= 1)
		start_over(&rows->own);
	else if (--rows->own.failures < FREE_FAILURES)
		rows->own.blocked_until = TIME_NONE;
	return true;
}

static struct login_failure_update change(struct throttle *g, login_failure_fn *fn)
{
	return (struct login_failure_update){
		.account_hash = g->account_hash,
		.network = g->network,
		.forget_at = g->now + FORGET_FAILURES,
		.fn = fn,
		.arg = g,
	};
}

bool throttle_allows(struct op *op, const struct throttle *g, struct err *err_r)
{
	struct login_failure_rows rows;

	return store_login_failure_find(op->db, g->account_hash, g->network, &rows, err_r) &&
		judge(&rows, g->now, err_r);
}

bool throttle_count(struct op *op, struct throttle *g, struct err *err_r)
{
	struct login_failure_update c = change(g, count_attempt);

	return store_login_failure_update(op->db, &c, err_r);
}

struct login_failure_update throttle_success(struct throttle *g)
{
	return change(g, logged_in);
}

struct login_failure_update throttle_refund(struct throttle *g)
{
	return change(g, taken_back);
}
