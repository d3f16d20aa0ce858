/*
 * tests/db/case_disk.c - the disk says no while SQLite writes, and writers
 * who do not know our lock. Needs SQLite itself, to replace its pwrite().
 */
#include "config.h"

#include "tests/db/contract.h"

#ifdef HAVE_SQLITE
#include <errno.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define AUDIT_1 "00000000-0000-4000-8000-0000000000a1"

static struct { int error, times; } disk;

static ssize_t failing_pwrite(int fd, const void *buf, size_t n, off_t at)
{
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
	struct db *db = fixture_open_with(f, test_catalog(), 2000);
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
	ok(!db_transaction(db, put_thing, &p, &e) &&
	   (e.kind == ERR_UNCERTAIN || e.kind == ERR_UNAVAILABLE), "no write: %s", e.message);
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
	{ "a disk that turns read-only", ON_SQLITE, turns_read_only },
	{ "a foreign writer", ON_SQLITE, foreign },
#endif
	{ 0 },
};
