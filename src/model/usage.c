/* model/usage.c - fields of a counter of usage. */
#include "config.h"

#include "model/usage.h"

static const struct field bucket_fields[] = {
	FIELD(struct usage_bucket, start, TIME, 0, "Start of the hour or day, UTC.",
	      .column = "start_at"),
	FIELD(struct usage_bucket, route, TEXT, 0, "Label of the route; empty when all are summed.",
	      .column = "label"),
	FIELD(struct usage_bucket, requests, INT, 0, "Requests that were allowed."),
	FIELD(struct usage_bucket, cost, INT, 0, "What they took from the limits."),
	{ 0 },
};
const struct field_schema usage_bucket_schema =
	FIELD_SCHEMA("UsageBucket", struct usage_bucket, bucket_fields);
