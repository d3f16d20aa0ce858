/*
 * op/owner.h - may the credentials of this user be used?
 */
#ifndef PIERRE_OP_OWNER_H
#define PIERRE_OP_OWNER_H

#include <stdbool.h>

#include "base/err.h"

/* ERR_FORBIDDEN reason pending|suspended unless the status is active. */
bool owner_check(const char *user_status, struct err *err_r);

#endif
