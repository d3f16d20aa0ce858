/*
 * tests/db/contract.c - the driver contract suite, against SQLite files in a
 * scratch directory, or against PostgreSQL when TEST_DATABASE_URL (or the
 * first argument) names one. PostgreSQL: an empty database of our own.
 *
 * Every case has a database of its own; rows of the tables say on which
 * backends they hold. A second argument runs the cases with that name only.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "tests/db/contract.h"

enum { TIMEOUT_MS = 20000 };

struct db *fixture_open_with(const struct fixture *f, const struct db_catalog *cat,
			     int64_t timeout_ms)
{
	struct err e = { 0 };
	struct db *db = db_new(&(struct db_options){
		.url = f->url, .timeout_ms = timeout_ms, .prepare = true, .catalog = cat }, &e);

	if (!db) {
		printf("Bail out! %s\n", e.message);
		exit(1);
	}
	return db;
}

struct db *fixture_open(const struct fixture *f)
{
	return fixture_open_with(f, test_catalog(), TIMEOUT_MS);
}

struct db *fixture_open_path(const struct fixture *f, const char *path)
{
	struct fixture other = *f;

	other.url = arena_printf(f->arena, "sqlite:%s", path);
	return fixture_open(&other);
}

struct db *fixture_ready(const struct fixture *f)
{
	struct db *db = fixture_open(f);
	struct err e = { 0 };
	int applied;

	if (!db_migrate(db, &applied, &e)) {
		printf("Bail out! %s\n", e.message);
		exit(1);
	}
	return db;
}

const char *fixture_path(const struct fixture *f, const char *name)
{
	return arena_printf(f->arena, "%s/%s", f->dir, name);
}

int reap(int pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

/* --- a database for each case ------------------------------------------------- */

static void remove_tree(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	char path[PATH_MAX];

	while (d && (entry = readdir(d))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (entry->d_type == DT_DIR)
			remove_tree(path);
		else
			unlink(path);
	}
	if (d)
		closedir(d);
	rmdir(dir);
}

static bool drop_all(struct db *db, void *arg, struct err *err_r)
{
	(void)arg;
	return db_write(db, T_DROP_ALL, DB_NO_ARGS, NULL, err_r);
}

static void empty_pgsql(const struct fixture *f)
{
	struct db *db = fixture_open(f);
	struct err e = { 0 };

	if (!db_transaction(db, drop_all, NULL, &e)) {
		printf("Bail out! %s\n", e.message);
		exit(1);
	}
	db_free(&db);
}

static void run_case(const struct test_case *t, const char *pgsql_url)
{
	const char *tmp = getenv("TMPDIR");
	struct fixture f = { .arena = arena_new() };
	char *dir = arena_printf(f.arena, "%s/contract.XXXXXX", tmp ? tmp : "/tmp");

	if (!mkdtemp(dir) || chmod(dir, 0755) != 0) {
		printf("Bail out! %s: %s\n", dir, strerror(errno));
		exit(1);
	}
	f.dir = dir;
	f.backend = pgsql_url ? DB_PGSQL : DB_SQLITE;
	f.url = pgsql_url ? pgsql_url : arena_printf(f.arena, "sqlite:%s/test.db", dir);
	if (pgsql_url)
		empty_pgsql(&f);
	printf("# %s\n", t->name);
	t->run(&f);
	remove_tree(dir);
	arena_free(&f.arena);
}

static const struct test_case *const tables[] = {
	value_cases, transaction_cases, fault_cases, schema_cases, product_cases,
	file_cases, lost_cases, disk_cases, crash_cases,
};

int main(int argc, char **argv)
{
	const char *url = argc > 1 && argv[1][0] ? argv[1] : getenv("TEST_DATABASE_URL");
	enum db_backend backend = DB_SQLITE;
	struct err e = { 0 };

	signal(SIGPIPE, SIG_IGN);
	log_init("contract", LOG_LEVEL_ERROR);
	if (!db_url_backend(url ? url : "sqlite:x", &backend, &e)) {
		printf("1..0 # SKIP %s\n", e.message);
		return 0;
	}
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		for (const struct test_case *t = tables[i]; t->name; t++)
			if (t->on & (1u << backend) && (argc < 3 || strcmp(argv[2], t->name) == 0))
				run_case(t, backend == DB_PGSQL ? url : NULL);
	return tap_done();
}
