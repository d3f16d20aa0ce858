/*
 * The cache that processes share: what was stored last is found, whole, or
 * nothing is; also while others store over it and are killed.
 */
#include "config.h"

#include <string.h>

#include "segment_fixture.h"
#include "shm/cache.h"

#define NAMES 400

/* A blob that shows when it is not whole: its length and each byte follow from `n`. */
static size_t blob(unsigned n, char out[1024])
{
	size_t size = 20 + n % 900;

	memset(out, 'a' + (int)(n % 26), size);
	memcpy(out, &n, sizeof(n));
	return size;
}

static void put(struct segment *r, const char *name, unsigned n)
{
	struct cache_stamp stamp = { .epochs = { n, n + 1, n + 2 }, .read_at = n };
	char data[1024];
	size_t size = blob(n, data);

	segment_cache_store(r, name, &stamp, data, size);
}

/* -1 = there is none, -2 = it is torn, else its n. */
static int64_t get(const struct segment *r, const char *name)
{
	struct arena *a = arena_new();
	struct cache_stamp stamp;
	char want[1024];
	size_t size;
	const void *data = segment_cache_find(r, name, a, &stamp, &size);
	int64_t n = -1;
	unsigned is;

	if (data) {
		memcpy(&is, data, sizeof(is));
		n = size == blob(is, want) && memcmp(data, want, size) == 0 &&
		    stamp.read_at == is && stamp.epochs[2] == is + 2 ? (int64_t)is : -2;
	}
	arena_free(&a);
	return n;
}

static const char *name_of(int i)
{
	static char name[24];

	snprintf(name, sizeof(name), "name-%d", i);
	return name;
}

static void test_found(void)
{
	struct segment *r = segment_here();
	static char big[CACHE_ENTRY_MAX];
	struct cache_stamp stamp = { .read_at = 1 };

	is_int(get(r, "a"), -1, "nothing is there");
	put(r, "a", 1);
	put(r, "b", 2);
	is_int(get(r, "a"), 1, "one");
	is_int(get(r, "b"), 2, "another");
	put(r, "a", 3);
	is_int(get(r, "a"), 3, "the newest");
	is_int(get(r, ""), -1, "not under another name");
	segment_cache_store(r, "big", &stamp, big, sizeof(big));
	is_int(get(r, "big"), -1, "too big to be kept");
	segment_close(&r);
	r = segment_here();
	is_int(get(r, "a"), -1, "a service that starts begins with none");
	put(r, "a", 4);
	is_int(get(r, "a"), 4, "and keeps what is new");
	segment_close(&r);
	fixture_clear();
}

static void test_full(void)
{
	struct segment *r = segment_here();
	int kept = 0;
	bool good = true;

	for (int i = 0; i < NAMES; i++) {
		put(r, name_of(i), (unsigned)i);
		good = good && get(r, name_of(i)) == i;
	}
	ok(good, "what was just stored is there");
	for (int i = 0; i < NAMES; i++) {
		int64_t n = get(r, name_of(i));

		good = good && (n == i || n == -1);
		kept += n == i;
	}
	ok(good && kept > 20 && kept < 200, "of %d in 64 KB %d are left", NAMES, kept);
	is_int(get(r, name_of(NAMES - 1)), NAMES - 1, "the last one is");
	ok(atomic_load(&r->header->cache_reserved) == r->cache_bytes, "all of the log has storage");
	segment_close(&r);
	fixture_clear();
}

static bool store_and_find(struct segment *r, int index, void *arg)
{
	bool good = true;

	(void)arg;
	for (unsigned i = 0; good && i < 20000; i++) {
		put(r, name_of((int)(i * 7 % 60)), i * CROWD + (unsigned)index);
		good = get(r, name_of((int)(i * 11 % 60))) != -2;
	}
	return good;
}

static bool store_for_ever(struct segment *r, int index, void *arg)
{
	(void)index;
	(void)arg;
	for (unsigned i = 0;; i++)
		put(r, name_of((int)(i % 60)), i);
	return true;
}

static void test_crowd(void)
{
	struct segment *r = segment_here();
	bool good = true;

	ok(crowd(CROWD, store_and_find, r, NULL), "%d processes never find a torn one", CROWD);
	for (int i = 0; i < 50; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(store_for_ever(r, 0, NULL));
		usleep((useconds_t)(i * 37 % 2000));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		for (int k = 0; k < 60; k++)
			good = good && get(r, name_of(k)) != -2;
		put(r, "mine", (unsigned)i);
		good = good && get(r, "mine") == i;
	}
	ok(good, "nor do they when writers are killed");
	segment_close(&r);
	fixture_clear();
}

static void test_without(void)
{
	struct segment *r = NULL;

	put(r, "a", 1);
	is_int(get(r, "a"), -1, "no segment: nothing is found");
}

int main(void)
{
	if (!fixture_begin())
		return 99;
	test_found();
	test_full();
	test_crowd();
	test_without();
	return fixture_end();
}
