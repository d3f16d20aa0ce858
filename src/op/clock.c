/*
 * Known time: reading the clocks, judging them against the row, and sharing the result
 * with the processes of this host. The rule itself is in op/clock_rule.c.
 */
#include "config.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/str.h"
#include "op/audit.h"
#include "op/clock.h"
#include "shm/known.h"
#include "store/known_time.h"

#define MOVE_MS 60000         /* the row is moved this often */
#define QUICK_MS 1000         /* an answer that took longer does not tell the time */

/* The clock that is judged, and the row. */
struct reading {
	struct known_time row;
	int64_t start, uptime;
	int64_t off_ms;           /* this host's clock less the server's; 0 on SQLite */
	bool server, quick, synchronised;
};

static bool read_clock(struct op *op, struct reading *r, struct err *err_r)
{
	int64_t before = clock_uptime(), took;

	if (!store_known_time_get(op->db, op->arena, &r->row, err_r))
		return false;
	r->uptime = clock_uptime();
	took = r->uptime - before;
	r->quick = took <= QUICK_MS;
	r->server = r->row.server_now != TIME_NONE;
	/* the server read its clock about halfway between */
	r->start = r->server ? r->row.server_now + clock_offset() - (r->uptime - took / 2)
			     : clock_host() - r->uptime;
	r->off_ms = r->server ? clock_host() - clock_uptime() - r->start : 0;
	/* this host's kernel can confirm the server's clock only when both agree */
	r->synchronised = clock_synchronised() && llabs(r->off_ms) <= CLOCK_AGREES_MS;
	return true;
}

static const char *host_id(const struct op *op)
{
	return op->process->segment ? segment_host_id(op->process->segment) : "";
}

/* The row as seen from this host: a row of this boot has advanced by the time that the
 * machine has run since; any other row advances from now on. */
static int64_t start_of(const struct op *op, const struct reading *r)
{
	bool ours = op->process->segment && str_eq(r->row.host_id, host_id(op));

	return r->row.known_at - (ours ? r->row.host_ms : r->uptime);
}

/* *had: known_at of the row as it was read; then as it is. */
static bool move(struct op *op, const struct audit_event *event, const struct reading *r,
		 int64_t *had, bool *moved_r, struct err *err_r)
{
	struct known_time t = {
		.known_at = r->start + r->uptime, .host_id = host_id(op), .host_ms = r->uptime,
	};

	if (!store_known_time_set(op->db, event, &t, *had, moved_r, err_r))
		return false;
	if (*moved_r)
		*had = t.known_at;
	return true;
}

static void share_start(const struct op *op, const struct reading *r)
{
	if (op->process->segment && r->server && r->quick)
		known_set_start(op->process->segment, r->start);
}

bool op_clock_look(struct op *op, struct err *err_r)
{
	struct reading r;

	if (!store_has_clock(op->db))
		return true;
	if (!read_clock(op, &r, err_r))
		return false;
	share_start(op, &r);
	return true;
}

bool op_clock_begin(struct op *op, struct err *err_r)
{
	struct reading r;
	bool moved;

	return read_clock(op, &r, err_r) && (r.row.known_at != TIME_NONE ||
		move(op, NULL, &r, &r.row.known_at, &moved, err_r));
}

/* --- the scheduler's ------------------------------------------------------------- */

static void say(struct clock_watch *w, const struct reading *r)
{
	bool unconfirmed = w->rule.trust != CLOCK_CONFIRMED;
	bool off = llabs(r->off_ms) > CLOCK_AGREES_MS;
	char now[TIME_TEXT], known[TIME_TEXT];

	time_format(r->start + r->uptime, now);
	time_format(w->rule.start + r->uptime, known);
	if (unconfirmed && !w->unconfirmed)
		log_warn("clock_unconfirmed", LOG_S("clock", now), LOG_S("known", known),
			 LOG_S("kept", "what is too old, until the clock is synchronised or "
			       "'pierre clock confirm' says that it is right"));
	if (!unconfirmed && w->unconfirmed)
		log_info("clock_confirmed", LOG_S("clock", now));
	if (off && !w->off)
		log_warn("clock_off", LOG_N("ms", r->off_ms), LOG_S("used", "PostgreSQL's clock"));
	if (!off && w->off)
		log_info("clock_agrees", LOG_N("ms", r->off_ms));
	w->unconfirmed = unconfirmed;
	w->off = off;
}

