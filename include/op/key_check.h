/*
 * op/key_check.h - what the fields of an API key may be. ERR_REQUIRED,
 * ERR_INVALID or ERR_RANGE naming the field otherwise. Pure functions.
 */
#ifndef PIERRE_OP_KEY_CHECK_H
#define PIERRE_OP_KEY_CHECK_H

#include "base/err.h"
#include "base/strings.h"

#define KEY_DAYS_MAX 3650
#define KEY_LIMIT_MAX INT64_C(1000000000)   /* requests in one window */
#define DESCRIPTION_MAX 500                 /* characters */
#define SCOPES_MAX 32
#define SCOPE_LENGTH_MAX 64

/* 1 to 100 characters, not only spaces, no control characters. */
bool key_name_check(const char *name, struct err *err_r);
/* NULL, or at most DESCRIPTION_MAX characters. */
bool key_description_check(const char *text, struct err *err_r);
/* At most SCOPES_MAX words of 1 to SCOPE_LENGTH_MAX of [A-Za-z0-9:._*\/-]. */
bool key_scopes_check(struct strings scopes, struct err *err_r);

#endif
