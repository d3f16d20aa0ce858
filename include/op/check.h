/*
 * op/check.h - what is accepted as an e-mail address, a name, a slug.
 * Each names the field at fault. Pure functions.
 */
#ifndef PIERRE_OP_CHECK_H
#define PIERRE_OP_CHECK_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define EMAIL_MAX 254          /* bytes */
#define NAME_MAX_CHARS 100
#define SLUG_MAX 63
#define REASON_MAX 500         /* characters */

/* The form that is compared: ASCII folded, other bytes as they are. */
const char *email_fold(struct arena *arena, const char *email);

/* op/user.h has the rule. */
bool email_check(const char *email, struct err *err_r);
/* 1..NAME_MAX_CHARS characters of UTF-8 without controls, not blank; NULL is accepted. */
bool name_check(const char *name, const char *field, struct err *err_r);
/* 1..SLUG_MAX of [a-z0-9-], no hyphen at an edge, not a reserved word. */
bool slug_check(const char *slug, const char *field, struct err *err_r);
/* A slug from any text, with a random end that makes it unique. */
const char *slug_make(struct arena *arena, const char *text);

#endif
