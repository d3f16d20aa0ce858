/*
 * base/window.c - calendar windows in UTC. Hours and days are counted since
 * 1970, months since January 1970; a moment before that is in window 0.
 */
#include "config.h"

#include <time.h>

#include "base/clock.h"
#include "base/window.h"

#define HOUR_MS (3600 * SECOND_MS)

static const struct {
	const char *name;
	int64_t ms;              /* 0: as long as the calendar says */
} rows[WINDOW__COUNT] = {
	[WINDOW_HOUR] = { "hour", HOUR_MS },
	[WINDOW_DAY] = { "day", DAY_MS },
	[WINDOW_MONTH] = { "month", 0 },
};

static uint32_t month_id(int64_t now_ms)
{
	time_t s = (time_t)(now_ms / SECOND_MS);
	struct tm tm;

	gmtime_r(&s, &tm);
	return (uint32_t)((tm.tm_year - 70) * 12 + tm.tm_mon);
}

uint32_t window_id(enum window_kind k, int64_t now_ms)
{
	int64_t ms = now_ms < 0 ? 0 : now_ms;

	return rows[k].ms ? (uint32_t)(ms / rows[k].ms) : month_id(ms);
}

int64_t window_start(enum window_kind k, uint32_t id)
{
	struct tm tm = { .tm_year = 70 + (int)(id / 12), .tm_mon = (int)(id % 12), .tm_mday = 1 };

	return rows[k].ms ? id * rows[k].ms : (int64_t)timegm(&tm) * SECOND_MS;
}

int64_t window_end(enum window_kind k, uint32_t id)
{
	return window_start(k, id + 1);
}

const char *window_name(enum window_kind k)
{
	return rows[k].name;
}
