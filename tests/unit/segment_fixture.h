/*
 * tests/unit/segment_fixture.h - a segment in a directory of its own, and processes
 * that share it.
 */
#ifndef PIERRE_TESTS_SEGMENT_FIXTURE_H
#define PIERRE_TESTS_SEGMENT_FIXTURE_H

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "shm/limit_private.h"
#include "tap.h"

#define DATABASE_A "11111111-2222-4333-8444-555555555555"
#define DATABASE_B "aaaaaaaa-2222-4333-8444-555555555555"
#define RINGS 4
#define SLOTS 64
#define CROWD 8

static char fixture_root[] = "/tmp/pierre-room-XXXXXX";
static char fixture_dir[64];
static struct err fixture_err;

static const char *const fixture_labels[] = { "a", "b", "c", "d", "e", "f", NULL };

__attribute__((unused))
static struct segment *segment_for(const char *database, size_t rings, size_t slots, int64_t *discarded_r)
{
	struct segment *r = segment_open(&(struct segment_options){
		.dir = fixture_dir, .database_id = database, .rings = rings, .limit_slots = slots,
		.cache_bytes = 65536, .labels = fixture_labels,
	}, discarded_r, &fixture_err);

	if (!r)
		printf("# segment_open: %s\n", fixture_err.message);
	return r;
}

__attribute__((unused))
static struct segment *segment_here(void)
{
	return segment_for(DATABASE_A, RINGS, SLOTS, NULL);
}

static const char *fixture_file(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", fixture_dir, name);
	return path;
}

__attribute__((unused))
static void fixture_clear(void)
{
	unlink(fixture_file(SEGMENT_FILE));
	unlink(fixture_file(SEGMENT_LOCK));
	unlink(fixture_file(SEGMENT_FILE ".new"));
	rmdir(fixture_dir);
}

__attribute__((unused))
static bool fixture_begin(void)
{
	log_init("test", LOG_LEVEL_ERROR);
	alarm(300);     /* a lost wake or lock ends as a failure */
	if (!mkdtemp(fixture_root))
		return false;
	snprintf(fixture_dir, sizeof(fixture_dir), "%s/room", fixture_root);
	return true;
}

__attribute__((unused))
static int fixture_end(void)
{
	fixture_clear();
	rmdir(fixture_root);
	return tap_done();
}

/* Memory that children write and the parent reads. */
__attribute__((unused))
static void *shared(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* fn in n processes at once; true = all returned true. */
__attribute__((unused))
static bool crowd(int n, bool (*fn)(struct segment *r, int index, void *arg), struct segment *r, void *arg)
{
	bool good = true;
	int status;

	fflush(stdout);
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(fn(r, i, arg) ? 0 : 1);
		good = pid > 0 && good;
	}
	while (wait(&status) > 0)
		good = WIFEXITED(status) && WEXITSTATUS(status) == 0 && good;
	return good;
}

/* fn in a process that is killed after some microseconds (0 = it is waited for
 * until *go is set, then killed). */
__attribute__((unused))
static void killed(bool (*fn)(struct segment *r, int index, void *arg), struct segment *r, void *arg,
		   useconds_t us, _Atomic int *go)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		fn(r, 0, arg);
		pause();
		_exit(1);
	}
	while (go && !atomic_load(go))
		usleep(100);
	usleep(us);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

__attribute__((unused))
static const char *subject(int i)
{
	static char text[40];

	snprintf(text, sizeof(text), "k%08d-2222-4333-8444-555555555555", i);
	return text;
}

#endif
