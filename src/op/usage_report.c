/* op/usage_report.c - what the recorder has counted of a key. */
#include "config.h"

#include "base/str.h"
#include "base/window.h"
#include "op/key.h"
#include "op/usage.h"
#include "store/usage.h"

#define REPORT_DAYS 30        /* when no range is given */

/* The first edge that is not before it. */
static int64_t edge_after(enum window_kind k, int64_t ms)
{
	return ms <= 0 ? 0 : window_end(k, window_id(k, ms - 1));
}

static bool no_edge(enum window_kind k, int64_t edge, struct err *err_r)
{
	char from[TIME_TEXT], to[TIME_TEXT];

	time_format(window_start(k, window_id(k, edge - 1)), from);
	time_format(edge, to);
	return err_field(err_r, ERR_RANGE, "end_date",
			 "Usage is counted by the whole %s, and from start_date to end_date there "
			 "is none: ask from %s to %s", window_name(k), from, to);
}

/* Both ends go to the edge after them, so that ranges that meet still meet. */
static bool range(const struct op *op, const struct usage_query *in, bool daily,
		  struct usage_report *out, struct err *err_r)
{
	enum window_kind k = daily ? WINDOW_DAY : WINDOW_HOUR;
	int64_t days = daily ? USAGE_DAILY_DAYS : USAGE_HOURLY_DAYS;
	int64_t to = in->to != TIME_NONE ? in->to : op->now;
	int64_t from = in->from != TIME_NONE ? in->from : to - REPORT_DAYS * DAY_MS;

	out->from = edge_after(k, from);
	out->to = edge_after(k, to);
	if (from >= to || out->to - out->from > days * DAY_MS)
		return err_field(err_r, ERR_RANGE, "end_date",
				 "end_date must be after start_date and at most %lld days after it",
				 (long long)days);
	if (out->to > TIME_LAST)
		return err_field(err_r, ERR_RANGE, "end_date", "end_date is too late");
	return out->from < out->to || no_edge(k, out->to, err_r);
}

bool op_usage_report(struct op *op, struct scope scope, const char *key_id,
		     const struct usage_query *in, struct usage_report *out,
		     struct err *err_r)
{
	bool daily = str_eq(in->bucket, "day");
	const struct usage_bucket *buckets;
	struct api_key key;

	*out = (struct usage_report){ 0 };
	if (!field_check(&usage_query_schema, in, err_r) || !range(op, in, daily, out, err_r) ||
	    !op_key_get(op, scope, key_id, &key, err_r))
		return false;
	if (!op->process->usage)
		return err_set(err_r, ERR_UNAVAILABLE, "There are no counters here");
	if (!store_usage_report(op->process->usage, &key, out->from, out->to, daily,
				in->by_route, op->arena, &out->buckets, err_r))
		return false;
	buckets = out->buckets.items;
	for (size_t i = 0; i < out->buckets.n; i++) {
		out->requests += buckets[i].requests;
		out->cost += buckets[i].cost;
	}
	return true;
}
