/*
 * tests/db/case_lost.c - files of an SQLite database that go away, or are
 * replaced, while it is open: what was acknowledged is saved, and nothing is
 * opened again.
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/db/contract.h"

static bool put(struct db *db, int i, struct err *e)
{
	char id[40];

	snprintf(id, sizeof(id), "00000000-0000-4000-8000-%012d", i);
	return db_transaction(db, put_thing, &(struct put){ .thing = { .id = id, .n = i } }, e);
}

/* Rows 1 to ROWS; half of them are in the log alone. */
enum { ROWS = 20 };
static struct db *with_rows(const struct fixture *f)
{
	struct db *db = fixture_ready(f);
	struct err e = { 0 };
	bool done = true;
	int n = 0;

	while (n < ROWS && put(db, n + 1, &e))
		if (++n == ROWS / 2)
			ok(db_checkpoint(db, &done, &e) && done, "a checkpoint is no loss");
	is_int(n, ROWS, "rows were acknowledged");
	return db;
}

static void rows_are(const struct fixture *f, const char *path, int64_t want, const char *what)
{
	struct db *db = fixture_open_path(f, path);
	struct err e = { 0 };
	int64_t n = -1;

	ok(db_number(db, T_THING_COUNT, DB_NO_ARGS, &n, &e) && n == want, "%s: %lld rows %s", what,
	   (long long)n, e.message);
	ok(db_query(db, T_INTEGRITY, DB_NO_ARGS, &e) == DB_ROW &&
	   strcmp(db_column_text(db, 0), "ok") == 0, "it is whole");
	db_finish(db);
	db_free(&db);
}

/* Every call fails with one sentence, also once the path is good again. */
static void is_lost(struct db *db, const char *name)
{
	struct err e = { 0 };
	int64_t n;

	ok(!put(db, ROWS + 1, &e) && e.kind == ERR_UNAVAILABLE && strstr(e.message, name),
	   "a write: %s", e.message);
	ok(!put(db, ROWS + 2, &e) && strstr(e.message, name), "the next one: %s", e.message);
	ok(!db_number(db, T_THING_COUNT, DB_NO_ARGS, &n, &e) && strstr(e.message, name), "a read");
	ok(!db_ping(db, &e) && strstr(e.message, name), "a ping");
	is_str(e.reason, DB_REASON_LOST, "with the reason");
}

/* The newest copy of one file: "test.db.lost-TIME", "test.db-wal.lost-TIME". */
static const char *copy_of(const struct fixture *f, const char *name)
{
	const char *prefix = arena_printf(f->arena, "%s.lost-", name), *found = NULL;
	DIR *d = opendir(f->dir);
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
			found = fixture_path(f, arena_strdup(f->arena, entry->d_name));
	if (d)
		closedir(d);
	return found;
}

/* Main file and log were copied, and are the database again. */
static void copies_hold(const struct fixture *f, int64_t want)
{
	const char *main = copy_of(f, "test.db"), *wal = copy_of(f, "test.db-wal");
	const char *back = fixture_path(f, "back.db");

	ok(main && wal, "both were copied");
	ok(main && rename(main, back) == 0 &&
	   wal && rename(wal, fixture_path(f, "back.db-wal")) == 0, "put together again");
	rows_are(f, back, want, "the copies");
}

static void replaced(const struct fixture *f)
{
	struct db *db = with_rows(f);
	struct db *other = fixture_open_path(f, fixture_path(f, "other.db"));
	struct err e = { 0 };
	int applied;

	ok(db_migrate(other, &applied, &e), "a second file, empty");
	db_free(&other);
	unlink(fixture_path(f, "test.db-wal"));
	unlink(fixture_path(f, "test.db-shm"));
	rename(fixture_path(f, "other.db-wal"), fixture_path(f, "test.db-wal"));
	rename(fixture_path(f, "other.db"), fixture_path(f, "test.db"));
	is_lost(db, "test.db was replaced");
	db_free(&db);
	copies_hold(f, ROWS);
	rows_are(f, fixture_path(f, "test.db"), 0, "what took its place is as it was");
}

