/* model/token_use.h - what one call by a token of a program did. */
#ifndef PIERRE_MODEL_TOKEN_USE_H
#define PIERRE_MODEL_TOKEN_USE_H

#include "base/field.h"
#include "model/page.h"

struct token_use {
	const char *id, *token_id, *action, *target_resource, *ip_address, *user_agent;
	const char *request_id;
	int64_t timestamp;
	bool success;
	int64_t status_code, response_time_ms;
	bool written;                      /* the transaction of a write has it; no column */
};
extern const struct field_schema token_use_schema;   /* "TokenUse" */

/* Those since `from` and before `to`; TIME_NONE = no bound. */
struct token_use_query {
	struct page_in page;
	int64_t from, to;
};
extern const struct field_schema token_use_query_schema;

#endif
