/*
 * tests/db/audit_broken.c - a chain whose head was changed, is gone or is old waits, and
 * no other does; a look that fails is told, on the backend of TEST_DATABASE_URL.
 */
#include "config.h"

#include "chain_op.h"

#define T1 "00000000-0000-4000-8000-0000000000a1"
#define T2 "00000000-0000-4000-8000-0000000000a2"

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
	test_blind();
	fixture_close(&f);
	return tap_done();
}
