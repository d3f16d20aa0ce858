/*
 * base/strings.h - a list of strings, such as the scopes of an API key, and the JSON
 * array that a body and a column hold of it.
 */
#ifndef PIERRE_BASE_STRINGS_H
#define PIERRE_BASE_STRINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

struct strings {
	const char *const *items;   /* n of them; NULL: there is no list (JSON and SQL null) */
	size_t n;
};

/* The list of these: STRINGS("read", "write"), STRINGS(). In a function it lives as
 * long as the block. */
#define STRINGS(...) ((struct strings){ STRINGS_ITEMS(__VA_ARGS__), \
	sizeof(STRINGS_ITEMS(__VA_ARGS__)) / sizeof(const char *) - 1 })
#define STRINGS_ITEMS(...) ((const char *const[]){ __VA_ARGS__ __VA_OPT__(,) NULL })

extern const struct strings strings_empty;   /* a list without any */

bool strings_have(struct strings list, const char *word);
/* Is each word of `some` also one of `all`? */
bool strings_within(struct strings some, struct strings all);
/* "read write" of a list and " "; "" of none. */
const char *strings_join(struct arena *arena, struct strings list, const char *separator);
/* The list of "read,write"; "" is the empty list. */
struct strings strings_split(struct arena *arena, const char *text, char separator);

/* ["read","write"], or null. */
void strings_to_json(struct strbuf *b, struct strings list);
/* False: it is not a JSON array of strings, or one of them has a NUL. */
bool strings_from_json(struct arena *arena, const char *json, struct strings *out);

#endif
