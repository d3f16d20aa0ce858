/*
 * http/params.h - the FastCGI parameters of one request, by name.
 * A request asks for about thirty of them, so they are indexed once.
 */
#ifndef PIERRE_HTTP_PARAMS_H
#define PIERRE_HTTP_PARAMS_H

#include <stdbool.h>
#include <stddef.h>

#define PARAMS_MAX 100                  /* R3 */
#define PARAMS_BYTES 65536
#define PARAMS_BUCKETS 64

struct params {
	const char *pairs[PARAMS_MAX];          /* NAME=value */
	size_t n;
	unsigned char first[PARAMS_BUCKETS];    /* 1 + index of the first in it; 0 = none */
	unsigned char next[PARAMS_MAX];         /* in the same bucket */
};

/* Of a FastCGI environment (NULL-terminated), which must stay. False: too many
 * or too large; those before the limit are there. */
bool params_index(struct params *p, char *const *from);

/* Of the first one with that name; NULL = there is none. */
const char *params_find(const struct params *p, const char *name);
bool params_twice(const struct params *p, const char *name);

#endif
