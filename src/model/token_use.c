/* model/token_use.c - fields of a call by a token. */
#include "config.h"

#include "model/token_use.h"

static const struct field use_fields[] = {
	FIELD(struct token_use, id, UUID, 0, "Id of the call"),
	FIELD(struct token_use, token_id, UUID, 0, "The admin token"),
	FIELD(struct token_use, timestamp, TIME, 0, "When it was called"),
	FIELD(struct token_use, action, TEXT, 0, "operationId of what it called"),
	FIELD(struct token_use, target_resource, TEXT, FIELD_NULLABLE, "Id of what it was about"),
	FIELD(struct token_use, ip_address, TEXT, FIELD_NULLABLE, "Where it came from"),
	FIELD(struct token_use, user_agent, TEXT, FIELD_NULLABLE, "What the client calls itself"),
	FIELD(struct token_use, success, BOOL, 0, "Was it done?"),
	FIELD(struct token_use, status_code, INT, 0, "HTTP status of the answer"),
	FIELD(struct token_use, response_time_ms, INT, FIELD_NULLABLE,
	      "Milliseconds until it was written down"),
	FIELD(struct token_use, request_id, TEXT, FIELD_NULLABLE,
	      "Names the request in the log and in the audit trail"),
	{ 0 },
};
const struct field_schema token_use_schema =
	FIELD_SCHEMA("TokenUse", struct token_use, use_fields);

static const struct field query_fields[] = {
	FIELD(struct token_use_query, from, TIME, FIELD_NULLABLE, "The first moment"),
	FIELD(struct token_use_query, to, TIME, FIELD_NULLABLE, "The moment after the last"),
	PAGE_IN_ROWS(struct token_use_query, page.),
	{ 0 },
};
const struct field_schema token_use_query_schema =
	FIELD_SCHEMA("TokenUseQuery", struct token_use_query, query_fields);
