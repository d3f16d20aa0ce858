/*
 * op/clock.h - known time: what cannot be undone (months of usage, leases, sessions,
 * login failures, changes) is deleted by it; expiry and windows follow clock_now().
 *
 * The clock that is judged (op/clock_rule.h) is PostgreSQL's, which all hosts of one
 * database follow, or on SQLite the host's. The known time is a row in the database
 * (store/known_time.h). Usage rows prove nothing: one request with a wrong clock writes
 * one.
 */
#ifndef PIERRE_OP_CLOCK_H
#define PIERRE_OP_CLOCK_H

#include "base/field.h"
#include "op/clock_rule.h"
#include "op/op.h"

/* A process begins: ask PostgreSQL for the time, so that clock_now() is right from
 * its first request on. SQLite: nothing. */
bool op_clock_look(struct op *op, struct err *err_r);
/* Before a database is served: a new one takes the first reading of its clock. */
bool op_clock_begin(struct op *op, struct err *err_r);

/* Of the scheduler; zeroed = it knows nothing yet. */
struct clock_watch {
	struct clock_rule rule;
	int64_t seen_at;           /* known_at of the row that was last read or written */
	int64_t off_ms;            /* of the last quick answer */
	bool unconfirmed, off;     /* the log says so */
};
/* Each second: read the clock, judge it, share what came out, and move the row once
 * a minute. False: the database was not there; what was known goes on. */
bool op_clock_tick(struct op *op, struct clock_watch *w, struct err *err_r);

struct clock_status {
	int64_t clock;             /* what it says */
	int64_t known;             /* what is known to be the time, as far as the row tells */
	int64_t ahead_seconds;     /* of the clock; negative = it is behind */
	int64_t host_ahead_ms;     /* of this host's clock, against PostgreSQL's; INT_NONE on SQLite */
	bool synchronised, confirmed;
};
extern const struct field_schema clock_status_schema;
bool op_clock_status(struct op *op, struct clock_status *out, struct err *err_r);
/* An administrator says that the clock is right. ERR_CONFLICT: it was moved by
 * another process just now. */
bool op_clock_confirm(struct op *op, struct clock_status *out, struct err *err_r);

#endif
