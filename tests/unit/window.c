/* tests/unit/window.c - calendar windows in UTC. */
#include "config.h"

#include <time.h>

#include "base/clock.h"
#include "base/window.h"
#include "tap.h"

static int64_t at(const char *text)
{
	int64_t ms = TIME_NONE;

	ok(time_parse(text, &ms), "%s is a moment", text);
	return ms;
}

static void test_edges(void)
{
	static const struct { enum window_kind kind; const char *last, *first; } rows[] = {
		{ WINDOW_HOUR, "2026-11-30T23:59:59.999Z", "2026-12-01T00:00:00.000Z" },
		{ WINDOW_HOUR, "2026-03-29T00:59:59.999Z", "2026-03-29T01:00:00.000Z" },
		{ WINDOW_DAY, "2026-12-31T23:59:59.999Z", "2027-01-01T00:00:00.000Z" },
		{ WINDOW_DAY, "2028-02-28T23:59:59.999Z", "2028-02-29T00:00:00.000Z" },
		{ WINDOW_WEEK, "2026-11-29T23:59:59.999Z", "2026-11-30T00:00:00.000Z" },
		{ WINDOW_WEEK, "2027-01-03T23:59:59.999Z", "2027-01-04T00:00:00.000Z" },
		{ WINDOW_WEEK, "1970-01-04T23:59:59.999Z", "1970-01-05T00:00:00.000Z" },
		{ WINDOW_MONTH, "2026-12-31T23:59:59.999Z", "2027-01-01T00:00:00.000Z" },
		{ WINDOW_MONTH, "2028-02-29T23:59:59.999Z", "2028-03-01T00:00:00.000Z" },
		{ WINDOW_MONTH, "2100-02-28T23:59:59.999Z", "2100-03-01T00:00:00.000Z" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum window_kind k = rows[i].kind;
		int64_t last = at(rows[i].last), first = at(rows[i].first);
		uint32_t id = window_id(k, first);

		is_int(window_id(k, last) + 1, id, "the next id");
		is_int(window_start(k, id), first, "starts there");
		is_int(window_end(k, id - 1), first, "where the one before ends");
	}
}

static void test_contiguous(void)
{
	for (int k = 0; k < WINDOW__COUNT; k++) {
		bool good = true;

		for (uint32_t id = 0; id < 3000; id++) {
			int64_t from = window_start((enum window_kind)k, id);
			int64_t to = window_end((enum window_kind)k, id);

			good = good && from < to && window_id((enum window_kind)k, from) == id &&
			       window_id((enum window_kind)k, to - 1) == id &&
			       window_id((enum window_kind)k, to) == id + 1;
		}
		ok(good, "3000 %ss without gap or overlap", window_name((enum window_kind)k));
	}
}

/* As the C library has it, until 2500: 2000 and 2400 are leap years, 2100 is none. */
/* Sc 30. */
static void test_months(void)
{
	bool good = true;

	for (uint32_t id = 0; id < 530 * 12; id++) {
		struct tm tm = { .tm_year = 70 + (int)(id / 12), .tm_mon = (int)(id % 12), .tm_mday = 1 };

		good = good && window_start(WINDOW_MONTH, id) == (int64_t)timegm(&tm) * SECOND_MS;
	}
	ok(good, "each month starts when timegm() says");
}

int main(void)
{
	is_int(window_id(WINDOW_MONTH, 0), 0, "January 1970 is month 0");
	is_int(window_id(WINDOW_DAY, -1), 0, "before 1970 is window 0");
	is_int(window_id(WINDOW_MONTH, at("2026-11-23T06:00:00.000Z")), 56 * 12 + 10, "November 2026");
	is_str(window_name(WINDOW_HOUR), "hour", "hour");
	is_str(window_name(WINDOW_DAY), "day", "day");
	is_str(window_name(WINDOW_MONTH), "month", "month");
	test_edges();
	test_contiguous();
	test_months();
	return tap_done();
}
