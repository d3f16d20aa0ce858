/*
 * tests/db/case_disk.c - the disk says no while SQLite writes, and writers
 * who do not know our lock. Needs SQLite itself, to replace its pwrite().
 */
#include "config.h"

#include "tests/db/contract.h"

#ifdef HAVE_SQLITE
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"

#define AUDIT_1 "00000000-0000-4000-8000-0000000000a1"

/* full: nothing gets longer, and what is written over goes on */
static struct { int error, times; bool full; } disk;

static bool is_longer(int fd, off_t end)
{
	struct stat st;

	return fstat(fd, &st) == 0 && end > st.st_size;
}

static ssize_t failing_pwrite(int fd, const void *buf, size_t n, off_t at)
{
	if (disk.full && is_longer(fd, at + (off_t)n)) {
		errno = ENOSPC;
		return -1;
	}
	if (disk.times == 0)
		return pwrite(fd, buf, n, at);
	disk.times--;
	errno = disk.error;
	return -1;
}

static void replace_pwrite(bool on)
{
	static const char *const names[] = { "pwrite", "pwrite64" };
	sqlite3_syscall_ptr call = on ? (sqlite3_syscall_ptr)failing_pwrite : NULL;
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		vfs->xSetSystemCall(vfs, names[i], call);
}

static int64_t number(struct db *db, int stmt)
{
	int64_t n = -1;

	db_number(db, stmt, DB_NO_ARGS, &n, NULL);
	return n;
}

/* The lock file's lock was given back: another handle gets it while ours is open. */
static void writes_beside(const struct fixture *f, const char *id, const char *who)
{
	struct db *db = fixture_open(f);
	struct put p = { .thing = { .id = id } };
	struct err e = { 0 };

	ok(db_transaction(db, put_thing, &p, &e), "%s holds no lock %s", who, e.message);
	db_free(&db);
}

static void io_error(const struct fixture *f)
{
	struct db *db = fixture_ready(f);
	struct put p = { .thing = { .id = THING_ID(1) }, .audit_id = AUDIT_1 };
	struct err e = { 0 };

	replace_pwrite(true);
	disk.error = EIO;
	disk.times = 1;
	ok(db_transaction(db, put_thing, &p, &e), "an I/O error in COMMIT is uncertain: %s",
	   e.message);
	is_int(p.runs, 2, "so it is run again");
	is_int(number(db, T_THING_COUNT), 1, "and is there once");
	p.audit_id = NULL;
	p.thing.id = THING_ID(2);
	disk.times = 1;
	ok(!db_transaction(db, put_thing, &p, &e) && e.kind == ERR_UNCERTAIN,
	   "without an audit event: %s", e.message);
	replace_pwrite(false);
	ok(db_ping(db, &e), "the handle goes on");
	db_free(&db);
}

static void no_space(const struct fixture *f)
{
	struct db *db = fixture_ready(f);
	struct put p = { .thing = { .id = THING_ID(1) }, .audit_id = AUDIT_1 };
	struct err e = { 0 };

	replace_pwrite(true);
	disk.error = ENOSPC;
	disk.times = 1 << 20;
	ok(!db_transaction(db, put_thing, &p, &e) && e.kind == ERR_UNAVAILABLE &&
	   strstr(e.message, "disk is full"), "%s", e.message);
	is_int(p.runs, 1, "not run again");
	is_int(number(db, T_THING_COUNT), 0, "reading works, nothing was stored");
	disk.times = 0;
	writes_beside(f, THING_ID(2), "a writer that was refused");
	ok(db_transaction(db, put_thing, &p, &e), "with space again it goes on by itself");
	replace_pwrite(false);
	db_free(&db);
}

int __real_fstatvfs(int fd, struct statvfs *out);
int __wrap_fstatvfs(int fd, struct statvfs *out);
int __wrap_fstatvfs(int fd, struct statvfs *out)
{
	int rc = __real_fstatvfs(fd, out);

	if (disk.full)
		out->f_bavail = 0;
	return rc;
}

/* How many get through, each with its audit row, until one does not. */
static int urgent_writes(struct db *db, int from, int most)
{
	char id[40], audit_id[40];
	struct err e = { 0 };
	int n = 0;

	for (; n < most; n++) {
		snprintf(id, sizeof(id), "00000000-0000-4000-8000-%012d", from + n);
		snprintf(audit_id, sizeof(audit_id), "00000000-0000-4000-9000-%012d", from + n);
		if (!db_transaction_urgent(db, put_thing,
					   &(struct put){ .thing = { .id = id }, .audit_id = audit_id }, &e))
			break;
	}
	return n;
}

