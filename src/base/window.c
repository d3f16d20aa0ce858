/*
 * base/window.c - calendar windows in UTC. Hours and days are counted since
 * 1970, weeks since Monday, 29 December 1969 (ISO 8601), months since January 1970; a
 * moment before 1970 is in window 0.
 */
#include "config.h"

#include "base/clock.h"
#include "base/str.h"
#include "base/window.h"

#define HOUR_MS (3600 * SECOND_MS)

/* ms; 0: as long as the calendar says */
static const int64_t lengths[WINDOW__COUNT] = {
	[WINDOW_HOUR] = HOUR_MS, [WINDOW_DAY] = DAY_MS, [WINDOW_WEEK] = 7 * DAY_MS,
	[WINDOW_MONTH] = 0,
};

/* ms from the beginning of window 0 to 1970: that was a Thursday */
static const int64_t offsets[WINDOW__COUNT] = { [WINDOW_WEEK] = 3 * DAY_MS };

const char *const window_words[WINDOW__COUNT + 1] = {
	[WINDOW_HOUR] = "hour", [WINDOW_DAY] = "day", [WINDOW_WEEK] = "week",
	[WINDOW_MONTH] = "month",
};

/*
 * Months by arithmetic, each request has several (Howard Hinnant,
 * "chrono-Compatible Low-Level Date Algorithms"): years begin in March, so that
 * the leap day is the last of a year, and the calendar repeats every 400 years.
 * gmtime_r() and timegm() take a lock and look at the time zone.
 */
#define ERA_DAYS 146097       /* 400 years */
#define EPOCH_DAY 719468      /* 1970-01-01, counted from 0000-03-01 */
#define EPOCH_MONTH (1970 * 12 - 2)

static uint32_t month_id(int64_t now_ms)
{
	int64_t day = now_ms / DAY_MS + EPOCH_DAY, in_era = day % ERA_DAYS;
	int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	int64_t in_year = in_era - (365 * year + year / 4 - year / 100);

	return (uint32_t)((day / ERA_DAYS * 400 + year) * 12 + (5 * in_year + 2) / 153 - EPOCH_MONTH);
}

static int64_t month_start(uint32_t id)
{
	int64_t month = (int64_t)id + EPOCH_MONTH, year = month / 12;

	return (year * 365 + year / 4 - year / 100 + year / 400 + (153 * (month % 12) + 2) / 5 -
		EPOCH_DAY) * DAY_MS;
}

uint32_t window_id(enum window_kind k, int64_t now_ms)
{
	int64_t ms = now_ms < 0 ? 0 : now_ms;

	return lengths[k] ? (uint32_t)((ms + offsets[k]) / lengths[k]) : month_id(ms);
}

int64_t window_start(enum window_kind k, uint32_t id)
{
	return lengths[k] ? id * lengths[k] - offsets[k] : month_start(id);
}

int64_t window_end(enum window_kind k, uint32_t id)
{
	return window_start(k, id + 1);
}

const char *window_name(enum window_kind k)
{
	return window_words[k];
}

enum window_kind window_named(const char *word)
{
	for (int k = 0; k < WINDOW__COUNT; k++)
		if (str_eq(window_words[k], word))
			return (enum window_kind)k;
	return WINDOW_MONTH;
}
