/*
 * tests/db/case_file.c - what can be wrong with an SQLite file, and what our
 * use of it leaves behind.
 */
#include "config.h"

#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/db/contract.h"

enum { SHORT_MS = 500 };

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ok(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "wrote %s",
	   strrchr(path, '/') + 1);
	close(fd);
}

static void is_refused(const struct fixture *f, const char *path, const char *word)
{
	struct db *db = fixture_open_path(f, path);
	struct err e = { 0 };

	ok(!db_connect(db, &e) && strstr(e.message, word) && strstr(e.message, f->dir),
	   "%s", e.message);
	ok(!db_ping(db, &e), "nor does it answer");
	db_free(&db);
}

static void refused(const struct fixture *f)
{
	const char *text = fixture_path(f, "text.db");

	is_refused(f, fixture_path(f, "no/such/place.db"), "does not exist");
	is_refused(f, f->dir, "is not a file");
	write_file(text, "This is a letter to my aunt, not a database, but it is long enough.\n"
		   "It goes on and on and on and on and on and on and on and on and on.\n");
	is_refused(f, text, "is not an SQLite database");
	ok(access(fixture_path(f, "no"), F_OK) != 0, "no directory was made");
}

/* As a user who may not write; root may do everything. */
static int as_nobody(const struct fixture *f, const char *word)
{
	struct db *db;
	struct err e = { 0 };
	bool refused_well;

	if (geteuid() == 0 && (setgroups(0, NULL) || setgid(65534) || setuid(65534)))
		return 3;
	db = fixture_open_with(f, test_catalog(), SHORT_MS);
	refused_well = !db_connect(db, &e) && strstr(e.message, word);
	if (!refused_well)
		fprintf(stderr, "# %s\n", e.message);
	db_free(&db);
	return refused_well ? 0 : 1;
}

static void is_refused_to_nobody(const struct fixture *f, const char *word, const char *what)
{
	int pid = fork();

	if (pid == 0)
		_exit(as_nobody(f, word));
	is_int(reap(pid), 0, what);
}

static void read_only(const struct fixture *f)
{
	struct db *db = fixture_ready(f);
	const char *path = fixture_path(f, "test.db");

	db_free(&db);
	chmod(path, 0444);
	is_refused_to_nobody(f, "read-only", "a read-only file");
	chmod(path, 0666);
	chmod(fixture_path(f, "test.db-wal"), 0666);
	chmod(fixture_path(f, "test.db-shm"), 0666);
	unlink(fixture_path(f, "test.db.writer"));
	chmod(f->dir, 0555);
	is_refused_to_nobody(f, "directory must be writable", "a read-only directory");
	chmod(f->dir, 0755);
}

static void modes(const struct fixture *f)
{
	static const char *const names[] = { "test.db", "test.db-wal", "test.db-shm",
					     "test.db.writer" };
	mode_t old = umask(0);
	struct db *db = fixture_ready(f);
	struct stat st;

	umask(old);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		ok(stat(fixture_path(f, names[i]), &st) == 0 && (st.st_mode & 0777) == 0600,
		   "%s is for its owner only", names[i]);
	db_free(&db);
}

/* --- other names of the file ---------------------------------------------------- */

static struct put put_one = { .thing = { .id = THING_ID(1), .n = 1, .at = 0 } };

static void hard_links(const struct fixture *f)
{
	struct db *db = fixture_ready(f);
	const char *alias = fixture_path(f, "hard.db");

	db_free(&db);
	is_int(link(fixture_path(f, "test.db"), alias), 0, "a second name");
	is_refused(f, alias, "2 names");
	is_refused(f, fixture_path(f, "test.db"), "2 names");
	ok(access(fixture_path(f, "hard.db-wal"), F_OK) != 0, "no second log");
}

/* Sc 3. */
static void memory(const struct fixture *f)
{
	struct db *a = fixture_open_path(f, ":memory:"), *b = fixture_open_path(f, ":memory:");
	struct err e = { 0 };
	int64_t n = -1;
	bool done;
	int applied;

	ok(db_is_memory(a), "known as such");
	ok(db_migrate(a, &applied, &e) && db_migrate(b, &applied, &e), "two schemas");
	ok(db_transaction(a, put_thing, &put_one, &e), "a row in one");
	ok(db_number(b, T_THING_COUNT, DB_NO_ARGS, &n, &e) && n == 0, "is not in the other");
	ok(db_ping(a, &e) && db_checkpoint(a, &done, &e) && done, "ping and checkpoint");
	ok(db_number(a, T_THING_COUNT, DB_NO_ARGS, &n, &e) && n == 1, "the row stays");
	ok(access(":memory:", F_OK) != 0 && access(":memory:.writer", F_OK) != 0, "no file");
	db_free(&a);
	db_free(&b);
}

/* --- the log, the disk ----------------------------------------------------------- */

static int64_t size_of(const struct fixture *f, const char *name)
{
	struct stat st;

	return stat(fixture_path(f, name), &st) == 0 ? (int64_t)st.st_size : -1;
}