static void share(const struct op *op, const struct clock_watch *w, const struct reading *r)
{
	share_start(op, r);
	if (op->process->segment)
		known_write(op->process->segment, &(struct known_state){
			.unconfirmed = w->rule.trust != CLOCK_CONFIRMED, .off_ms = r->off_ms,
			.steady_start = w->rule.steady_start, .steady_since = w->rule.steady_since,
		});
}

/* The row that a scheduler finds at its start, and one that another process has
 * written since: `pierre clock confirm`, another host, a database that was restored. */
static void take_row(const struct op *op, struct clock_watch *w, const struct reading *r)
{
	struct known_state state = { 0 };

	if (w->seen_at == 0 && op->process->segment)
		known_read(op->process->segment, &state);
	if (w->seen_at == 0) {
		w->rule.steady_start = state.steady_start;
		w->rule.steady_since = state.steady_since;
	}
	if (r->row.known_at == TIME_NONE)   /* the first reading */
		w->rule.start = r->start;
	else if (r->row.known_at != w->seen_at)
		w->rule.start = start_of(op, r);
	w->seen_at = r->row.known_at;
}

static bool is_due(const struct clock_watch *w, const struct reading *r)
{
	return w->rule.trust == CLOCK_CONFIRMED &&
	       (w->seen_at == TIME_NONE || llabs(r->start + r->uptime - w->seen_at) >= MOVE_MS);
}

bool op_clock_tick(struct op *op, struct clock_watch *w, struct err *err_r)
{
	struct reading r;
	bool moved;

	if (!read_clock(op, &r, err_r))
		return false;
	take_row(op, w, &r);
	r.off_ms = w->off_ms = r.quick ? r.off_ms : w->off_ms;
	clock_judge(&w->rule, r.start, r.uptime, r.synchronised);
	share(op, w, &r);
	say(w, &r);
	return !is_due(w, &r) || move(op, NULL, &r, &w->seen_at, &moved, err_r);
}

/* --- an administrator's ------------------------------------------------------------ */

static const struct field clock_status_fields[] = {
	FIELD(struct clock_status, clock, TIME, 0, NULL),
	FIELD(struct clock_status, known, TIME, 0, NULL),
	FIELD(struct clock_status, ahead_seconds, INT, 0, NULL),
	FIELD(struct clock_status, host_ahead_ms, INT, 0, NULL),
	FIELD(struct clock_status, synchronised, BOOL, 0, NULL),
	FIELD(struct clock_status, confirmed, BOOL, 0, NULL),
	{ 0 },
};
const struct field_schema clock_status_schema =
	FIELD_SCHEMA("ClockStatus", struct clock_status, clock_status_fields);

static void describe(const struct op *op, const struct reading *r, struct clock_status *out)
{
	struct clock_rule rule = { .start = r->row.known_at == TIME_NONE ? r->start : start_of(op, r) };

	*out = (struct clock_status){
		.clock = r->start + r->uptime, .known = rule.start + r->uptime,
		.ahead_seconds = (r->start - rule.start) / SECOND_MS,
		.host_ahead_ms = r->server ? r->off_ms : INT_NONE,
		.synchronised = r->synchronised,
	};
	clock_judge(&rule, r->start, r->uptime, r->synchronised);
	out->confirmed = rule.trust == CLOCK_CONFIRMED;
}

bool op_clock_status(struct op *op, struct clock_status *out, struct err *err_r)
{
	struct reading r;

	if (!read_clock(op, &r, err_r))
		return false;
	describe(op, &r, out);
	return true;
}

bool op_clock_confirm(struct op *op, struct clock_status *out, struct err *err_r)
{
	struct audit_event event = op_audit(op, AUDIT_CLOCK_CONFIRMED, NULL);
	struct reading r;
	bool moved;

	if (!read_clock(op, &r, err_r) ||
	    !move(op, &event, &r, &r.row.known_at, &moved, err_r))
		return false;
	return moved ? op_clock_status(op, out, err_r)
		     : err_set(err_r, ERR_CONFLICT, "The known time was moved by another process just "
			       "now; run this again");
}
