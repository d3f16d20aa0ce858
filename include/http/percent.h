/*
 * http/percent.h - percent-encoding (RFC 3986 section 2.1).
 */
#ifndef PIERRE_HTTP_PERCENT_H
#define PIERRE_HTTP_PERCENT_H

#include <stdbool.h>
#include <stddef.h>

/* Decode n bytes once into out (n + 1 bytes); plus: '+' is a space. False: a
 * bad escape, a control character (NUL too), or the result is not UTF-8. */
bool percent_decode(const char *s, size_t n, bool plus, char *out);

#endif
