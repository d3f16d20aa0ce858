/*
 * base/origin.h - origins of web pages, as browsers send them in the Origin
 * header (RFC 6454 section 6.2): scheme://host[:port].
 */
#ifndef PIERRE_BASE_ORIGIN_H
#define PIERRE_BASE_ORIGIN_H

#include <stdbool.h>

#include "base/arena.h"

/* A list as an operator writes it (blanks or commas between) to one with a
 * single blank between, on the arena; "" stays "". NULL: *bad_r is the first
 * that no browser would send: upper case, a path, a '/' at the end, the port
 * that the scheme has anyway, "null", "*". */
const char *origins_read(struct arena *arena, const char *text, const char **bad_r);

/* Is it in a list of origins_read's? Byte by byte; a prefix is another origin. */
bool origins_have(const char *list, const char *origin);

#endif
