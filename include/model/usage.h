/*
 * model/usage.h - a request that was let through, and counters of such.
 */
#ifndef PIERRE_MODEL_USAGE_H
#define PIERRE_MODEL_USAGE_H

#include "base/field.h"

struct usage_row {           /* what the recorder writes; texts point into the batch */
	uint64_t seq;        /* in its ring */
	uint32_t ring;
	int64_t time_ms;
	const char *request_id, *key_id, *user_id, *tenant_id, *route, *method, *address, *user_agent;
	int64_t cost;
};

/* A report that is asked for. */
struct usage_query {
	int64_t from, to;    /* TIME_NONE: the last 30 days until now */
	const char *bucket;  /* "hour" (also NULL) or "day" */
	bool by_route;       /* one row for each route too */
};
extern const struct field_schema usage_query_schema;
extern const char *const usage_bucket_words[];   /* NULL at the end */

/* Counters: one bucket of time, for one route label or all ("" = all). */
struct usage_bucket {
	int64_t start;       /* of the hour or day, ms */
	const char *route;
	int64_t requests, cost;
};
extern const struct field_schema usage_bucket_schema;   /* "UsageBucket" */

#endif
