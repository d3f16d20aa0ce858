/*
 * op/key_check.h - what the fields of an API key may be. ERR_REQUIRED,
 * ERR_INVALID or ERR_RANGE naming the field otherwise. Pure functions.
 */
#ifndef PIERRE_OP_KEY_CHECK_H
#define PIERRE_OP_KEY_CHECK_H

#include "base/arena.h"
#include "base/err.h"

#define KEY_DAYS_MAX 3650
#define KEY_LIMIT_MAX INT64_C(1000000000)   /* requests in one window */
#define DESCRIPTION_MAX 500                 /* characters */
#define SCOPES_MAX 32
#define SCOPE_LENGTH_MAX 64

/* 1 to 100 characters, not only spaces, no control characters. */
bool key_name_check(const char *name, struct err *err_r);
/* NULL, or at most DESCRIPTION_MAX characters. */
bool key_description_check(const char *text, struct err *err_r);
/* JSON array of at most SCOPES_MAX strings of 1 to SCOPE_LENGTH_MAX of [A-Za-z0-9:._*\/-]; NULL = [].
 * *canonical_r: the same without spaces and escapes. */
bool key_scopes_check(struct arena *arena, const char *json, const char **canonical_r,
		      struct err *err_r);
/* Is each word of `canonical` also one of `all`? [] is within every list. */
bool key_scopes_within(const char *canonical, const char *all);

#endif
