/*
 * tests/db/expanded.c - a migration written once (tests/db/schema/proof.sql), as
 * sql/schema.awk expands it, in a real database: its types take and refuse the
 * same on both backends, a refused constraint says its sentence, and a change of
 * a noted column is noted.
 */
#include "config.h"

#include "op_fixture.h"

#define P1 "00000000-0000-4000-8000-0000000000a1"
#define P2 "00000000-0000-4000-8000-0000000000a2"
#define U "00000000-0000-4000-8000-000000000001"
#define AT "'2026-01-01T00:00:00.000Z'"
#define PROOF(id, name) "INSERT INTO proofs (id, user_id, name, facts, made_at)" \
	" VALUES ('" id "', '" U "', '" name "', '{}', " AT ")"
#define PART(id, is_first) "INSERT INTO proof_parts (id, proof_id, is_first)" \
	" VALUES ('00000000-0000-4000-8000-0000000000b" id "', '" P1 "', " is_first ")"
#define SET(what) "UPDATE proofs SET " what " WHERE id = '" P1 "'"
#define ANY ERR_DATABASE

static struct fixture f;
static struct err err;

/* One statement each, in this order: what it must end with, and how often the
 * proof P1 is noted then. */
static const struct step {
	const char *sql;
	enum err_kind kind;
	const char *field, *sentence;
	int64_t noted;
} steps[] = {
	{ "INSERT INTO users (id, email, email_key, password_hash, tier, user_status, is_admin,"
	  " created_at, updated_at) VALUES ('" U "', 'a@x.example', 'a@x.example', 'x', 'starter',"
	  " 'active', FALSE, " AT ", " AT ")", ERR_NONE, NULL, NULL, 0 },
	{ PROOF(P1, "one"), ERR_NONE, NULL, NULL, 0 },
	/* what a constraint says */
	{ PROOF(P1, "two"), ERR_CONFLICT, "id", "A proof with this id already exists", 0 },
	{ PROOF(P2, "one"), ERR_CONFLICT, "name", "You have a proof of this name already", 0 },
	{ PROOF(P2, "One"), ERR_NONE, NULL, NULL, 0 },
	{ PART("1", "TRUE"), ERR_NONE, NULL, NULL, 0 },
	{ PART("2", "FALSE"), ERR_NONE, NULL, NULL, 0 },
	{ PART("3", "TRUE"), ERR_CONFLICT, "is_first", "This proof has its first part already", 0 },
	/* what each type refuses */
	{ SET("stranger_id = 'nobody'"), ANY, NULL, NULL, 0 },
	{ SET("tags = '\"word\"'"), ANY, NULL, NULL, 0 },
	{ SET("facts = '[]'"), ANY, NULL, NULL, 0 },
	{ SET("facts = 'none'"), ANY, NULL, NULL, 0 },
	{ SET("distance = 'far'"), ANY, NULL, NULL, 0 },
	{ SET("visits = 'often'"), ANY, NULL, NULL, 0 },
	{ SET("visits = -1"), ANY, NULL, NULL, 0 },
	{ SET("is_on = 'perhaps'"), ANY, NULL, NULL, 0 },
	{ SET("made_at = 'long ago'"), ANY, NULL, NULL, 0 },
	{ SET("ended_at = 'soon'"), ANY, NULL, NULL, 0 },
	{ SET("user_id = '" P1 "'"), ANY, NULL, NULL, 0 },
	{ "UPDATE proof_parts SET more = '7'", ANY, NULL, NULL, 0 },
	/* what is noted */
	{ SET("visits = 7, distance = 1.5, stranger_id = '" P2 "', ended_at = " AT), ERR_NONE, NULL, NULL, 0 },
	{ SET("name = 'first'"), ERR_NONE, NULL, NULL, 1 },
	{ SET("is_on = FALSE"), ERR_NONE, NULL, NULL, 2 },
	{ SET("tags = tags"), ERR_NONE, NULL, NULL, 3 },
	{ "DELETE FROM proofs WHERE id = '" P1 "'", ERR_NONE, NULL, NULL, 4 },
};
enum { STEPS = sizeof(steps) / sizeof(steps[0]), NOTED = STEPS, REPLACE, ALL_NOTED, STATEMENTS };

/* --- the expansion ---------------------------------------------------------------- */

static char *expanded(const char *part)
{
	const char *source = getenv("PIERRE_SOURCE");
	char *text = arena_alloc(f.arena, 65536);
	FILE *p = popen(arena_printf(f.arena, "cd '%s' && awk -v part=%s -f sql/schema.awk"
		" tests/db/schema/proof.sql", source ? source : ".", part), "r");

	if (p)
		text[fread(text, 1, 65535, p)] = '\0';
	if (!p || pclose(p) != 0 || !*text)
		exit(99);
	return text;
}

