/* model/usage.c - fields of a counter of usage. */
#include "config.h"

#include "model/usage.h"

const char *const usage_bucket_words[] = { "hour", "day", NULL };

static const struct field query_fields[] = {
	FIELD_AS("start_date", struct usage_query, from, TIME, FIELD_NULLABLE,
		 "From here on; 30 days before end_date when left out. A date alone is its "
		 "midnight, UTC"),
	FIELD_AS("end_date", struct usage_query, to, TIME, FIELD_NULLABLE,
		 "Up to here; now when left out. A date alone is its midnight, UTC"),
	FIELD(struct usage_query, bucket, TEXT, FIELD_NULLABLE,
	      "hour or day; hour when left out", .values = usage_bucket_words),
	FIELD(struct usage_query, by_route, BOOL, 0,
	      "One row for each route too; false when left out"),
	{ 0 },
};
const struct field_schema usage_query_schema =
	FIELD_SCHEMA("UsageQuery", struct usage_query, query_fields);

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
