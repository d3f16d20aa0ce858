/*
 * base/clock.h - the two clocks, and the one text form of a moment.
 *
 * A moment is int64_t milliseconds since 1970-01-01T00:00:00Z; TIME_NONE
 * stands for "no moment" (SQL NULL, JSON null). The text form is always
 * YYYY-MM-DDTHH:MM:SS.sssZ, so text order is time order.
 *
 * For tests only: PIERRE_CLOCK_OFFSET is added to the clock of this host and to
 * what the database says of its own, PIERRE_HOST_CLOCK_OFFSET to the first alone.
 *
 * A monotonic moment counts from MONOTONIC_START before the machine started, so
 * 0, which zeroed memory holds, is further in the past than any interval here:
 * it means "never" also on a machine that has been up for a second.
 */
#ifndef PIERRE_BASE_CLOCK_H
#define PIERRE_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define TIME_NONE INT64_MIN
#define TIME_LAST INT64_C(253402300799999)  /* 9999-12-31T23:59:59.999Z */
#define TIME_TEXT 25  /* 24 characters and NUL */
#define SECOND_MS INT64_C(1000)
#define DAY_MS (INT64_C(86400) * SECOND_MS)
#define MONOTONIC_START (3650 * DAY_MS)

#define CLOCK_AGREES_MS (2 * SECOND_MS)   /* clocks no further apart agree */

void clock_set_offset(int64_t seconds, int64_t host_seconds);
int64_t clock_offset(void);     /* ms: of PIERRE_CLOCK_OFFSET */
bool clock_has_offset(void);    /* of either */

/* Wall clock, ms: this host's, or the one that is followed when they disagree. */
int64_t clock_now(void);
int64_t clock_host(void);       /* this host's own */
/* Follow another clock: *start is what it said when clock_uptime() was 0, or 0 as
 * long as that is not known; it is in shared memory and stays. NULL: follow none. */
void clock_follow(const _Atomic int64_t *start);
/* Is this host's clock synchronised? The kernel says so (adjtimex(2): neither TIME_ERROR
 * nor STA_UNSYNC), or systemd-timesyncd set it in the last hour. False when neither can
 * be read, and with an offset. */
bool clock_synchronised(void);

int64_t clock_monotonic(void);  /* never steps; ms; for deadlines */
int64_t clock_monotonic_us(void);
int64_t clock_uptime(void);     /* the same and the time that the machine slept */
/* A moment of clock_monotonic() as the kernel counts CLOCK_MONOTONIC. */
struct timespec clock_monotonic_timespec(int64_t ms);

void time_format(int64_t ms, char out[TIME_TEXT]);
bool time_parse(const char *text, int64_t *ms_r);  /* exactly the fixed form */

#endif
