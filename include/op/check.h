/*
 * op/check.h - what is accepted as a name or a slug.
 * Each names the field at fault. Pure functions.
 */
#ifndef PIERRE_OP_CHECK_H
#define PIERRE_OP_CHECK_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "model/user.h"

#define NAME_MAX_CHARS 100
#define NAME_RULE "; no control or format characters, not only blanks"   /* in documentation */
#define SLUG_MAX 63
#define REASON_MAX 500         /* characters */

/* Of users, tenants and keys: 1..NAME_MAX_CHARS characters of UTF-8, no control or
 * format characters, not only blank or invisible ones; NULL is accepted. */
bool name_check(const char *name, const char *field, struct err *err_r);
/* 1..SLUG_MAX of [a-z0-9-], no hyphen at an edge, not a reserved word. */
bool slug_check(const char *slug, const char *field, struct err *err_r);
/* A slug from any text, with a random end that makes it unique. */
const char *slug_make(struct arena *arena, const char *text);

#endif
