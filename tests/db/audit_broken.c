/*
 * tests/db/audit_broken.c - a chain whose head was changed, is gone or is old waits, and
 * no other does, nor costs the others more the more of its events wait; a look that fails is told, on the backend of TEST_DATABASE_URL.
 */
#include "config.h"

#include "chain_op.h"

#define T1 "00000000-0000-4000-8000-0000000000a1"
#define T2 "00000000-0000-4000-8000-0000000000a2"
#define T3 "90000000-0000-4000-8000-0000000000a3"

static struct audit_linker linker = LINKER("host one");

/* One chain whose head was changed waits, and no other does. */
static void test_broken(void)
{
	int64_t links = sql_number("SELECT count(*) FROM audit_links");

	must("CREATE TABLE kept AS SELECT chain, mac FROM audit_heads WHERE chain = '" T1 "'");
	must("UPDATE audit_heads SET mac = '00' WHERE chain = '" T1 "'");
	linker.batch = 10;
	for (int i = 0; i < 25; i++)   /* more than a batch */
		if (!change_of(&f.op, T1))
			bail_out("change", &err);
	ok(change_of(&f.op, T2) && change_of(&f.op, NULL), "and two of other chains");
	ok(link_all(&linker), "a chain whose head was changed stops nothing: %s", err.message);
	linked(links + 2, 25, "the others are linked");
	ok(linker.n_broken == 1 && str_eq(linker.broken[0], T1), "that one is broken");
	ok(link_all(&linker), "nothing else waits");
	is_int(linker.waits_since, TIME_NONE, "and its events are not counted");
	f.op.now += 61000;
	is_int(verify_now().faults, 26, "verify tells of it, and of its events");
	ok(change_of(&f.op, T2) && link_all(&linker), "also in the next batch");
	linked(links + 3, 25, "the others go on");
	must("UPDATE audit_heads SET mac = (SELECT mac FROM kept) WHERE chain = '" T1 "'");
	must("DROP TABLE kept");
	ok(link_all(&linker), "its head is put back, which is not seen at once");
	f.op.now += 600000;
	ok(link_all(&linker) && linker.n_broken == 0, "but after 10 minutes");
	linked(links + 28, 0, "all that waited is linked");
	is_clean("after it was put back");
}

/* Nor one whose head is gone, or is an older one that the key holds for. */
static void test_stale_head(void)
{
	static const char *const damages[] = {
		"DELETE FROM audit_heads WHERE chain = '" T1 "'",
		"UPDATE audit_heads SET (seq, hash, mac) = (SELECT seq, hash, mac FROM older) WHERE chain = '" T1 "'",
	};
	int64_t links;

	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		must("CREATE TABLE older AS SELECT * FROM audit_heads WHERE chain = '" T1 "'");
		ok(change_of(&f.op, T1) && link_all(&linker), "the chain grows");
		must("CREATE TABLE newest AS SELECT * FROM audit_heads WHERE chain = '" T1 "'");
		links = sql_number("SELECT count(*) FROM audit_links");
		must(damages[i]);
		ok(change_of(&f.op, T1) && change_of(&f.op, T2), "changes after: %s", damages[i]);
		ok(link_all(&linker), "that stops no other chain: %s", err.message);
		linked(links + 1, 1, "which is linked");
		ok(linker.n_broken == 1 && str_eq(linker.broken[0], T1), "that one is broken");
		must("DELETE FROM audit_heads WHERE chain = '" T1 "'");
		must("INSERT INTO audit_heads SELECT * FROM newest");
		must("DROP TABLE older");
		must("DROP TABLE newest");
		f.op.now += 600000;
		ok(link_all(&linker) && linker.n_broken == 0, "its head is put back");
		linked(links + 2, 0, "and what waited is linked");
		is_clean("after it was put back");
	}
}

/* --- what waits for a broken chain costs the others nothing ------------------------------ */

#define BACKLOG "20000"

static const char *literal(const char *name)
{
	if (str_eq(name, "limit"))
		return "1000";
	return str_eq(name, "after") ? "'" T1 "'" : "'" T2 "'";
}

/* The statement with values in place of its parameters: $12 or ?12. */
static const char *with_values(const struct db_statement *s)
{
	struct strbuf b = { .arena = f.arena };

	for (const char *at = s->sql[db_backend_of(f.db)]; *at; at++) {
		if ((*at == '$' || *at == '?') && at[1] >= '1' && at[1] <= '9')
			strbuf_adds(&b, literal(s->names[strtoul(at + 1, (char **)(uintptr_t)&at, 10) - 1]));
		if (*at)
			strbuf_add(&b, at, 1);
	}
	return b.s;
}