static void unlinked(const struct fixture *f)
{
	struct db *db = with_rows(f);
	const char *path = fixture_path(f, "test.db");

	unlink(path);
	is_lost(db, "test.db is gone");
	ok(access(path, F_OK) != 0, "no empty file took its place");
	db_free(&db);
	copies_hold(f, ROWS);
}

/* Nothing is lost, and it goes on when the file is back; but not what is
 * committed meanwhile. */
static void renamed(const struct fixture *f)
{
	struct db *db = with_rows(f);
	const char *path = fixture_path(f, "test.db"), *away = fixture_path(f, "away.db");
	struct err e = { 0 };

	rename(path, away);
	ok(!db_ping(db, &e) && strstr(e.message, "is gone"), "a ping: %s", e.message);
	ok(!put(db, ROWS + 1, &e) && e.kind == ERR_UNAVAILABLE, "nothing is written: %s", e.message);
	rename(away, path);
	ok(db_ping(db, &e) && put(db, ROWS + 1, &e), "the same file is back: %s", e.message);
	db_free(&db);
	rows_are(f, path, ROWS + 1, "afterwards");
}

static void companion_lost(const struct fixture *f, const char *const gone[], const char *named)
{
	struct db *db = with_rows(f), *reader = fixture_open(f);
	struct err e = { 0 };

	ok(db_connect(reader, &e), "another handle");
	for (size_t i = 0; gone[i]; i++)
		is_int(unlink(fixture_path(f, gone[i])), 0, gone[i]);
	ok(!put(db, ROWS + 1, &e) && strstr(e.message, named), "no 2xx: %s", e.message);
	is_lost(db, named);
	db_free(&reader);
	db_free(&db);
	/* the row that was not acknowledged may be there, those that were must be */
	rows_are(f, fixture_path(f, "test.db"), ROWS + 1, "after a restart");
	ok(!copy_of(f, "test.db-wal"), "no copy was needed");
}

static void log_and_index_unlinked(const struct fixture *f)
{
	companion_lost(f, (const char *const[]){ "test.db-wal", "test.db-shm", NULL }, "test.db-wal is gone");
}

static void log_unlinked(const struct fixture *f)
{
	companion_lost(f, (const char *const[]){ "test.db-wal", NULL }, "test.db-wal is gone");
}

static void index_unlinked(const struct fixture *f)
{
	companion_lost(f, (const char *const[]){ "test.db-shm", NULL }, "test.db-shm is gone");
}

static void lock_unlinked(const struct fixture *f)
{
	companion_lost(f, (const char *const[]){ "test.db.open", NULL }, "test.db.open is gone");
}

/* Nobody writes: closing the last handle saves as well. */
static void unlinked_then_closed(const struct fixture *f)
{
	struct db *db = with_rows(f);

	unlink(fixture_path(f, "test.db-wal"));
	unlink(fixture_path(f, "test.db-shm"));
	db_free(&db);
	rows_are(f, fixture_path(f, "test.db"), ROWS, "after the last close");
}

