/*
 * model/check.h - what is accepted as a name or a slug: a field_check_fn
 * (base/field.h) each, for the rows that hold one. Pure functions.
 */
#ifndef PIERRE_MODEL_CHECK_H
#define PIERRE_MODEL_CHECK_H

#include "base/err.h"

#define NAME_MAX_CHARS 100
#define NAME_RULE "; no control or format characters, not only blanks"   /* in documentation */
#define NAME_BOUNDS .min = 1, .max = NAME_MAX_CHARS, .check = name_check
#define SLUG_MAX 63

/* Of users, tenants and keys: 1..NAME_MAX_CHARS characters of UTF-8, no control or
 * format characters, not only blank or invisible ones; NULL is accepted. */
bool name_check(const char *name, const char *field, struct err *err_r);
/* 1..SLUG_MAX of [a-z0-9-], no hyphen at an edge, not a reserved word. */
bool slug_check(const char *slug, const char *field, struct err *err_r);
#define SLUG_PERSONAL "personal-"   /* then the user's id: of personal tenants alone */
/* At least two labels of [a-z0-9-] with dots between; an international one as xn--. */
bool domain_check(const char *domain, const char *field, struct err *err_r);
/* No control characters, nor others that end a line: it can stand in the line of a header. */
bool line_check(const char *text, const char *field, struct err *err_r);
/* Visible ASCII characters alone, as ids, secrets and scopes of OAuth 2.0 and URIs have. */
bool visible_check(const char *text, const char *field, struct err *err_r);

#endif
