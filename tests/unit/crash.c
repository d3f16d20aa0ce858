/*
 * tests/unit/crash.c - a process that dies of a fault marks its request before
 * it is gone, and dies of that fault. So it is with a stack that is used up,
 * where the handler needs a stack of its own.
 */
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tap.h"
#include "worker/worker_private.h"

static volatile int one = 1;

static void segv(void)
{
	volatile int *closed = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*closed = 1;
}

static void abort_it(void) { abort(); }
static void sent(void) { kill(getpid(), SIGBUS); }

static int deeper(int n)
{
	volatile char page[4096];

	page[n % (int)sizeof(page)] = 1;
	return one ? deeper(n + 1) + page[0] : n;
}
static void use_up(void) { _exit(deeper(0)); }

static const struct {
	const char *name;
	void (*die)(void);
	int signal_number;
} ways[] = {
	{ "a closed page", segv, SIGSEGV },
	{ "abort()", abort_it, SIGABRT },
	{ "a signal that was sent", sent, SIGBUS },
	{ "a stack that is used up", use_up, SIGSEGV },
};

static void test_way(size_t i)
{
	struct scoreboard *sb = scoreboard_new(2, NULL);
	struct slot *died = &sb->slots[0], *next = &sb->slots[1];
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
		crash_watch(&(struct child){ .scoreboard = sb, .slot = died });
		slot_serving(died, "verify", "a");
		ways[i].die();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	/* a sanitizer ends it with a status of its own */
	ok(pid > 0 && (WIFSIGNALED(status) ? WTERMSIG(status) == ways[i].signal_number :
		       WEXITSTATUS(status) != 0), "%s ends the process", ways[i].name);
	slot_serving(next, "verify", "a");
	ok(scoreboard_is_marked(sb, next, clock_monotonic()), "and its request is marked");
	slot_serving(next, "verify", "b");
	ok(!scoreboard_is_marked(sb, next, clock_monotonic()), "and no other");
	scoreboard_free(&sb);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		test_way(i);
	return tap_done();
}