static void checkpoint(const struct fixture *f)
{
	struct db *db = fixture_ready(f), *reader = fixture_open(f);
	struct err e = { 0 };
	bool done = true;

	ok(db_transaction(db, put_thing, &put_one, &e), "a row");
	ok(size_of(f, "test.db-wal") > 0, "is in the log");
	is_int(db_query(reader, T_THING_LIST, DB_NO_ARGS, &e), DB_ROW, "a reader holds it");
	put_one.thing.id = THING_ID(2);
	ok(db_transaction(db, put_thing, &put_one, &e), "another row");
	put_one.thing.id = THING_ID(1);
	ok(db_checkpoint(db, &done, &e) && !done, "a checkpoint gives up before a long reader");
	db_finish(reader);
	ok(db_checkpoint(db, &done, &e) && done, "later it does not");
	is_int(size_of(f, "test.db-wal"), 0, "the log is empty");
	ok(db_transaction(db, put_thing, &(struct put){ .thing = { .id = THING_ID(3) } }, &e),
	   "a row after it");
	db_free(&reader);
	db_free(&db);
	ok(size_of(f, "test.db-wal") > 0, "closing the last handle is no checkpoint");
}

/* Writers and the checkpointer respect the lock file, and notice a new one. */
static void writer_lock(const struct fixture *f)
{
	struct db *db = fixture_ready(f);
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(fixture_path(f, "test.db.writer"), O_RDWR | O_CLOEXEC);
	struct err e = { 0 };
	bool done = true;

	ok(fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0, "somebody has the writer lock");
	db_deadline(db, clock_monotonic() + 100);
	ok(!db_transaction(db, put_thing, &put_one, &e) && e.kind == ERR_UNAVAILABLE,
	   "no write: %s", e.message);
	ok(db_checkpoint(db, &done, &e) && !done, "no checkpoint");
	db_deadline(db, 0);
	unlink(fixture_path(f, "test.db.writer"));
	close(fd);
	ok(db_transaction(db, put_thing, &put_one, &e), "a lock file that was removed");
	fd = open(fixture_path(f, "test.db.writer"), O_RDWR | O_CLOEXEC);
	ok(fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0, "is made again, and free");
	close(fd);
	db_free(&db);
}

static bool fill(struct db *db, void *arg, struct err *err_r)
{
	char id[40];

	for (int i = 0; i < 100; i++) {
		struct thing t = { .id = id, .n = i, .label = arg };

		snprintf(id, sizeof(id), "00000000-0000-4000-8000-%012d", i);
		if (!db_write(db, T_THING_INSERT, THING_ARGS(&t), NULL, err_r))
			return false;
	}
	return true;
}

static void disk_full(const struct fixture *f)
{
	struct db *db = fixture_ready(f);
	char label[2000];
	struct err e = { 0 };
	int64_t n = -1;

	memset(label, 'x', sizeof(label) - 1);
	label[sizeof(label) - 1] = '\0';
	ok(db_number(db, T_SET_PAGES, DB_NO_ARGS, &n, &e), "space for a few pages");
	ok(!db_transaction(db, fill, label, &e) && e.kind == ERR_UNAVAILABLE &&
	   strstr(e.message, "disk is full"), "%s", e.message);
	ok(db_number(db, T_THING_COUNT, DB_NO_ARGS, &n, &e) && n == 0, "nothing of it is stored");
	ok(db_transaction(db, put_thing, &put_one, &e), "what fits is");
	db_free(&db);
}

/* Sc 1. */
static void urls(const struct fixture *f)
{
	struct db_options o = { .catalog = test_catalog(), .timeout_ms = SHORT_MS };
	static const struct { const char *url, *path; } good[] = {
		{ "sqlite:a.db", "a.db" }, { "sqlite:./a b.db", "./a b.db" },
		{ "sqlite:/x/a.db", "/x/a.db" }, { "sqlite:///x/a.db", "/x/a.db" },
		{ "sqlite://a.db", "a.db" }, { "sqlite::memory:", ":memory:" },
	};
	static const char *const bad[] = { "", "sqlite:", "mysql://u:secret@h/d", "a.db",
					   "sqlite:a.db?mode=rwc", "/x/a.db", "SQLITE:x" };
	struct err e = { 0 };

	(void)f;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		o.url = good[i].url;
		struct db *db = db_new(&o, &e);

		is_str(db ? db_path(db) : NULL, good[i].path, good[i].url);
		db_free(&db);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		o.url = bad[i];
		ok(!db_new(&o, &e) && e.kind == ERR_CONFIG && !strstr(e.message, "secret"),
		   "%s", e.message);
		is_str(e.field, "DATABASE_URL", "names the option");
	}
}

const struct test_case file_cases[] = {
	{ "urls", ON_SQLITE, urls },
	{ "paths that are no database", ON_SQLITE, refused },
	{ "read-only", ON_SQLITE, read_only },
	{ "modes of new files", ON_SQLITE, modes },
	{ "hard links", ON_SQLITE, hard_links },
	{ "memory", ON_SQLITE, memory },
	{ "checkpoint", ON_SQLITE, checkpoint },
	{ "the writer lock", ON_SQLITE, writer_lock },
	{ "disk full", ON_SQLITE, disk_full },
	{ 0 },
};
