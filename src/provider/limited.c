/*
 * provider/limited.c - until when a provider wants no more requests: Retry-After (RFC 9110
 * section 10.2.3), or the headers that its row names.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/str.h"
#include "provider/reply.h"

#define DEFAULT_MS (60 * SECOND_MS)      /* when nothing says it */
#define LONGEST_MS DAY_MS                /* what is later is a mistake */
#define EPOCH_LEAST INT64_C(1000000000)  /* 2001: so many seconds are a moment, not a pause */
#define EPOCH_MOST INT64_C(253402300799) /* the last second of year 9999 */
#define QUARTER_MS (900 * SECOND_MS)

const char *const reply_limit_headers[] = {
	"Retry-After", "X-RateLimit-Limit", "X-RateLimit-Usage", "X-ReadRateLimit-Limit",
	"X-ReadRateLimit-Usage", "X-RateLimit-Reset", NULL,
};

const char *reply_header(const char *headers, const char *name, struct arena *arena)
{
	size_t n = strlen(name), len;

	for (const char *p = headers; *p; p += len + (p[len] == '\n')) {
		len = strcspn(p, "\n");
		if (len <= n || p[n] != ':' || strncasecmp(p, name, n) != 0)
			continue;
		const char *from = p + n + 1, *to = p + len;
		while (from < to && (*from == ' ' || *from == '\t'))
			from++;
		while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
			to--;
		return arena_strndup(arena, from, (size_t)(to - from));
	}
	return NULL;
}

static bool is_number(const char *text)
{
	return *text && !text[strspn(text, "0123456789")];
}

/* Seconds, or a date of HTTP. TIME_NONE: neither. */
static int64_t retry_after(const char *text, int64_t now)
{
	struct tm tm = { 0 };
	int64_t s;
	const char *end;

	if (!text)
		return TIME_NONE;
	if (is_number(text))
		return now + (str_int(text, 0, LONGEST_MS / SECOND_MS, &s) ? s * SECOND_MS : LONGEST_MS);
	end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	return end && !*end ? (int64_t)timegm(&tm) * SECOND_MS : TIME_NONE;
}

/* The first or second number of "200,2000"; -1: there is none. */
static long long number(const char *pair, bool second)
{
	const char *comma = pair && second ? strchr(pair, ',') : NULL;

	if (!pair || (second && !comma))
		return -1;
	return strtoll(second ? comma + 1 : pair, NULL, 10);
}

static bool used_up(const char *limits, const char *used, bool second)
{
	long long limit = number(limits, second);

	return limit > 0 && number(used, second) >= limit;
}

/* Natural quarters of an hour, and days of UTC; of all requests, and of those that read. */
static int64_t quarter_day(const char *headers, int64_t now, struct arena *arena)
{
	static const struct { const char *limit, *usage; } pairs[] = {
		{ "X-RateLimit-Limit", "X-RateLimit-Usage" },
		{ "X-ReadRateLimit-Limit", "X-ReadRateLimit-Usage" },
	};
	int64_t until = TIME_NONE;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const char *limit = reply_header(headers, pairs[i].limit, arena);
		const char *usage = reply_header(headers, pairs[i].usage, arena);

		if (used_up(limit, usage, true))
			return now - now % DAY_MS + DAY_MS;
		if (used_up(limit, usage, false))
			until = now - now % QUARTER_MS + QUARTER_MS;
	}
	return until;
}

/* Seconds, or the second of the epoch: providers send either. */
static int64_t reset(const char *headers, int64_t now, struct arena *arena)
{
	const char *text = reply_header(headers, "X-RateLimit-Reset", arena);
	int64_t s;

	return str_int(text, EPOCH_LEAST, EPOCH_MOST, &s) ? s * SECOND_MS : retry_after(text, now);
}

static bool none_left(const char *headers, struct arena *arena)
{
	return str_eq(reply_header(headers, "X-RateLimit-Remaining", arena), "0");
}

/* `until` of quarter_day looks itself at what is left. */
static const struct {
	const char *word;
	int64_t (*until)(const char *headers, int64_t now, struct arena *arena);
	bool (*used_up)(const char *headers, struct arena *arena);
} forms[] = { { "quarter_day", quarter_day, NULL }, { "reset", reset, none_left } };

int64_t reply_limited_until(const struct provider *p, const char *headers, int64_t now)
{
	struct arena *arena = arena_new();
	int64_t until = retry_after(reply_header(headers, "Retry-After", arena), now);

	for (size_t i = 0; until == TIME_NONE && i < sizeof(forms) / sizeof(forms[0]); i++)
		if (str_eq(p->rate_headers, forms[i].word))
			until = forms[i].until(headers, now, arena);
	arena_free(&arena);
	if (until == TIME_NONE || until <= now)
		return now + (until == TIME_NONE ? DEFAULT_MS : SECOND_MS);
	return until - now > LONGEST_MS ? now + LONGEST_MS : until;
}

static int64_t used_up_until(const struct provider *p, const char *headers, int64_t now)
{
	struct arena *arena = arena_new();
	int64_t until = TIME_NONE;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (str_eq(p->rate_headers, forms[i].word) &&
		    (!forms[i].used_up || forms[i].used_up(headers, arena)))
			until = forms[i].until(headers, now, arena);
	arena_free(&arena);
	if (until == TIME_NONE || until <= now)
		return TIME_NONE;
	return until - now > LONGEST_MS ? now + LONGEST_MS : until;
}

int64_t reply_shut_until(const struct provider *p, int status, const char *headers, int64_t now)
{
	return status == 429 ? reply_limited_until(p, headers, now) : used_up_until(p, headers, now);
}