static void log_replaced(const struct fixture *f)
{
	struct db *db = with_rows(f);
	const char *wal = fixture_path(f, "test.db-wal"), *copy;
	int fd;

	unlink(wal);
	fd = open(wal, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ok(fd >= 0 && close(fd) == 0, "another log, empty");
	is_lost(db, "test.db-wal was replaced");
	copy = copy_of(f, "test.db-wal");
	ok(copy, "the log was copied");
	db_free(&db);
	unlink(fixture_path(f, "test.db-shm"));
	ok(copy && rename(copy, wal) == 0, "put back");
	rows_are(f, fixture_path(f, "test.db"), ROWS + 1, "with the copy");
}

/* SQLite would make a second log: refused before. */
static void newcomer(const struct fixture *f)
{
	struct db *db = with_rows(f), *late = fixture_open(f);
	const char *wal = fixture_path(f, "test.db-wal");
	struct err e = { 0 };

	unlink(wal);
	ok(!db_connect(late, &e) && e.kind == ERR_UNAVAILABLE && strstr(e.message, wal), "%s", e.message);
	ok(access(wal, F_OK) != 0, "no second log");
	db_free(&late);
	db_free(&db);
	late = fixture_open(f);
	ok(db_connect(late, &e), "once nobody has the old one: %s", e.message);
	db_free(&late);
	rows_are(f, fixture_path(f, "test.db"), ROWS, "then");
}

static void removed_on_purpose(const struct fixture *f)
{
	struct db *main = fixture_ready(f), *db = db_new_beside(main, ".month", test_catalog(), false);
	struct err e = { 0 };
	int applied;

	ok(db_migrate(db, &applied, &e) && put(db, 1, &e), "a file beside");
	ok(!db_removed(db) && db_remove_beside(main, ".month", &e), "is removed: %s", e.message);
	ok(access(fixture_path(f, "test.db.month.open"), F_OK) != 0, "with all that belongs to it");
	ok(put(db, 2, &e) && db_files_kept(db, &e), "no false alarm: %s", e.message);
	ok(db_removed(db), "who had it open knows");
	ok(put(main, 1, &e), "nor for others");
	db_free(&db);
	db_free(&main);
}

static void removed_in_part(const struct fixture *f)
{
	struct db *main = fixture_ready(f), *db = db_new_beside(main, ".month", test_catalog(), false);
	struct err e = { 0 };
	int applied;

	ok(db_migrate(db, &applied, &e) && put(db, 1, &e), "a file beside");
	db_free(&db);
	ok(unlink(fixture_path(f, "test.db.month-wal")) == 0, "without its log, as a removal leaves it that was killed,");
	ok(db_remove_beside(main, ".month", &e), "it is removed: %s", e.message);
	ok(access(fixture_path(f, "test.db.month"), F_OK) != 0, "with the file itself");
	ok(db_remove_beside(main, ".month", &e), "what is not there is no failure: %s", e.message);
	ok(mkdir(fixture_path(f, "test.db.month-shm"), 0700) == 0, "what cannot be removed");
	ok(!db_remove_beside(main, ".month", &e) && strstr(e.message, "Cannot remove"), "is one: %s", e.message);
	db_free(&main);
}

/* Else the one that opens would find its files gone, and all would be refused. */
static void removed_while_opening(const struct fixture *f)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct db *main = fixture_ready(f), *db = db_new_beside(main, ".month", test_catalog(), false);
	const char *path = fixture_path(f, "test.db.month"), *locked = fixture_path(f, "test.db.month.open");
	struct err e = { 0 };
	int applied, fd;

	ok(db_migrate(db, &applied, &e) && put(db, 1, &e), "a file beside");
	db_free(&db);
	fd = open(locked, O_RDWR | O_CLOEXEC);
	ok(fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0, "another process opens it");
	ok(!db_remove_beside(main, ".month", &e) && strstr(e.message, "is opening it") && access(path, F_OK) == 0,
	   "meanwhile it is not removed: %s", e.message);
	close(fd);
	ok(unlink(locked) == 0 && mkdir(locked, 0700) == 0, "a lock file that cannot be marked");
	ok(!db_remove_beside(main, ".month", &e) && access(path, F_OK) == 0, "nor then: %s", e.message);
	ok(rmdir(locked) == 0 && db_remove_beside(main, ".month", &e) && access(path, F_OK) != 0 &&
	   access(locked, F_OK) != 0, "then it is, with its lock file last");
	db_free(&main);
}

static void waits_asleep(const struct fixture *f)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct db *db = fixture_ready(f);
	struct err e = { 0 };
	int fd, before;

	db_free(&db);
	fd = open(fixture_path(f, "test.db.open"), O_RDWR | O_CLOEXEC);
	ok(fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0, "another process opens the files");
	db = fixture_open(f);
	db_deadline(db, clock_monotonic() + 100);
	before = contract_pauses;
	ok(!db_connect(db, &e), "the opening waits, and gives up: %s", e.message);
	ok(contract_pauses > before, "asleep");
	close(fd);
	db_deadline(db, 0);
	ok(db_connect(db, &e), "then it is free: %s", e.message);
	db_free(&db);
}

