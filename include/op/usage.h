/*
 * op/usage.h - records of /verify: a row for each request that is let through, a counter
 * of refusals; and the report.
 */
#ifndef PIERRE_OP_USAGE_H
#define PIERRE_OP_USAGE_H

#include "base/field.h"
#include "model/usage.h"
#include "op/credential.h"
#include "op/scope.h"

/* One request that is let through. */
struct usage_of {
	const struct credential *by;
	const char *route, *method;
	uint32_t cost;
};
/* Before anything is charged: ERR_UNAVAILABLE while a row of this worker that came
 * too late (op->result.late) is not committed yet. */
bool op_usage_ready(const struct op *op, struct err *err_r);
/* Into the ring of this worker, from where the recorder takes it;
 * op->result.recorded says where. ERR_UNAVAILABLE when the ring is full for longer
 * than 50 ms: then it must not be let through. */
bool op_usage_record(struct op *op, const struct usage_of *use, struct err *err_r);

/* A request that was not let through: counted by reason. */
void op_usage_refused(const struct op *op, const struct err *err);

#define USAGE_HOURLY_DAYS 31
#define USAGE_DAILY_DAYS 366

struct usage_report {
	int64_t from, to;              /* [from, to), edges of hours or days */
	int64_t requests, cost;        /* of all buckets */
	struct field_list buckets;     /* struct usage_bucket, oldest first */
};
/* Usage is counted by the whole hour or day (UTC). A time between two edges stands
 * for the later one, so that two ranges that meet count nothing twice and the hour
 * of now is in the report; out says the edges. ERR_NOT_FOUND: the key is not in
 * scope. ERR_RANGE field end_date: the range is empty, is longer than
 * USAGE_HOURLY_DAYS or USAGE_DAILY_DAYS, or has no whole hour or day in it: the
 * sentence then names the nearest edges. */
bool op_usage_report(struct op *op, struct scope scope, const char *key_id,
		     const struct usage_query *in, struct usage_report *out,
		     struct err *err_r);

#endif