/* The next "text" of C; *at goes behind it. */
static const char *next_string(char **at)
{
	char *begin = strchr(*at, '"'), *end = begin ? strchr(begin + 1, '"') : NULL;

	if (!end)
		return NULL;
	*end = '\0';
	*at = end + 1;
	return begin + 1;
}

static const struct db_constraint *constraints(void)
{
	static struct db_constraint rows[16];
	char *at = expanded("constraints");

	for (size_t i = 0; i < 15 && (rows[i].pgsql = next_string(&at)); i++) {
		rows[i].sqlite = next_string(&at);
		rows[i].field = next_string(&at);
		rows[i].message = next_string(&at);
	}
	return rows;
}

static void migrate(void)
{
	static struct db_migration list[DB_BACKENDS][64];
	static const char *const parts[] = { [DB_SQLITE] = "sqlite", [DB_PGSQL] = "pgsql" };
	struct db_catalog catalog = sql_catalog;
	size_t n = sql_catalog.n_migrations;
	struct db *db;
	int applied = 0;

	for (int b = 0; b < DB_BACKENDS; b++) {
		for (size_t i = 0; i < n; i++)
			list[b][i] = sql_catalog.migrations[b][i];
		list[b][n] = (struct db_migration){ (int)n + 1, "proof", expanded(parts[b]),
			"0000000000000000000000000000000000000000000000000000000000000000", NULL };
		catalog.migrations[b] = list[b];
	}
	catalog.n_migrations = n + 1;
	db = db_new(&(struct db_options){ .url = f.url, .timeout_ms = 20000, .catalog = &catalog }, &err);
	if (!db || !db_migrate(db, &applied, &err))
		bail_out("migrate", &err);
	is_int(applied, (int64_t)n + 1, "the expanded migration ran");
	db_free(&db);
}

/* --- the steps ---------------------------------------------------------------------- */

static bool write_one(struct db *db, void *arg, struct err *err_r)
{
	return db_write(db, *(const int *)arg, DB_NO_ARGS, NULL, err_r);
}

static int64_t number_of(struct db *db, int stmt)
{
	int64_t n;

	return db_number(db, stmt, DB_NO_ARGS, &n, &err) ? n : -1;
}

static void run(struct db *db)
{
	for (int i = 0; i < STEPS; i++) {
		const struct step *s = &steps[i];
		bool done;

		err = (struct err){ 0 };
		done = db_transaction(db, write_one, &i, &err);
		if (!ok(done == (s->kind == ERR_NONE) && err.kind == s->kind, "%s", s->sql))
			printf("# %d: %s\n", err.kind, err.message);
		if (s->field)
			is_str(err.field, s->field, "names the field");
		if (s->sentence)
			is_str(err.message, s->sentence, "and says its sentence");
		is_int(number_of(db, NOTED), s->noted, "noted");
	}
}

/* What only one of the two can do. */
static void run_own(struct db *db)
{
	static const int replace = REPLACE;
	int stmt = replace;

	if (!ok(db_transaction(db, write_one, &stmt, &err), "rows go without a DELETE"))
		printf("# %s\n", err.message);
	is_int(number_of(db, ALL_NOTED), 1, "and that is noted too");
}

int main(void)
{
	struct db_statement statements[STATEMENTS];
	struct db_catalog catalog = { .statements = statements, .n_statements = STATEMENTS };
	struct db *db;

	fixture_empty(&f);
	migrate();
	for (int i = 0; i < STEPS; i++)
		statements[i] = (struct db_statement){ .name = "step", .writes = true,
			.sql = { steps[i].sql, steps[i].sql } };
#define NOTED_OF(id) "SELECT count(*) FROM changes WHERE subject = '" id "'"
	statements[NOTED] = (struct db_statement){ .name = "noted", .sql = { NOTED_OF(P1), NOTED_OF(P1) } };
	statements[REPLACE] = (struct db_statement){ .name = "replace", .writes = true, .sql = {
		"INSERT OR REPLACE INTO proofs (id, user_id, name, facts, made_at)"
		" VALUES ('" P1 "', '" U "', 'One', '{}', " AT ")", "TRUNCATE proofs CASCADE" } };
	/* a connection with recursive_triggers notes what it replaces twice */
	statements[ALL_NOTED] = (struct db_statement){ .name = "all_noted", .sql = {
		"SELECT count(DISTINCT subject) FROM changes WHERE subject = '" P2 "'",
		NOTED_OF("00000000-0000-0000-0000-000000000000") } };
	catalog.constraints = constraints();
	db = db_new(&(struct db_options){ .url = f.url, .timeout_ms = 20000, .catalog = &catalog }, &err);
	if (!db)
		bail_out("connect", &err);
	run(db);
	run_own(db);
	db_free(&db);
	fixture_close(&f);
	return tap_done();
}
