/*
 * http/json_canon.h - one text for each JSON value, as a client wrote it and as
 * either database gives it back: no blanks, members in the order of their names' bytes, a number
 * with an integral value of int64_t as an integer (1.0 and 1e2 too), another one by the
 * fewest digits that are its double: 0.1, 1.5e-7, 1e300. For src/http only.
 */
#ifndef PIERRE_HTTP_JSON_CANON_H
#define PIERRE_HTTP_JSON_CANON_H

#include "base/err.h"
#include "base/str.h"

struct json_object;   /* json-c */

#define JSON_MEMBERS_MAX 1000

/* Append an object that json_check() has let pass. ERR_RANGE naming `name`: it has more
 * than JSON_MEMBERS_MAX members, those of its members too. */
bool json_canon(struct strbuf *b, struct json_object *object, const char *name, struct err *err_r);

/* The same of a text that came from a database: PostgreSQL writes 1e300 as an integer of
 * 301 digits. What is no object, which is a fault of ours, is {}. */
void json_canon_text(struct strbuf *b, const char *text);

#endif
