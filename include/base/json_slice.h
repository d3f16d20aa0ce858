/*
 * base/json_slice.h - look into a JSON text where it stands, without building anything: for
 * what another service sent, of which a few members are wanted, and whose other members may
 * be anything. Numbers are not judged (http/json.h has the strict reader).
 *
 * The text ends with a NUL. Nothing is copied but by json_slice_text().
 */
#ifndef PIERRE_BASE_JSON_SLICE_H
#define PIERRE_BASE_JSON_SLICE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/* A value, from its first byte; s NULL: there is none. */
struct json_slice {
	const char *s;
	size_t n;
};

/* The one value that the text is. False: it is not JSON, is cut, or is too deep. */
bool json_slice_read(const char *text, size_t n, struct json_slice *out);

/* The member or item after *at (*at = { 0 }: the first) of an object or array. name_r
 * (may be NULL): the literal of its name, { 0 } in an array. */
bool json_slice_next(struct json_slice in, struct json_slice *at, struct json_slice *name_r);
/* By name; "athlete.id" is the member id of the member athlete. { 0 }: there is none. */
struct json_slice json_slice_member(struct json_slice object, const char *path);

bool json_slice_is_null(struct json_slice v);   /* also of none */
/* The text of a string; NULL: it is none, or holds what no text can. */
const char *json_slice_text(struct arena *arena, struct json_slice v);
/* The same also of a number, true and false, as they are written. */
const char *json_slice_word(struct arena *arena, struct json_slice v);

#endif
