/* tests/unit/calls.c - calls to other services, counted by many processes. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model/stats.h"
#include "shm/calls.h"
#include "tap.h"

#define PROCESSES 4
#define N 5000

static struct calls *calls_new(void)
{
	void *at = mmap(NULL, sizeof(struct calls), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		_exit(1);
	return at;
}

static const struct call_row *row(const struct calls *c, const char *provider, const char *kind)
{
	for (size_t i = 0; i <= CALL_ROWS; i++)
		if (c->rows[i].state == CALL_ROW_OPEN && strcmp(c->rows[i].provider, provider) == 0 &&
		    strcmp(c->rows[i].kind, kind) == 0)
			return &c->rows[i];
	return NULL;
}

static void test_rows(void)
{
	struct calls *c = calls_new();
	bool ordered = true;
	const struct call_row *r;

	for (int i = 0; i < CALL_BUCKETS; i++) {
		calls_add(c, "acme", "refresh", CALLED_OK, call_bounds_ms[i]);
		ordered = ordered && (i == 0 || call_bounds_ms[i - 1] < call_bounds_ms[i]);
	}
	calls_add(c, "acme", "refresh", CALLED_TIMEOUT, call_bounds_ms[CALL_BUCKETS - 1] + 1);
	calls_add(c, "acme", "revoke", CALLED_REFUSED, -5);
	r = row(c, "acme", "refresh");
	ok(r && r->by_result[CALLED_OK] == CALL_BUCKETS && r->by_result[CALLED_TIMEOUT] == 1, "by result");
	for (int i = 0; r && i <= CALL_BUCKETS; i++)
		ordered = ordered && r->buckets[i] == 1;
	ok(ordered, "a bound belongs to its bucket, and above the last there is one more");
	r = row(c, "acme", "revoke");
	ok(r && r->buckets[0] == 1 && r->sum_ms == 0, "each kind has a row; a clock that goes back costs nothing");
	for (int i = 0; i < CALLED__COUNT; i++)
		ok(call_results[i] && *call_results[i], "result %d has a word", i);
	is_int(sizeof(struct connection_stats), (1 + CALLS_STATES) * sizeof(int64_t), "a gauge for each state");
}

static void test_full(void)
{
	struct calls *c = calls_new();
	char name[CALL_WORD * 2];
	const struct call_row *r;

	for (int i = 0; i < CALL_ROWS + 3; i++) {
		snprintf(name, sizeof(name), "provider%d", i);
		calls_add(c, name, "refresh", CALLED_OK, 1);
	}
	r = row(c, "other", "other");
	is_int(r ? (int64_t)r->by_result[CALLED_OK] : -1, 3, "those that find no row are counted together");
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	c = calls_new();
	calls_add(c, name, "refresh", CALLED_OK, 1);
	calls_add(c, name, "refresh", CALLED_OK, 1);
	is_int((int64_t)c->rows[0].by_result[CALLED_OK], 2, "a long name is cut, and found again");
}

static void test_many(void)
{
	static const char *const providers[] = { "a", "b", "c" };
	struct calls *c = calls_new();
	bool whole = true;

	for (int p = 0; p < PROCESSES; p++) {
		if (fork() != 0)
			continue;
		for (int i = 0; i < N * 3; i++)
			calls_add(c, providers[i % 3], "refresh", CALLED_OK, 2);
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	for (int i = 0; i < 3; i++) {
		uint64_t calls = 0, ms = 0;

		/* two that begin a row at once may make two of it */
		for (size_t k = 0; k < CALL_ROWS; k++)
			if (strcmp(c->rows[k].provider, providers[i]) == 0) {
				calls += c->rows[k].by_result[CALLED_OK];
				ms += c->rows[k].sum_ms;
			}
		whole = whole && calls == PROCESSES * N && ms == 2 * calls;
	}
	ok(whole, "none is lost");
}

int main(void)
{
	test_rows();
	test_full();
	test_many();
	return tap_done();
}