static const char *noted(const void *arg)
{
	return arg;
}

static void noted_by_another(const struct fixture *f)
{
	struct db *db = with_rows(f);

	db_watch_set(db, (struct db_watch){ .lost = noted, .arg = "The file other.db is gone" });
	is_lost(db, "other.db is gone");
	ok(!copy_of(f, "test.db"), "nothing is saved of files that are kept");
	unlink(fixture_path(f, "test.db"));
	is_lost(db, "other.db is gone");
	db_free(&db);
	copies_hold(f, ROWS);
}

static bool too_late(void *arg, const char *sentence)
{
	(void)sentence;
	++*(int *)arg;
	return false;
}

/* Another process notes it between our look and our word: one of the two says it. */
static void noted_at_once(const struct fixture *f)
{
	struct db *db = with_rows(f);
	int calls = 0, kept = dup(STDERR_FILENO), fd;
	struct err e = { 0 };
	char said[4096] = "";

	db_watch_set(db, (struct db_watch){ .lose = too_late, .arg = &calls });
	unlink(fixture_path(f, "test.db-wal"));
	fd = open(fixture_path(f, "said"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ok(kept >= 0 && fd >= 0 && dup2(fd, STDERR_FILENO) >= 0, "what is logged is kept");
	ok(!put(db, ROWS + 1, &e), "a lost log");
	dup2(kept, STDERR_FILENO);
	close(kept);
	ok(pread(fd, said, sizeof(said) - 1, 0) >= 0 && calls > 0, "is noted");
	ok(!strstr(said, "database_lost"), "and not said again: %s", said);
	close(fd);
	db_free(&db);
}

static void symbolic_links(const struct fixture *f)
{
	const char *alias = fixture_path(f, "alias.db");
	struct db *db = with_rows(f), *other;
	struct err e = { 0 };

	is_int(symlink("test.db", alias), 0, "a symbolic link");
	other = fixture_open_path(f, alias);
	is_str(db_path(other), fixture_path(f, "test.db"), "companions are named from the file itself");
	ok(put(other, ROWS + 1, &e), "a write: %s", e.message);
	ok(access(fixture_path(f, "alias.db.writer"), F_OK) != 0, "no second writer lock");
	ok(put(db, ROWS + 2, &e), "a write by the other name: %s", e.message);
	db_free(&other);
	db_free(&db);
	rows_are(f, alias, ROWS + 2, "both");
}

const struct test_case lost_cases[] = {
	{ "a replaced file", ON_SQLITE, replaced },
	{ "a removed file", ON_SQLITE, unlinked },
	{ "a renamed file", ON_SQLITE, renamed },
	{ "a removed log and index", ON_SQLITE, log_and_index_unlinked },
	{ "a removed log", ON_SQLITE, log_unlinked },
	{ "a removed index", ON_SQLITE, index_unlinked },
	{ "a removed lock file", ON_SQLITE, lock_unlinked },
	{ "removed, then closed", ON_SQLITE, unlinked_then_closed },
	{ "a replaced log", ON_SQLITE, log_replaced },
	{ "one who opens a lost log", ON_SQLITE, newcomer },
	{ "removed on purpose", ON_SQLITE, removed_on_purpose },
	{ "removed when part of it is gone", ON_SQLITE, removed_in_part },
	{ "removed while another process opens it", ON_SQLITE, removed_while_opening },
	{ "an opening that waits", ON_SQLITE, waits_asleep },
	{ "a loss that another process noted", ON_SQLITE, noted_by_another },
	{ "a loss that another process notes at once", ON_SQLITE, noted_at_once },
	{ "symbolic links", ON_SQLITE, symbolic_links },
	{ 0 },
};
