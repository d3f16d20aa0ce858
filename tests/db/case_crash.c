/*
 * tests/db/case_crash.c - writers are killed at any moment while one process
 * checkpoints: whatever was acknowledged is there, and the file is whole.
 *
 * A writer reports each commit by one byte in a pipe of its own, after
 * db_transaction() was true; its rows are numbered, so the count of bytes is
 * the number of rows that must be there.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/db/contract.h"

enum { WRITERS = 3, RUN_MS = 5000, LIFE_MS = 60 };

struct writer {
	int pid, pipe;
	int64_t acked;
};

struct row { int64_t writer, i; };
static bool put_row(struct db *db, void *arg, struct err *err_r)
{
	const struct row *r = arg;
	char id[40];
	struct thing t = { .id = id, .n = r->writer * 1000000 + r->i, .at = TIME_NONE };

	snprintf(id, sizeof(id), "00000000-0000-4000-8000-%04d%08d", (int)r->writer, (int)r->i);
	return db_write(db, T_AUDIT_INSERT, DB_ARGS(db_text(id)), NULL, err_r) &&
	       db_write(db, T_THING_INSERT, THING_ARGS(&t), NULL, err_r);
}

static void write_on(const struct fixture *f, int64_t number, int fd)
{
	struct db *db = fixture_open(f);

	for (int64_t i = 0;; i++) {
		struct row r = { number, i };
		struct err e = { 0 };

		if (!db_transaction(db, put_row, &r, &e)) {
			fprintf(stderr, "# %s\n", e.message);
			_exit(1);
		}
		if (write(fd, "x", 1) != 1)
			_exit(0);
	}
}

static void start(const struct fixture *f, struct writer *w, int64_t number)
{
	int fds[2];

	if (pipe(fds) != 0)
		abort();
	w->pipe = fds[0];
	w->acked = 0;
	w->pid = fork();
	if (w->pid == 0) {
		close(fds[0]);
		write_on(f, number, fds[1]);
	}
	close(fds[1]);
}

/* Killed or ended: read what it had acknowledged to the last byte. */
static int end(struct writer *w)
{
	char buf[4096];
	ssize_t n;
	int status;

	kill(w->pid, SIGKILL);
	status = reap(w->pid);
	while ((n = read(w->pipe, buf, sizeof(buf))) > 0)
		w->acked += n;
	close(w->pipe);
	return status;
}

static void checkpoint_on(const struct fixture *f)
{
	struct db *db = fixture_open(f);
	bool done;

	for (;;) {
		if (!db_checkpoint(db, &done, NULL))
			_exit(1);
		nanosleep(&(struct timespec){ 0, 3000000 }, NULL);
	}
}

static int64_t rows_of(struct db *db, int64_t number, struct arena *arena, int64_t *gaps)
{
	struct field_list list;
	const struct thing *t;
	int64_t rows = 0;

	if (!db_list(db, T_THING_LIST, DB_NO_ARGS, &thing_schema, arena, &list, NULL))
		return -1;
	t = list.items;
	for (size_t i = 0; i < list.n; i++)
		if (t[i].n / 1000000 == number)
			*gaps += t[i].n % 1000000 != rows++;
	return rows;
}

/* At most one commit more than was acknowledged: killed between the two. */
static bool all_there(struct db *db, struct arena *arena, int64_t number, int64_t acked)
{
	int64_t gaps = 0, rows = rows_of(db, number, arena, &gaps);

	return gaps == 0 && (rows == acked || rows == acked + 1);
}

static int64_t kill_round(const struct fixture *f, int64_t *number, int64_t acked[])
{
	struct writer w[WRITERS];
	int64_t first = *number, failed = 0;
	char byte;

	for (int i = 0; i < WRITERS; i++)
		start(f, &w[i], (*number)++);
	/* for once however long the disk takes: else nothing might ever be acknowledged */
	if (first == 0 && read(w[0].pipe, &byte, 1) == 1)
		w[0].acked++;
	nanosleep(&(struct timespec){ 0, (LIFE_MS + first * 7 % 40) * 1000000L }, NULL);
	for (int i = 0; i < WRITERS; i++) {
		failed += end(&w[i]) != 256 + SIGKILL;
		acked[first + i] = w[i].acked;
	}
	return failed;
}

static void killed(const struct fixture *f)
{
	enum { MOST = 600 };
	struct db *db = fixture_ready(f);
	int64_t until = clock_monotonic() + RUN_MS;
	int64_t number = 0, failed = 0, lost = 0, total = 0, acked[MOST] = { 0 };
	int checkpointer;

	db_free(&db);
	checkpointer = fork();
	if (checkpointer == 0)
		checkpoint_on(f);
	do {
		failed += kill_round(f, &number, acked);
	} while (clock_monotonic() < until && number + WRITERS < MOST);
	kill(checkpointer, SIGKILL);
	is_int(reap(checkpointer), 256 + SIGKILL, "the checkpointer lived");
	is_int(failed, 0, "no writer ended by itself");
	db = fixture_open(f);
	for (int64_t i = 0; i < number; i++) {
		struct arena *arena = arena_new();

		total += acked[i];
		lost += !all_there(db, arena, i, acked[i]);
		arena_free(&arena);
	}
	ok(total > 0, "%lld commits of %lld writers were acknowledged", (long long)total,
	   (long long)number);
	is_int(lost, 0, "all of them are there");
	is_int(db_query(db, T_INTEGRITY, DB_NO_ARGS, NULL), DB_ROW, "integrity_check");
	is_str(db_column_text(db, 0), "ok", "says ok");
	db_free(&db);
}

/* The lock of a process that dies is free at once. */
static void dead_holder(const struct fixture *f)
{
	struct db *db = fixture_ready(f);
	struct put p = { .thing = { .id = THING_ID(1), .at = 0 } };
	struct writer w;
	char byte;

	start(f, &w, 1);
	ok(read(w.pipe, &byte, 1) == 1, "a writer writes");
	kill(w.pid, SIGKILL);
	ok(db_transaction(db, put_thing, &p, NULL), "killed, it does not block the next one");
	end(&w);
	db_free(&db);
}

const struct test_case crash_cases[] = {
	{ "a killed writer frees its lock", ON_SQLITE, dead_holder },
	{ "kill -9 of writers beside a checkpointer", ON_SQLITE, killed },
	{ 0 },
};
