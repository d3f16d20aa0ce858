/* base/clock.c - clocks and the fixed form of a moment. */
#include "config.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

static int64_t offset_ms, host_offset_ms;
static const _Atomic int64_t *followed;

void clock_set_offset(int64_t seconds, int64_t host_seconds)
{
	offset_ms = seconds * SECOND_MS;
	host_offset_ms = host_seconds * SECOND_MS;
}

int64_t clock_offset(void)
{
	return offset_ms;
}

bool clock_has_offset(void)
{
	return offset_ms != 0 || host_offset_ms != 0;
}

void clock_follow(const _Atomic int64_t *start)
{
	followed = start;
}

static int64_t read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * SECOND_MS + t.tv_nsec / 1000000;
}

int64_t clock_host(void)
{
	return read_clock(CLOCK_REALTIME) + offset_ms + host_offset_ms;
}

/* Read each time, so that a jump of the clock is seen at once. */
int64_t clock_now(void)
{
	int64_t start = followed ? atomic_load_explicit(followed, memory_order_relaxed) : 0;
	int64_t host = clock_host(), other;

	if (start == 0)
		return host;
	other = start + clock_uptime();
	return llabs(host - other) > CLOCK_AGREES_MS ? other : host;
}

int64_t clock_monotonic(void)
{
	return read_clock(CLOCK_MONOTONIC) + MONOTONIC_START;
}

int64_t clock_uptime(void)
{
	return read_clock(CLOCK_BOOTTIME) + MONOTONIC_START;
}

int64_t clock_monotonic_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000 + MONOTONIC_START * 1000;
}

struct timespec clock_monotonic_timespec(int64_t ms)
{
	ms -= MONOTONIC_START;
	return (struct timespec){ .tv_sec = ms / SECOND_MS, .tv_nsec = ms % SECOND_MS * 1000000 };
}

/* The form has four digits for the year, so moments are kept within it. */
void time_format(int64_t ms, char out[TIME_TEXT])
{
	int64_t kept = ms < 0 ? 0 : ms > TIME_LAST ? TIME_LAST : ms;
	time_t s = (time_t)(kept / SECOND_MS);
	char seconds[TIME_TEXT];
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, TIME_TEXT, "%.19s.%03dZ", seconds, (int)(kept % SECOND_MS));
}

static int digits(const char *s, int n)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		v = v * 10 + (s[i] - '0');
	}
	return v;
}

bool time_parse(const char *text, int64_t *ms_r)
{
	char again[TIME_TEXT];
	struct tm tm = { 0 };
	int ms;

	if (!text || strlen(text) != TIME_TEXT - 1)
		return false;
	tm.tm_year = digits(text, 4) - 1900;
	tm.tm_mon = digits(text + 5, 2) - 1;
	tm.tm_mday = digits(text + 8, 2);
	tm.tm_hour = digits(text + 11, 2);
	tm.tm_min = digits(text + 14, 2);
	tm.tm_sec = digits(text + 17, 2);
	ms = digits(text + 20, 3);
	if (ms < 0)
		return false;
	*ms_r = (int64_t)timegm(&tm) * SECOND_MS + ms;
	/* formatted again it must be the same text: this refuses 31 February, 25:00, junk */
	time_format(*ms_r, again);
	return strcmp(again, text) == 0;
}
