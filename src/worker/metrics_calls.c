/*
 * worker/metrics_calls.c - what /metrics says of calls to other services. The words of labels
 * are ids of providers (letters, digits and -) and words of ours, so they need no escapes.
 */
#include "config.h"

#include "base/clock.h"
#include "model/stats.h"
#include "worker/metrics_private.h"

static uint64_t get(const _Atomic uint64_t *counter)
{
	return atomic_load(counter);
}

static void result_lines(struct strbuf *out, const struct call_row *r)
{
	for (size_t i = 0; i < CALLED__COUNT; i++)
		if (get(&r->by_result[i]))
			strbuf_addf(out, "pierre_calls_total{provider=\"%s\",kind=\"%s\",result=\"%s\"} %llu\n",
				    r->provider, r->kind, call_results[i],
				    (unsigned long long)get(&r->by_result[i]));
}

static void second_lines(struct strbuf *out, const struct call_row *r)
{
	unsigned long long n = 0;

	for (size_t i = 0; i < CALL_BUCKETS; i++) {
		n += get(&r->buckets[i]);
		strbuf_addf(out, "pierre_call_seconds_bucket{provider=\"%s\",kind=\"%s\",le=\"%g\"} %llu\n",
			    r->provider, r->kind, (double)call_bounds_ms[i] / 1e3, n);
	}
	n += get(&r->buckets[CALL_BUCKETS]);
	strbuf_addf(out, "pierre_call_seconds_bucket{provider=\"%s\",kind=\"%s\",le=\"+Inf\"} %llu\n"
		    "pierre_call_seconds_sum{provider=\"%s\",kind=\"%s\"} %.3f\n"
		    "pierre_call_seconds_count{provider=\"%s\",kind=\"%s\"} %llu\n",
		    r->provider, r->kind, n, r->provider, r->kind, (double)get(&r->sum_ms) / 1e3,
		    r->provider, r->kind, n);
}

static void rows(struct strbuf *out, const struct calls *c,
		 void (*lines)(struct strbuf *out, const struct call_row *r))
{
	for (size_t i = 0; i <= CALL_ROWS; i++)
		if (atomic_load(&c->rows[i].state) == CALL_ROW_OPEN)
			lines(out, &c->rows[i]);
}

/* In a reload there are two. */
static uint64_t of_callers(const struct scoreboard *sb, size_t offset)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < sb->n; i++) {
		const struct slot *s = &sb->slots[i];

		if (s->role == ROLE_CALLER && atomic_load(&s->state) != SLOT_FREE)
			sum += (uint64_t)atomic_load((const _Atomic int *)(const void *)((const char *)s + offset));
	}
	return sum;
}

static void load(struct strbuf *out, const struct scoreboard *sb)
{
	static const struct { const char *name, *help; size_t offset; } gauges[] = {
		{ "calls_under_way", "Calls to other services that wait for an answer.",
		  offsetof(struct slot, calls) },
		{ "calls_waiting", "Calls that wait for a place: 32 at once, 4 to one provider.",
		  offsetof(struct slot, calls_waiting) },
		{ "caller_tasks", "What the caller has to read or store, and has not.",
		  offsetof(struct slot, tasks) },
	};

	for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++)
		metrics_number(out, gauges[i].name, "gauge", gauges[i].help, of_callers(sb, gauges[i].offset));
}

static double age(int64_t since, int64_t now)
{
	return since && now > since ? (double)(now - since) / 1e3 : 0;
}

static void connections(struct strbuf *out, const struct calls_seen *s)
{
	const struct field *f = connection_stats_schema.fields + 1;   /* behind total */

	metrics_family(out, "connections", "gauge", "Connections of users to providers, by state; counted each minute.");
	for (size_t i = 0; f[i].name && i < CALLS_STATES; i++)
		strbuf_addf(out, "pierre_connections{state=\"%s\"} %lld\n", f[i].name,
			    (long long)atomic_load(&s->connections[i]));
}

static void data_keys(struct strbuf *out, const struct calls_seen *s, int64_t now)
{
	metrics_number(out, "data_keys", "gauge", "Data keys, with those that only open.",
		       (uint64_t)atomic_load(&s->data_keys));
	metrics_family(out, "data_key_seconds", "gauge", "Age of the oldest data key that seals (DATA_KEY_DAYS).");
	strbuf_addf(out, "pierre_data_key_seconds %.0f\n", age(atomic_load(&s->data_key_made), now));
	metrics_number(out, "data_key_seals", "gauge", "The most secrets that a data key which seals has sealed "
		       "(DATA_KEY_SEALS).", (uint64_t)atomic_load(&s->data_key_seals));
}

static void spool(struct strbuf *out, const struct calls_seen *s, int64_t now)
{
	metrics_number(out, "spool_files", "gauge", "Answers of providers that wait to be stored, with the "
		       "places of those that are awaited.", (uint64_t)atomic_load(&s->spool_files));
	metrics_family(out, "spool_oldest_seconds", "gauge", "How long the oldest of them has been there.");
	strbuf_addf(out, "pierre_spool_oldest_seconds %.3f\n", age(atomic_load(&s->spool_oldest), now));
}

void metrics_calls(const struct child *c, struct strbuf *out)
{
	const struct calls *calls = &c->scoreboard->calls;
	int64_t now = clock_now();

	metrics_family(out, "calls_total", "counter", "Calls to other services by provider, kind and result.");
	rows(out, calls, result_lines);
	metrics_family(out, "call_seconds", "histogram", "Time of a call, from its beginning.");
	rows(out, calls, second_lines);
	load(out, c->scoreboard);
	/* what nobody has counted is not 0 */
	if (atomic_load(&calls->seen.spool_at))
		spool(out, &calls->seen, now);
	if (!atomic_load(&calls->seen.at))
		return;
	connections(out, &calls->seen);
	data_keys(out, &calls->seen, now);
}
