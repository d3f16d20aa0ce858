/*
 * http/rfc3339.h - the times clients may write (RFC 3339, any offset). What we
 * write ourselves is always the fixed form of base/clock.h.
 */
#ifndef PIERRE_HTTP_RFC3339_H
#define PIERRE_HTTP_RFC3339_H

#include <stdbool.h>
#include <stdint.h>

/* Digits after the millisecond are cut off. A leap second, 23:59:60 in UTC at the end
 * of a month, is the second after it, as in POSIX. False: not a time, or outside
 * the years 1970 to 9999 in UTC. */
bool rfc3339_parse(const char *text, int64_t *ms_r);
/* A full-date of RFC 3339, YYYY-MM-DD: its first moment in UTC. */
bool rfc3339_date(const char *text, int64_t *ms_r);

#endif