/* How the database runs the statement, in lines. */
static const char *plan_of(const char *name)
{
	static const char *const head[DB_BACKENDS] = { "EXPLAIN QUERY PLAN ", "EXPLAIN (COSTS OFF) " };
	enum db_backend backend = db_backend_of(f.db);
	const struct db_statement *of = sql_catalog.statements;
	struct db_statement s = { .name = "plan" };
	struct strbuf b = { .arena = f.arena };
	struct db *db;
	enum db_rc rc;

	while (!str_eq(of->name, name))
		of++;
	s.sql[backend] = arena_printf(f.arena, "%s%s", head[backend], with_values(of));
	db = sql_db(&(struct db_catalog){ .statements = &s, .n_statements = 1 });
	for (rc = db_query(db, 0, (const struct db_value *)NULL, 0, &err); rc == DB_ROW; rc = db_next(db, &err))
		strbuf_addf(&b, "%s\n", db_column_text(db, db_columns(db) - 1));
	if (rc != DB_OK)
		bail_out(s.sql[backend], &err);
	db_free(&db);
	return b.s;
}

/* Of each look and each batch, however many wait. */
static void test_backlog(void)
{
	static const char *const statements[] = { "audit_lease_get", "audit_batch", "audit_pending_done" };
	static const char *const by_range[DB_BACKENDS][2] = {
		{ "audit_pending USING COVERING INDEX audit_pending_chain_idx (chain>? AND ", "(chain>? AND " },
		{ " audit_pending_chain_idx", "Index Cond: ((chain > " },
	};
	enum db_backend backend = db_backend_of(f.db);

	must("CREATE TABLE kept AS SELECT chain, mac FROM audit_heads WHERE chain = '" T1 "'");
	must("UPDATE audit_heads SET mac = '00' WHERE chain = '" T1 "'");
	if (!sql_of("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " BACKLOG ")"
		    " INSERT INTO audit_pending (event_id, chain)"
		    " SELECT printf('%08x-0000-4000-8000-0000000000b1', i * 200000), '" T1 "' FROM n",
		    "INSERT INTO audit_pending (event_id, chain)"
		    " SELECT CAST(lpad(to_hex(i * 200000::BIGINT), 8, '0') || '-0000-4000-8000-0000000000b1' AS UUID), '" T1 "'"
		    " FROM generate_series(1, " BACKLOG ") i"))
		bail_out("backlog", &err);
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		const char *plan = plan_of(statements[i]);

		if (!ok(strstr(plan, by_range[backend][0]) && strstr(plan, by_range[backend][1]),
			"%s reads nothing of a broken chain", statements[i]))
			printf("# %s\n", plan);
	}
	must("DELETE FROM audit_pending WHERE event_id NOT IN (SELECT id FROM audit_events)");
	must("UPDATE audit_heads SET mac = (SELECT mac FROM kept) WHERE chain = '" T1 "'");
	must("DROP TABLE kept");
}

/* Names before, between and behind those of broken chains. */
static void test_between(void)
{
	static const char *const chains[] = { "00000000-0000-4000-8000-0000000000c1", T1, "10000000-0000-4000-8000-0000000000c1",
		T3, "f0000000-0000-4000-8000-0000000000c1", NULL };
	int64_t links;

	ok(change_of(&f.op, T3) && link_all(&linker), "another chain");
	must("CREATE TABLE kept AS SELECT * FROM audit_heads");
	must("UPDATE audit_heads SET mac = '00' WHERE chain IN ('" T1 "', '" T3 "')");
	ok(change_of(&f.op, T3) && change_of(&f.op, T1) && link_all(&linker) && linker.n_broken == 2, "two are broken");
	links = sql_number("SELECT count(*) FROM audit_links");
	for (size_t i = 0; i < 2 * sizeof(chains) / sizeof(chains[0]); i++)
		if (!change_of(&f.op, chains[i / 2]))
			bail_out("change", &err);
	linker.batch = 3;   /* which ends within a chain, and goes on in the next range */
	ok(link_all(&linker), "two changes of each, and of those between: %s", err.message);
	linked(links + 8, 6, "those of the others are linked");
	must("UPDATE audit_heads SET mac = (SELECT mac FROM kept k WHERE k.chain = audit_heads.chain)"
	     " WHERE chain IN ('" T1 "', '" T3 "')");
	must("DROP TABLE kept");
	f.op.now += 600000;
	ok(link_all(&linker) && linker.n_broken == 0, "their heads are put back");
	linked(links + 14, 0, "and all is linked");
	is_clean("after they were put back");
}

/* What cannot be read may wait. */
static void test_blind(void)
{
	ok(link_all(&linker), "a look");
	is_int(linker.waits_since, TIME_NONE, "nothing waits");
	must("ALTER TABLE audit_lease RENAME TO away");
	ok(!link_all(&linker), "a look that fails: %s", err.message);
	is_int(linker.waits_since, f.op.now, "counts as waiting");
	f.op.now += 5000;
	ok(!link_all(&linker), "another");
	is_int(linker.waits_since, f.op.now - 5000, "since the first");
	must("ALTER TABLE away RENAME TO audit_lease");
	ok(link_all(&linker), "one that does not");
	is_int(linker.waits_since, TIME_NONE, "ends it");
}

int main(void)
{
	chain_open();
	ok(link_all(&linker) && change_of(&f.op, T1) && link_all(&linker), "a chain");
	test_broken();
	test_stale_head();
	test_backlog();
	test_between();
	test_blind();
	fixture_close(&f);
	return tap_done();
}
