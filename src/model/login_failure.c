/* model/login_failure.c - fields of a count of failed logins. */
#include "config.h"

#include "model/login_failure.h"

static const struct field failure_fields[] = {
	FIELD(struct login_failure, failures, INT, 0, NULL),
	FIELD(struct login_failure, first_at, TIME, 0, NULL),
	FIELD(struct login_failure, last_at, TIME, 0, NULL),
	FIELD(struct login_failure, blocked_until, TIME, 0, NULL),
	FIELD(struct login_failure, last_success_at, TIME, 0, NULL),
	FIELD(struct login_failure, forget_at, TIME, 0, NULL),
	{ 0 },
};
const struct field_schema login_failure_schema =
	FIELD_SCHEMA("LoginFailure", struct login_failure, failure_fields);
