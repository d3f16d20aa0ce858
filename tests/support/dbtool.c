/*
 * tests/support/dbtool.c - one db connection, driven line by line from stdin,
 * for tests that break the server underneath it. Answers one line a command:
 * "ok ...", or "KIND: sentence".
 *
 *   connect | ping | facts | pid | reads | prepared | forget
 *   total                     the sum of all committed `add`s
 *   add UUID N [wait]         a transaction with its audit event; with `wait` it
 *                             says "inside" and goes on after the next line
 *   put UUID TIME 0|1|null JSON NAME     one row with every kind of value
 *   get UUID                  the same, as read back
 *   names | icu-names         in order of a COLLATE "C" column, and without
 *   sleep SECONDS
 *   failed-commit             COMMIT of a failed transaction, past db.c
 *
 * DATABASE_URL, DATABASE_PREPARE=no and TIMEOUT_MS come from the environment.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "db/db_private.h"
#include "db_args.h"

enum { AUDIT_ADD, TOTAL_ADD, TOTAL, ITEM_ADD, ITEM, NAMES, ICU_NAMES, SLEEP, PID,
       PREPARED, FORGET, WRONG, STATEMENTS };

#define BOTH(text) .sql = { text, text }
static const struct db_statement statements[STATEMENTS] = {
	[AUDIT_ADD] = { .name = "audit_add", .params = 1, .writes = true, BOTH("INSERT INTO audit_events (id) VALUES ($1)") },
	[TOTAL_ADD] = { .name = "total_add", .params = 1, .writes = true, BOTH("UPDATE totals SET n = n + $1") },
	[TOTAL] = { .name = "total", BOTH("SELECT n FROM totals") },
	[ITEM_ADD] = { .name = "item_add", .params = 5, .writes = true, BOTH("INSERT INTO items (id, at, yes, tags, name)"
		       " VALUES ($1, $2, $3, $4, $5) RETURNING id") },
	[ITEM] = { .name = "item", .params = 1, BOTH("SELECT id, at, yes, tags, name FROM items WHERE id = $1") },
	[NAMES] = { .name = "names", BOTH("SELECT name FROM items ORDER BY name") },
	[ICU_NAMES] = { .name = "icu_names", BOTH("SELECT name FROM items"
			" ORDER BY name COLLATE \"default\"") },
	[SLEEP] = { .name = "sleep", .params = 1, BOTH("SELECT pg_sleep(CAST($1 AS BIGINT))") },
	[PID] = { .name = "pid", BOTH("SELECT pg_backend_pid()") },
	[PREPARED] = { .name = "prepared", BOTH("SELECT count(*) FROM pg_prepared_statements") },
	[FORGET] = { .name = "forget", BOTH("DEALLOCATE ALL") },
	[WRONG] = { .name = "wrong", .writes = true, BOTH("UPDATE totals SET n = 1 / (n - n)") },
};

static const struct db_constraint constraints[] = {
	{ "items_name_key", "items.name", "name", "This name is taken" },
	{ 0 },
};
static const struct db_catalog catalog = {
	.statements = statements, .n_statements = STATEMENTS, .constraints = constraints,
};

struct job {
	const char *id;
	int64_t n;
	bool wait;
	int runs;
	const char *time, *yes, *tags, *name;
};

static void say(const char *text)
{
	printf("%s\n", text);
	fflush(stdout);
}

static void say_err(const struct err *e)
{
	static const char *const kinds[ERR__COUNT] = {
		[ERR_CONFLICT] = "conflict", [ERR_UNAVAILABLE] = "unavailable",
		[ERR_UNCERTAIN] = "uncertain", [ERR_DATABASE] = "database",
		[ERR_CONFIG] = "config", [ERR_INTERNAL] = "internal",
	};
	const char *kind = kinds[e->kind];

	printf("%s: %s%s%s%s\n", kind ? kind : "other", e->message, e->field[0] ? " [" : "",
	       e->field, e->field[0] ? "]" : "");
	fflush(stdout);
}

static void answer(bool done, const struct err *e)
{
	if (done)
		say("ok");
	else
		say_err(e);
}

/* All rows of one statement: columns by |, rows by a blank. */
static void rows(struct db *db, int stmt, const struct db_value *args, size_t n)
{
	struct err e = { 0 };
	enum db_rc rc = db_query(db, stmt, args, n, &e);

	if (rc != DB_ROW && rc != DB_OK) {
		say_err(&e);
		return;
	}
	printf("ok");
	for (; rc == DB_ROW; rc = db_next(db, &e))
		for (int i = 0; i < db_columns(db); i++) {
			const char *s = db_column_text(db, i);
			printf("%c%s", i ? '|' : ' ', s ? s : "NULL");
		}
	say("");
}

