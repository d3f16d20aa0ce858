/* tests/unit/held.c - how many requests wait for a refresh, and for how long. */
#include "config.h"

#include <stdio.h>

#include "base/clock.h"
#include "tap.h"
#include "worker/worker_private.h"

/* Never looked into. */
static const struct fcgi *request(int i)
{
	static char some[1000];

	return (const struct fcgi *)(const void *)&some[i];
}

static struct held held;

static bool add(int i, const char *waits_for)
{
	return held_add(&held, request(i), waits_for, clock_monotonic_us(), 100 + (uint64_t)i);
}

int main(void)
{
	char name[UUID_TEXT];
	int n = 0;

	for (int i = 0; i < 8; i++)
		n += add(i, "one");
	is_int(n, 8, "eight wait for one connection");
	ok(!add(8, "one"), "a ninth does not");
	ok(add(7, "one"), "one of them goes on waiting");
	ok(add(8, "two"), "another waits for another connection");
	ok(held_recorded(&held, request(8)) == 108 && held_recorded(&held, request(9)) == 0,
	   "each with its usage row");
	held_judge(&held, STRINGS("two", "three"));
	ok(held_waits(&held, request(8)) && !held_waits(&held, request(7)) && !held_waits(&held, request(9)),
	   "who waits on is looked up for all");
	held_remove(&held, request(3));
	ok(add(9, "one"), "one is answered, and there is a place");
	ok(!held_add(&held, request(9), "one", clock_monotonic_us() - HELD_MS * 1000, 1), "eight seconds are enough");
	ok(add(10, "one"), "its place is free");
	for (int i = 20; i < 500; i++) {
		snprintf(name, sizeof(name), "c-%d", i);
		add(i, name);
	}
	is_int((int64_t)held.n, HELD_MOST, "256 in all");
	for (int i = 0; i < 500; i++)
		held_remove(&held, request(i));
	is_int((int64_t)held.n, 0, "all are answered");
	return tap_done();
}
