/* http/rfc3339.c - RFC 3339 text to milliseconds, on top of time_parse(). */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/window.h"
#include "http/rfc3339.h"

#define MINUTE_MS (INT64_C(60) * SECOND_MS)
#define DATE_TEXT 10      /* YYYY-MM-DD */
#define SECONDS_TEXT 19   /* YYYY-MM-DDTHH:MM:SS */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *take_fraction(const char *p, char millis[4])
{
	if (*p != '.')
		return p;
	if (!is_digit(*++p))
		return NULL;
	for (int i = 0; is_digit(*p); p++, i++)
		if (i < 3)
			millis[i] = *p;
	return p;
}

static bool take_two(const char *p, int max, int *out)
{
	if (!is_digit(p[0]) || !is_digit(p[1]))
		return false;
	*out = (p[0] - '0') * 10 + (p[1] - '0');
	return *out <= max;
}

/* "Z", "+02:00": minutes east of UTC. */
static bool take_offset(const char *p, int64_t *minutes)
{
	int h, m;

	*minutes = 0;
	if (*p == 'Z' || *p == 'z')
		return p[1] == '\0';
	if ((*p != '+' && *p != '-') || !take_two(p + 1, 23, &h) || p[3] != ':' ||
	    !take_two(p + 4, 59, &m) || p[6] != '\0')
		return false;
	*minutes = (*p == '-' ? -1 : 1) * (int64_t)(h * 60 + m);
	return true;
}

/* RFC 3339 section 5.7: only as the last second of a month in UTC. */
static bool is_leap_end(int64_t ms)
{
	return ms - window_start(WINDOW_MONTH, window_id(WINDOW_MONTH, ms)) < SECOND_MS;
}

/* The fixed form of base/clock.h. ":60" is written ":59", and true. */
static bool fix(const char *text, const char millis[4], char fixed[TIME_TEXT])
{
	bool leap = strncmp(text + SECONDS_TEXT - 3, ":60", 3) == 0;

	snprintf(fixed, TIME_TEXT, "%.10sT%.8s.%sZ", text, text + 11, millis);
	if (leap)
		memcpy(fixed + SECONDS_TEXT - 2, "59", 2);
	return leap;
}

bool rfc3339_parse(const char *text, int64_t *ms_r)
{
	char fixed[TIME_TEXT], millis[4] = "000";
	int64_t minutes, ms;

	if (strnlen(text, SECONDS_TEXT + 1) <= SECONDS_TEXT ||
	    (text[10] != 'T' && text[10] != 't'))
		return false;
	const char *p = take_fraction(text + SECONDS_TEXT, millis);
	if (!p || !take_offset(p, &minutes))
		return false;
	bool leap = fix(text, millis, fixed);
	if (!time_parse(fixed, &ms))
		return false;
	ms += (leap ? SECOND_MS : 0) - minutes * MINUTE_MS;
	if (ms < 0 || ms > TIME_LAST || (leap && !is_leap_end(ms)))
		return false;
	*ms_r = ms;
	return true;
}

bool rfc3339_date(const char *text, int64_t *ms_r)
{
	char fixed[TIME_TEXT];

	if (strnlen(text, DATE_TEXT + 1) != DATE_TEXT)
		return false;
	snprintf(fixed, sizeof(fixed), "%sT00:00:00.000Z", text);
	return time_parse(fixed, ms_r) && *ms_r >= 0;
}
