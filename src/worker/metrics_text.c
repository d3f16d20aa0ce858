/*
 * worker/metrics_text.c - what /metrics says, in Prometheus's text format
 * 0.0.4. Labels come from our own tables only, so they need no escapes.
 */
#include "config.h"

#include "resource/call.h"
#include "shm/known.h"
#include "shm/limit.h"
#include "shm/ring.h"
#include "shm/stat.h"
#include "worker/metrics_private.h"

/* --- requests by route ------------------------------------------------------------ */

typedef void route_line_fn(struct strbuf *out, const char *label,
			   const struct stat_route_total *t);

static void class_lines(struct strbuf *out, const char *label, const struct stat_route_total *t)
{
	for (int i = 1; i <= 5; i++)
		if (t->by_class[i])
			strbuf_addf(out, "pierre_requests_total{route=\"%s\",code=\"%dxx\"} %llu\n", label, i,
				    (unsigned long long)t->by_class[i]);
}

static void histogram_lines(struct strbuf *out, const char *label,
			    const struct stat_route_total *t)
{
	unsigned long long n = 0;

	for (size_t i = 0; i <= STAT_BUCKETS; i++) {
		n += t->buckets[i];
		if (i < STAT_BUCKETS)
			strbuf_addf(out, "pierre_request_seconds_bucket{route=\"%s\",le=\"%g\"} %llu\n", label,
				    (double)stat_bounds_us[i] / 1e6, n);
		else
			strbuf_addf(out, "pierre_request_seconds_bucket{route=\"%s\",le=\"+Inf\"} %llu\n",
				    label, n);
	}
	strbuf_addf(out, "pierre_request_seconds_sum{route=\"%s\"} %.6f\n", label,
		    (double)t->sum_us / 1e6);
	strbuf_addf(out, "pierre_request_seconds_count{route=\"%s\"} %llu\n", label, n);
}

static void route_line(struct strbuf *out, const struct segment *segment, size_t number_of,
		       const char *label, route_line_fn *line)
{
	struct stat_route_total t;
	uint64_t n = 0;

	stat_route_read(segment, number_of, &t);
	for (size_t i = 0; i <= STAT_BUCKETS; i++)
		n += t.buckets[i];
	if (n)
		line(out, label, &t);
}

/* A route without requests has no lines. */
static void by_route(struct strbuf *out, const struct segment *segment, route_line_fn *line)
{
	size_t n = 0;

	for (const struct route *const *table = route_tables; *table; table++)
		for (const struct route *r = *table; r->fn; r++, n++)
			route_line(out, segment, n, r->label, line);
	route_line(out, segment, STAT_OTHER, "other", line);
}

/* --- processes ----------------------------------------------------------------------- */

static void processes(struct strbuf *out, const struct scoreboard *sb)
{
	static const char *const states[] = {
		[SLOT_STARTING] = "starting", [SLOT_IDLE] = "idle", [SLOT_READING] = "reading",
		[SLOT_SERVING] = "serving", [SLOT_STOPPING] = "stopping",
	};
	const int n_states = sizeof(states) / sizeof(states[0]);
	int counts[ROLE__COUNT][sizeof(states) / sizeof(states[0])] = { 0 };

	for (size_t i = 0; i < sb->n; i++) {
		int state = atomic_load(&sb->slots[i].state);

		if (state > SLOT_FREE && state < n_states && sb->slots[i].role < ROLE__COUNT)
			counts[sb->slots[i].role][state]++;
	}
	metrics_family(out, "processes", "gauge", "Processes by role and by what they do.");
	for (int role = 0; role < ROLE__COUNT; role++)
		for (int state = SLOT_STARTING; state < n_states; state++)
			strbuf_addf(out, "pierre_processes{role=\"%s\",state=\"%s\"} %d\n",
				    slot_role_name((enum slot_role)role), states[state], counts[role][state]);
}

static void deaths(struct strbuf *out, const struct scoreboard *sb)
{
	metrics_family(out, "process_deaths_total", "counter",
	       "Processes by role that ended without being told to.");
	for (int role = 0; role < ROLE__COUNT; role++)
		strbuf_addf(out, "pierre_process_deaths_total{role=\"%s\"} %llu\n",
			    slot_role_name((enum slot_role)role),
			    (unsigned long long)atomic_load(&sb->deaths[role]));
}

/* --- limits and rings ------------------------------------------------------------------ */

static void rings(struct strbuf *out, const struct segment *segment)
{
	uint64_t sum = 0, most = 0;

	for (size_t i = 0; segment && i < ring_count(segment); i++) {
		uint64_t depth = ring_depth(segment, i);

		sum += depth;
		most = depth > most ? depth : most;
	}
	metrics_number(out, "ring_rows", "gauge", "Usage rows that wait for the recorder.", sum);
	metrics_number(out, "ring_rows_most", "gauge", "Usage rows that wait in the fullest ring.", most);
}

static void slots(struct strbuf *out, const struct segment *segment)
{
	size_t all = 0, used = segment ? limit_slots_used(segment, &all) : 0;

	metrics_number(out, "limit_slots", "gauge", "Limit slots that there are (LIMIT_SLOTS).", all);
	metrics_number(out, "limit_slots_used", "gauge", "Limit slots that were ever claimed.", used);
}

/* --- clocks ----------------------------------------------------------------------------- */

static void clocks(struct strbuf *out, const struct segment *segment)
{
	struct known_state k = { 0 };

	if (segment)
		known_read(segment, &k);
	metrics_number(out, "clock_unconfirmed", "gauge",
	       "1: the clock may be wrong, and what is too old is kept (pierre clock status).",
	       k.unconfirmed);
	metrics_family(out, "clock_offset_seconds", "gauge",
	       "This host's clock less PostgreSQL's, which is used when they are 2 s apart.");
	strbuf_addf(out, "pierre_clock_offset_seconds %.3f\n", (double)k.off_ms / 1e3);
}

static void audit(struct strbuf *out, struct scoreboard *sb)
{
	int64_t since = atomic_load(&sb->audit_waits_since);
	int64_t waits = since ? clock_now() - since : 0;

	metrics_family(out, "audit_unlinked_seconds", "gauge",
	       "How long the oldest event of the audit trail has waited for its link.");
	strbuf_addf(out, "pierre_audit_unlinked_seconds %.3f\n", (double)(waits > 0 ? waits : 0) / 1e3);
	metrics_number(out, "audit_broken_chains", "gauge",
	       "Chains of the audit trail whose head is not good, and whose events wait.",
	       (uint64_t)atomic_load(&sb->audit_broken));
}

void metrics_text(const struct child *c, struct strbuf *out)
{
	metrics_family(out, "info", "gauge", "The program.");
	strbuf_addf(out, "pierre_info{version=\"%s\"} 1\n", PACKAGE_VERSION);
	metrics_number(out, "generation", "gauge", "Configurations since the start: 1, and 1 for each reload.",
	       c->slot->generation);
	metrics_family(out, "requests_total", "counter", "Requests by route and class of status.");
	by_route(out, c->segment, class_lines);
	metrics_family(out, "request_seconds", "histogram", "Time from the request to its reply.");
	by_route(out, c->segment, histogram_lines);
	for (size_t i = 0; i < STAT__COUNT; i++)
		metrics_number(out, stat_rows[i].name, "counter", stat_rows[i].help,
		       stat_total(c->segment, (enum stat_counter)i));
	processes(out, c->scoreboard);
	deaths(out, c->scoreboard);
	slots(out, c->segment);
	rings(out, c->segment);
	clocks(out, c->segment);
	audit(out, c->scoreboard);
	metrics_calls(c, out);
}