static void full_disk(const struct fixture *f)
{
	struct db *db = fixture_ready(f);
	struct put p = { .thing = { .id = THING_ID(1) } };
	struct err e = { 0 };
	struct stat st;
	bool done;
	int n;

	is_int(urgent_writes(db, 100, 20), 20, "rows");
	ok(db_log_bytes(db) > 0, "wait in the log");
	ok(db_checkpoint_keep(db, &done, &e) && done, "a checkpoint");
	is_int(db_log_bytes(db), 0, "none waits");
	ok(stat(fixture_path(f, "test.db-wal"), &st) == 0 && st.st_size >= DB_LOG_KEEP &&
	   st.st_blocks * 512 >= DB_LOG_KEEP, "the log has blocks of its own");
	replace_pwrite(true);
	disk.full = true;
	ok(!db_transaction(db, put_thing, &p, &e) && e.kind == ERR_UNAVAILABLE, "%s", e.message);
	is_str(e.reason, "disk_full", "an ordinary write is refused before it takes a block");
	ok(!db_has_space(db, &e), "readiness can say so");
	n = urgent_writes(db, 200, 40);
	ok(n >= 29, "what ends a right: %d of 40", n);
	ok(db_files_kept(db, &e), "no file is lost");
	disk.full = false;
	ok(db_checkpoint(db, &done, &e) && done, "TRUNCATE gives the blocks back: %s", e.message);
	disk.full = true;
	is_int(urgent_writes(db, 300, 1), 0, "then nothing can be written");
	disk.full = false;
	replace_pwrite(false);
	ok(db_transaction(db, put_thing, &p, &e), "with space again it goes on by itself: %s", e.message);
	is_int(number(db, T_THING_COUNT), 21 + n, "all are there");
	db_free(&db);
}

/* A disk that turns read-only, as after an error of the disk below. */
static void turns_read_only(const struct fixture *f)
{
	struct db *db = fixture_ready(f);
	struct put p = { .thing = { .id = THING_ID(1) }, .audit_id = AUDIT_1 };
	struct err e = { 0 };

	replace_pwrite(true);
	disk.error = EROFS;
	disk.times = 1 << 20;
	db_deadline(db, clock_monotonic() + 300);
	ok(!db_transaction(db, put_thing, &p, &e) && err_is_passing(&e), "no write: %s", e.message);
	db_deadline(db, 0);
	is_int(number(db, T_THING_COUNT), 0, "reading works, nothing was stored");
	ok(db_files_kept(db, &e), "no file is lost");
	disk.times = 0;
	ok(db_transaction(db, put_thing, &p, &e), "then it goes on by itself: %s", e.message);
	replace_pwrite(false);
	is_int(number(db, T_THING_COUNT), 1, "and the row is there once");
	db_free(&db);
}

/* The sqlite3 shell, a backup tool: no lock of ours, only SQLite's. */
static void foreign(const struct fixture *f)
{
	struct db *db = fixture_ready(f);
	struct put p = { .thing = { .id = THING_ID(1) }, .audit_id = AUDIT_1 };
	struct err e = { 0 };
	sqlite3 *other = NULL;

	ok(sqlite3_open(fixture_path(f, "test.db"), &other) == SQLITE_OK &&
	   sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK,
	   "another program writes");
	db_deadline(db, clock_monotonic() + 200);
	ok(!db_transaction(db, put_thing, &p, &e) && e.kind == ERR_UNAVAILABLE,
	   "a writer waits until its deadline: %s", e.message);
	db_deadline(db, 0);
	is_int(number(db, T_THING_COUNT), 0, "a reader does not wait");
	sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_close(other);
	writes_beside(f, THING_ID(2), "a writer that gave up");
	ok(db_transaction(db, put_thing, &p, &e), "then it is our turn");
	writes_beside(f, THING_ID(3), "one that has committed");
	db_free(&db);
}
#endif

const struct test_case disk_cases[] = {
#ifdef HAVE_SQLITE
	{ "an I/O error in COMMIT", ON_SQLITE, io_error },
	{ "no space in COMMIT", ON_SQLITE, no_space },
	{ "a full disk", ON_SQLITE, full_disk },
	{ "a disk that turns read-only", ON_SQLITE, turns_read_only },
	{ "a foreign writer", ON_SQLITE, foreign },
#endif
	{ 0 },
};
