/*
 * tests/db/behind.h - an operation that has to wait for another one's COMMIT: it
 * runs in another process, from the moment when ours has written everything, and
 * ours commits when the other one waits for its lock, or has ended.
 */
#ifndef PIERRE_TESTS_BEHIND_H
#define PIERRE_TESTS_BEHIND_H

#include <poll.h>

#include "op_fixture.h"
#include "worst.h"

struct behind {
	struct fixture *f;
	int gate[2];         /* closed by us: it may begin */
	int result[2];
};

static bool has_ended(const struct behind *b)
{
	struct pollfd p = { .fd = b->result[0], .events = POLLIN };

	return poll(&p, 1, 1) == 1;
}

/* With SQLite there is one writer: it waits wherever it is. */
static void let_it_wait(void *arg)
{
	struct behind *b = arg;

	close(b->gate[1]);
	while (!has_ended(b) && look(b->f, LOOK_WAITING, NULL, NULL) == 0)
		;
}

/* What `second` returns, begun inside the transaction of `first`. */
static int behind(struct fixture *f, void (*first)(void *arg), child_fn *second, void *arg)
{
	struct behind b = { .f = f };
	int got = -1;
	pid_t pid;

	fixture_disconnect(f);
	if (pipe(b.gate) != 0 || pipe(b.result) != 0 || fflush(stdout) != 0 || (pid = fork()) < 0)
		exit(99);
	if (pid == 0) {
		close(b.gate[1]);
		fixture_connect(f);
		while (read(b.gate[0], &got, 1) > 0)
			;
		got = second(f, 0, arg);
		_exit(write(b.result[1], &got, sizeof(got)) == (ssize_t)sizeof(got) ? 0 : 1);
	}
	close(b.gate[0]);
	close(b.result[1]);
	fixture_connect(f);
	worst(WORST_DB_TRANSACTION, (struct moment){ .inside = let_it_wait, .arg = &b });
	first(arg);
	if (read(b.result[0], &got, sizeof(got)) != (ssize_t)sizeof(got))
		got = -1;
	close(b.result[0]);
	waitpid(pid, NULL, 0);
	return got;
}

#endif
