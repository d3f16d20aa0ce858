/*
 * model/login_failure.h - failed logins to an account, from one network or all.
 */
#ifndef PIERRE_MODEL_LOGIN_FAILURE_H
#define PIERRE_MODEL_LOGIN_FAILURE_H

#include "base/field.h"

struct login_failure {
	int64_t failures, first_at, last_at, blocked_until, last_success_at, forget_at;
};
extern const struct field_schema login_failure_schema;

#endif