static bool read_line(char *line, size_t size)
{
	if (!fgets(line, (int)size, stdin))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

static bool add(struct db *db, void *arg, struct err *err_r)
{
	struct job *j = arg;
	char line[16];

	if (!db_write(db, AUDIT_ADD, DB_ARGS(db_text(j->id)), NULL, err_r))
		return false;
	if (j->wait && j->runs++ == 0) {
		say("inside");
		if (!read_line(line, sizeof(line)))
			return err_set(err_r, ERR_INTERNAL, "end of input");
	}
	return db_write(db, TOTAL_ADD, DB_ARGS(db_int(j->n)), NULL, err_r);
}

static bool put(struct db *db, void *arg, struct err *err_r)
{
	struct job *j = arg;
	struct db_value yes = db_null();
	int64_t at = TIME_NONE;

	if (!str_eq(j->time, "null") && !time_parse(j->time, &at))
		return err_set(err_r, ERR_INTERNAL, "bad time");
	if (!str_eq(j->yes, "null"))
		yes = db_bool(str_eq(j->yes, "1"));
	struct arena *arena = arena_new();
	struct strings tags = { 0 };
	bool done;

	if (!str_eq(j->tags, "null") && !strings_from_json(arena, j->tags, &tags))
		return err_set(err_r, ERR_INTERNAL, "bad list");
	done = db_write(db, ITEM_ADD, DB_ARGS(db_text(j->id), db_time(at), yes,
			db_strings(tags), db_text(j->name)), &j->n, err_r);
	arena_free(&arena);
	return done;
}

static void facts(struct db *db)
{
	struct arena *a = arena_new();
	struct db_facts f;
	struct err e = { 0 };

	if (db_facts_read(db, a, &f, &e))
		printf("ok %s|%s|%s|%s|%s|%s|%lld\n", f.backend, f.library, f.server, f.encoding,
		       f.tls, f.where, (long long)f.connections_free);
	else
		say_err(&e);
	fflush(stdout);
	arena_free(&a);
}

/* db.c never commits what has failed; the driver must tell all the same. */
static void failed_commit(const struct db_options *o)
{
	const struct db_driver *d = &db_driver_pgsql;
	int64_t deadline = clock_monotonic() + o->timeout_ms;
	struct err e = { 0 };
	struct db_conn *c = d->open(o, deadline, &e);

	if (!c || d->begin(c, deadline, &e) != DB_OK) {
		say_err(&e);
		return;
	}
	enum db_rc first = d->query(c, WRONG, NULL, 0, deadline, &e);
	enum db_rc rc = d->commit(c, deadline, &e);
	printf("ok %s %s: %s\n", first == DB_ERROR ? "refused" : "accepted",
	       rc == DB_ERROR ? "error" : "committed", e.message);
	fflush(stdout);
	d->close(c);
}

static void command(struct db *db, const struct db_options *o, char **w, int n)
{
	struct err e = { 0 };

	if (str_eq(w[0], "connect")) {
		answer(db_connect(db, &e), &e);
	} else if (str_eq(w[0], "ping")) {
		answer(db_ping(db, &e), &e);
	} else if (str_eq(w[0], "facts")) {
		facts(db);
	} else if (str_eq(w[0], "pid")) {
		rows(db, PID, DB_NO_ARGS);
	} else if (str_eq(w[0], "total")) {
		rows(db, TOTAL, DB_NO_ARGS);
	} else if (str_eq(w[0], "prepared")) {
		rows(db, PREPARED, DB_NO_ARGS);
	} else if (str_eq(w[0], "forget")) {
		rows(db, FORGET, DB_NO_ARGS);
	} else if (str_eq(w[0], "names")) {
		rows(db, NAMES, DB_NO_ARGS);
	} else if (str_eq(w[0], "icu-names")) {
		rows(db, ICU_NAMES, DB_NO_ARGS);
	} else if (str_eq(w[0], "failed-commit")) {
		failed_commit(o);
	} else if (str_eq(w[0], "sleep") && n == 2) {
		rows(db, SLEEP, DB_ARGS(db_int(strtoll(w[1], NULL, 10))));
	} else if (str_eq(w[0], "get") && n == 2) {
		rows(db, ITEM, DB_ARGS(db_text(w[1])));
	} else if (str_eq(w[0], "add") && n >= 3) {
		struct job j = { .id = w[1], .n = strtoll(w[2], NULL, 10), .wait = n == 4 };
		answer(db_transaction(db, add, &j, &e), &e);
	} else if (str_eq(w[0], "put") && n == 6) {
		struct job j = { .id = w[1], .time = w[2], .yes = w[3], .tags = w[4], .name = w[5] };
		answer(db_transaction(db, put, &j, &e), &e);
	} else {
		say("internal: no such command");
	}
}

int main(void)
{
	static char line[65536];
	const char *timeout = getenv("TIMEOUT_MS"), *prepare = getenv("DATABASE_PREPARE");
	struct err e = { 0 };
	struct db_options o = {
		.url = getenv("DATABASE_URL"),
		.timeout_ms = timeout ? strtoll(timeout, NULL, 10) : 5000,
		.prepare = !str_eq(prepare, "no"),
		.catalog = &catalog,
	};
	struct db *db;

	log_init("dbtool", LOG_LEVEL_DEBUG);
	db = o.url ? db_new(&o, &e) : NULL;
	if (!db) {
		say_err(&e);
		return 1;
	}
	while (read_line(line, sizeof(line))) {
		char *w[8] = { 0 };
		int n = 0;
		for (char *p = line; p && n < 8; n++) {
			w[n] = p;
			p = strchr(p, '\t');
			if (p)
				*p++ = '\0';
		}
		command(db, &o, w, n);
	}
	db_free(&db);
	return 0;
}
