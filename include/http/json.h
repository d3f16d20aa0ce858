/*
 * http/json.h - strict JSON in, JSON out, both by field tables.
 *
 * Reading (R21): our own pass refuses what json-c lets through -
 * duplicate keys, single quotes, comments, NaN, raw control characters, lone
 * surrogates, \u0000, numbers outside int64/double, depth over 16, bytes after
 * the value, bad UTF-8 - before json-c builds the tree.
 */
#ifndef PIERRE_HTTP_JSON_H
#define PIERRE_HTTP_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/field.h"
#include "base/str.h"

#define JSON_DEPTH_MAX 16

/* Is this one strict JSON text? ERR_MALFORMED says what and at which byte; ERR_RANGE names
 * the member of the outermost object that has more than is kept: a number that is no int64
 * or double or has over 64 bytes, over 1024 names, a depth over JSON_DEPTH_MAX. */
bool json_check(const char *text, size_t n, struct err *err_r);
/* The same for a file that a person writes: ERR_CONFIG says what, in which line. */
bool json_check_file(const char *text, size_t n, struct err *err_r);

/* The value of a JSON number, however it is written, when it is an integer of
 * int64_t: "1.0", "1E1" and "120e-1" are, "1.5" and "1e-1" are not (RFC 8259
 * section 6; JSON Schema 2020-12, 6.1.1). Exact: no double is made of it. The
 * text must have the shape of a JSON number. */
bool json_integer(const char *text, int64_t *out);

/* Object text -> struct `out` (schema->size bytes, zeroed here, absent members
 * set to NULL/INT_NONE/TIME_NONE/false). Not JSON or not an object:
 * ERR_MALFORMED. Unknown, missing, wrongly typed or out-of-bounds field: the
 * error names it (ERR_INVALID, ERR_REQUIRED, ERR_RANGE). Texts are valid UTF-8
 * without NUL. FIELD_UUID is lower-cased. FIELD_TIME takes RFC 3339 with any
 * offset. *given_r (may be NULL): the rows that the text named; null of a row that is
 * not FIELD_NULLABLE, where a view allows it, names nothing. */
bool json_read(const char *text, size_t n, const struct field_schema *schema,
	       struct arena *arena, void *out, struct field_given *given_r, struct err *err_r);

/* Struct -> JSON object text appended to b: the rows that field_shown() has. */
void json_write(struct strbuf *b, const struct field_schema *schema, const void *in);

#endif
