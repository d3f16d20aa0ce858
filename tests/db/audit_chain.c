/*
 * tests/db/audit_chain.c - rows of the audit trail are only ever added, and linked
 * once each, on the backend of TEST_DATABASE_URL.
 */
#include "config.h"

#include <signal.h>

#include "db/db_core.h"
#include "chain_op.h"
#include "op/audit_read.h"
#include "worst.h"

#define T1 "00000000-0000-4000-8000-0000000000a1"
#define T2 "00000000-0000-4000-8000-0000000000a2"
#define E(n) "00000000-0000-4000-8000-0000000000e" #n
#define AT "'2030-01-01T00:00:00.000Z'"

static struct audit_linker linker = LINKER("host one");

/* --- hashes are the same on both backends -------------------------------------------- */

/* Each field as PostgreSQL would write it otherwise, if it could. */
static struct audit_event given(void)
{
	return (struct audit_event){
		.id = E(0), .event_type = "ApiKeyChanged", .severity = "Info", .message = "An API key was changed",
		.source = "rest", .result = "success", .tenant_id = T1, .user_id = T2,
		.target = "\303\274ber@x.example", .ip_address = "2001:db8::1", .user_agent = "curl \"8\"\t\177",
		.request_id = "abc", .metadata = "{\"zz\" : \"\\u00fc\\/\\ud83d\\ude00\",\"b\":\"1\\n\\u0001\", \"long\":\"\"}",
		.timestamp = T0 + 120, .pii_salt = "00", .pii_hash = NULL,
	};
}

/* Made by another program from what op/audit_hash.h says. */
#define PII_HASH "00817755ae0d968f28ad10a1995a9d795c4f22b7e3663efd8ef12c81cb9ea7f4"
#define LINK_HASH "d6485d2cd64147709ba33e4ed77e65eb3334bbe31138f33dac34839b49da84c1"

static const char *one(const char *column, const char *from)
{
	const char *text = arena_printf(f.arena, "SELECT count(*) FROM %s WHERE %s", from, column);

	return sql_number(text) == 1 ? "yes" : "no";
}

static void test_hashes(void)
{
	struct audit_event e = given();
	char hash[SHA256_HEX], begin[SHA256_HEX];

	ok(audit_pii(&e, f.arena) && audit_pii_holds(&e, f.arena), "a pii_hash with a fresh salt holds");
	e.pii_salt = "00";
	ok(!audit_pii_holds(&e, f.arena), "and with another one it does not");
	e.pii_hash = PII_HASH;
	ok(audit_pii_holds(&e, f.arena), "the hash of the given fields");
	audit_begin_hash(T1, 7, f.arena, begin);
	audit_link_hash(begin, T1, 1, &e, f.arena, hash);
	is_str(hash, LINK_HASH, "and of the link");
	ok(store_commit(f.db, &e, NULL, NULL, &err), "written");
	ok(link_all(&linker), "and linked");
	is_str(one("hash = '" LINK_HASH "' AND seq = 1 AND chain = '" T1 "'", "audit_links"), "yes",
	       "with that hash, as it was read back");
	is_clean("as it was read back");
}

static void test_addresses(void)
{
	static const char *const addresses[] = {
		"::1", "::", "::ffff:192.0.2.1", "::192.0.2.1", "2001:db8:0:0:1:0:0:1", "fe80::1:0",
		"1:0:2:0:3:0:4:0", "255.255.255.255", "64:ff9b::192.0.2.33", "nonsense", NULL,
	};

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		f.op.client.remote_addr = addresses[i];
		ok(change_of(&f.op, NULL), "from %s", addresses[i] ? addresses[i] : "nowhere");
	}
	f.op.client.remote_addr = "192.0.2.1";
	ok(link_all(&linker), "linked");
	is_clean("each spelling of an address");
}

/* --- rows are only ever added ------------------------------------------------------------ */

static void refused(const char *sqlite, const char *pgsql, const char *why)
{
	const char *text = db_backend_of(f.db) == DB_PGSQL ? pgsql : sqlite;

	if (text && !ok(!sql_of(sqlite, pgsql) && strstr(err.message, why), "refused: %s", text))
		printf("#   %s\n", err.message);
}

static void refused_on_both(const char *text, const char *why)
{
	refused(text, text, why);
}

static const char *never(const char *done)
{
	return db_backend_of(f.db) == DB_PGSQL ? "are only ever added" : arena_printf(f.arena, "never %s", done);
}

#define EVENT_COLUMNS "id, event_type, severity, message, source, result, metadata, timestamp"
#define EVENT(id) "('" id "', 'X', 'Info', 'm', 'rest', 'success', '{}', " AT ")"

static void test_triggers(void)
{
	ok(sql("INSERT INTO audit_events (" EVENT_COLUMNS ") VALUES " EVENT(E(1))), "one that waits");
	refused_on_both("DELETE FROM audit_events WHERE id = '" E(0) "'", never("deleted"));
	refused_on_both("DELETE FROM audit_events WHERE id = '" E(1) "'", never("deleted"));
	refused(NULL, "TRUNCATE audit_events", "only ever added");
	refused(NULL, "TRUNCATE audit_links", "only ever added");
	refused_on_both("UPDATE audit_events SET message = 'x' WHERE id = '" E(0) "'", "never changed");
	refused_on_both("UPDATE audit_events SET id = '" E(9) "' WHERE id = '" E(0) "'", "never changed");
	refused_on_both("UPDATE audit_events SET timestamp = " AT " WHERE id = '" E(0) "'", "never changed");
	refused_on_both("UPDATE audit_events SET tenant_id = NULL WHERE id = '" E(0) "'", "never changed");
	refused_on_both("UPDATE audit_events SET pii_hash = 'x' WHERE id = '" E(0) "'", "never changed");
	refused_on_both("UPDATE audit_events SET target = 'x' WHERE id = '" E(0) "'", "never changed");
	refused_on_both("UPDATE audit_events SET pii_salt = NULL WHERE id = '" E(0) "'", "never changed");
	refused_on_both("UPDATE audit_events SET pii_salt = NULL, target = NULL, ip_address = NULL,"
			" user_agent = NULL, metadata = '{\"a\":\"b\"}' WHERE id = '" E(0) "'", "never changed");
	refused_on_both("UPDATE audit_links SET hash = 'x'", never("changed"));
	refused_on_both("DELETE FROM audit_links WHERE seq = 1", never("deleted"));
	refused("INSERT OR REPLACE INTO audit_events (" EVENT_COLUMNS ") VALUES " EVENT(E(0)), NULL, "never deleted");
	refused("INSERT OR REPLACE INTO audit_events (" EVENT_COLUMNS ") VALUES " EVENT(E(1)), NULL, "never deleted");
	refused("UPDATE OR REPLACE audit_events SET id = '" E(0) "' WHERE id = '" E(1) "'", NULL, "never");
	refused("INSERT OR REPLACE INTO audit_links SELECT chain, seq, event_id, 'x' FROM audit_links", NULL, "never");
}

/* As the sqlite3 shell: REPLACE deletes without the trigger of DELETE. */
static void test_other_program(void)
{
	if (db_backend_of(f.db) != DB_SQLITE)
		return;
	for (int i = 0; i < 2; i++) {
		const char *command = arena_printf(f.arena, "sqlite3 '%s' \"INSERT OR REPLACE INTO audit_events ("
			EVENT_COLUMNS ") VALUES %s\" 2>&1", db_path(f.db), i ? EVENT(E(1)) : EVENT(E(0)));
		FILE *p = popen(command, "r");
		char line[200] = "";

		ok(p && fgets(line, sizeof(line), p) && strstr(line, "never replaced"),
		   "another program cannot replace one that %s: %s", i ? "waits" : "is linked", line);
		if (p)
			pclose(p);
	}
}

/* A row that is met by its rowid is replaced like one that is met by its id. */
static void test_rowid(void)
{
	static const char *const writes[] = {
		"INSERT OR REPLACE INTO audit_events (rowid, " EVENT_COLUMNS ") SELECT rowid, "
		"substr(id, 1, 24) || 'ffffffffffff', event_type, severity, message, source, result, metadata, timestamp "
		"FROM audit_events ORDER BY rowid LIMIT 1",
		"INSERT OR REPLACE INTO audit_links (rowid, chain, seq, event_id, hash) SELECT rowid, 'x', 1, "
		"substr(event_id, 1, 24) || 'ffffffffffff', hash FROM audit_links ORDER BY rowid LIMIT 1",
		"UPDATE OR REPLACE audit_events SET rowid = (SELECT min(rowid) FROM audit_events), pii_salt = NULL, "
		"target = NULL, ip_address = NULL, user_agent = NULL, metadata = '{}' "
		"WHERE rowid = (SELECT max(rowid) FROM audit_events)",
	};

	if (db_backend_of(f.db) != DB_SQLITE)
		return;
	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
		FILE *p = popen(arena_printf(f.arena, "sqlite3 '%s' \"%s\" 2>&1", db_path(f.db), writes[i]), "r");
		char line[200] = "";

		ok(p && fgets(line, sizeof(line), p) && strstr(line, "never "), "by its rowid (%zu): %s", i, line);
		if (p)
			pclose(p);
	}
}

/* What proves that a COMMIT was done stays what it was. */
static void test_replay(void)
{
	struct audit_event e = op_audit(&f.op, AUDIT_API_KEY_CHANGED, NULL);

	ok(store_commit(f.db, &e, NULL, NULL, &err), "an event");
	ok(!store_commit(f.db, &e, NULL, NULL, &err) && err.kind == ERR_CONFLICT &&
	   str_eq(err.reason, "audit_event_exists"), "again, while it waits: %s", err.message);
	ok(link_all(&linker) && !store_commit(f.db, &e, NULL, NULL, &err) && err.kind == ERR_CONFLICT &&
	   str_eq(err.reason, "audit_event_exists"), "and when it is linked: %s", err.message);
}

static struct {
	const struct db_driver *real;
	int lost;
} commits;

static enum db_rc commit_and_lose(struct db_conn *c, int64_t deadline, struct err *err_r)
{
	enum db_rc rc = commits.real->commit(c, deadline, err_r);

	if (rc != DB_OK || commits.lost-- <= 0)
		return rc;
	err_set(err_r, ERR_UNCERTAIN, "Lost");
	return DB_UNCERTAIN;
}

/* The answer to a COMMIT that was done is lost: of the change, and of the linker. */
static void test_lost_commit(void)
{
	static struct db_driver driver;
	int64_t links = sql_number("SELECT count(*) FROM audit_links");
	struct db *had = f.db;

	commits.real = db_url_driver(f.url, NULL);
	driver = *commits.real;
	driver.commit = commit_and_lose;
	f.op.db = sql_db(&sql_catalog);
	db_wrap_driver(f.op.db, &driver);
	commits.lost = 1;
	ok(change_of(&f.op, T1), "a change whose COMMIT was lost after it was done");
	commits.lost = 1;
	ok(!link_all(&linker) && err.kind == ERR_UNCERTAIN, "and so its link: %s", err.message);
	ok(link_all(&linker), "the next batch goes on");
	linked(links + 1, 0, "one event, one link");
	is_clean("after both");
	db_free(&f.op.db);
	f.op.db = had;
}

/* --- who links ------------------------------------------------------------------------------ */

static void test_two_hosts(void)
{
	struct audit_linker other = LINKER("host two");
	int64_t links = sql_number("SELECT count(*) FROM audit_links");

	ok(change_of(&f.op, T1) && link_all(&linker), "the first host links");
	ok(change_of(&f.op, T1) && link_all(&other), "the second one");
	linked(links + 1, 1, "leaves it to the first");
	f.op.now += 2000;
	ok(link_all(&other), "until that is silent for 2 s");
	linked(links + 2, 0, "then it links");
	ok(change_of(&f.op, T1) && link_all(&linker), "and the first");
	linked(links + 2, 1, "does not");
	f.op.now += 2000;
	ok(link_all(&linker), "until");
	is_clean("by two hosts");
	is_str(one("host_id = 'host one'", "audit_lease"), "yes", "who has it is in the row");
}

static void test_keys(void)
{
	struct master_subkeys wrong = { 0 };
	struct audit_linker other = { .keys = &wrong, .host_id = "host one" };
	struct audit_verified v;

	ok(change_of(&f.op, T1) && !link_all(&other) && err.kind == ERR_INTERNAL, "without a key nothing is linked");
	master_subkeys_derive((const unsigned char *)"another master key, of 32 bytes.", NULL, SUBKEY_AUDIT_HEAD, &wrong);
	ok(link_all(&other) && other.n_broken == 1, "nor with another");
	is_int(sql_number("SELECT count(*) FROM audit_pending"), 1, "it waits");
	ok(link_all(&linker), "with the right one it is");
	if (!op_audit_verify(&f.op, &wrong.of[0].key, &(struct field_list){ 0 }, &v, &err))
		bail_out("verify", &err);
	is_int(v.faults, v.chains, "with a wrong key no head holds");
}

/* So slow that a whole batch comes too late. */
static enum db_rc commit_too_late(struct db_conn *c, int64_t deadline, struct err *err_r)
{
	if (linker.batch <= 10)
		return commits.real->commit(c, deadline, err_r);
	err_reason(err_r, ERR_UNAVAILABLE, "late", "Too late");
	return DB_ERROR;
}

static void test_slow_link(void)
{
	int64_t links = sql_number("SELECT count(*) FROM audit_links");
	static struct db_driver driver;
	struct db *had = f.db;
	int failed = 0;
	bool more;

	for (int i = 0; i < 80; i++)
		if (!change_of(&f.op, T1))
			bail_out("change", &err);
	driver = *commits.real;
	driver.commit = commit_too_late;
	f.op.db = sql_db(&sql_catalog);
	db_wrap_driver(f.op.db, &driver);
	linker.batch = 80;
	for (int i = 0; i < 4; i++)
		failed += !op_audit_link(&f.op, &linker, &more, &err);
	is_int(failed, 3, "batches of 80, 40 and 20 come too late");
	linked(links + 10, 70, "one of 10 does not");
	ok(linker.batch > 10 && linker.batch < 20, "the next ones grow slowly: %zu", linker.batch);
	db_free(&f.op.db);
	f.op.db = had;
	ok(link_all(&linker), "and link the rest");
	linked(links + 80, 0, "once each");
}

/* Before each statement of a verify another connection writes, links, and begins a chain. */
static struct op beside;
static int64_t beside_n;

static enum db_rc query_beside(struct db_conn *c, int stmt, const struct db_value *args, size_t n,
			       int64_t deadline, struct err *err_r)
{
	const char *fresh = arena_printf(f.arena, "00000000-0000-4000-8000-1%011d", (int)++beside_n);
	bool more;

	if (!change_of(&beside, T1) || !change_of(&beside, NULL) || !change_of(&beside, fresh) ||
	    !op_audit_link(&beside, &linker, &more, &err) || !change_of(&beside, T2))
		bail_out("beside", &err);
	return commits.real->query(c, stmt, args, n, deadline, err_r);
}

static void test_beside(void)
{
	static struct db_driver driver;
	struct audit_verified v;

	beside = f.op;
	driver = *commits.real;
	driver.query = query_beside;
	f.op.db = sql_db(&sql_catalog);
	db_wrap_driver(f.op.db, &driver);
	v = verify_now();
	ok(beside_n > 10 && v.links > beside_n, "%lld statements beside as many writes", (long long)beside_n);
	if (!is_int(v.faults, 0, "tell of nothing that is not so"))
		printf("# %s\n", ((const struct audit_fault *)v.found.items)[0].sentence);
	db_free(&f.op.db);
	f.op = beside;
	ok(link_all(&linker), "linked");
	is_clean("and afterwards");
}

/* Of an older version, and of a program that knows nothing of all this. */
static void test_other_writers(void)
{
	ok(sql("INSERT INTO audit_events (" EVENT_COLUMNS ", target) VALUES ('" E(2) "', 'X', 'Info', 'm', 'rest',"
	       " 'success', '{\"a\":\"b\"}', " AT ", 'somebody')"), "an event without pii_hash");
	ok(link_all(&linker), "is linked");
	is_str(one("id = '" E(2) "' AND pii_hash IS NOT NULL AND target = 'somebody'", "audit_events"), "yes",
	       "and was given one");
	is_clean("with it");
	ok(sql("UPDATE audit_events SET pii_salt = NULL, target = NULL, ip_address = NULL, user_agent = NULL,"
	       " metadata = '{}' WHERE id = '" E(2) "'"), "blanking is what a trigger lets through");
	is_int(verify_now().faults, 1, "and nothing says that it was erased");
	ok(sql("INSERT INTO audit_events (" EVENT_COLUMNS ") VALUES ('" E(3) "', 'X', 'Info', 'm', 'rest',"
	       " 'success', '{\"a\":1}', " AT ")") && link_all(&linker), "metadata that are no texts stop no chain");
	is_int(verify_now().faults, 2, "and are told");
}

/* --- kill -9 --------------------------------------------------------------------------------- */

static void die(void *arg)
{
	(void)arg;
	kill(getpid(), SIGKILL);
}

static int child_link(struct fixture *mine, int index, void *arg)
{
	struct moment m = { 0 };
	bool more;

	(void)arg;
	if (index == 0)
		m.before = die;
	else if (index == 1)
		m.inside = die;
	else
		m.after = die;
	worst(WORST_DB_TRANSACTION, m);
	mine->op.now += 5000 * (index + 1);
	op_audit_link(&mine->op, &linker, &more, &err);
	return 0;
}

static void test_killed(void)
{
	int64_t links = sql_number("SELECT count(*) FROM audit_links");
	int counts[OUTCOMES];

	for (int i = 0; i < 20; i++)
		if (!change_of(&f.op, i % 2 ? T1 : NULL))
			bail_out("change", &err);
	for (int at = 0; at < 3; at++) {
		pid_t pid;

		fixture_disconnect(&f);
		fflush(stdout);
		pid = fork();
		if (pid == 0) {
			fixture_connect(&f);
			_exit(child_link(&f, at, NULL));
		}
		ok(waitpid(pid, &counts[0], 0) == pid && WIFSIGNALED(counts[0]), "killed at point %d", at);
		fixture_connect(&f);
		linked(links + (at == 2 ? 20 : 0), at == 2 ? 0 : 20, "all or nothing");
	}
	ok(link_all(&linker), "the next one goes on");
	linked(links + 20, 0, "each once");
}

/* --- reading --------------------------------------------------------------------------------- */

static struct audit_query any(void)
{
	struct audit_query q;

	field_clear(&audit_query_schema, &q);
	return q;
}

static size_t listed(struct scope scope, const struct audit_query *q)
{
	struct page_out out = { 0 };

	if (!op_audit_list(&f.op, scope, q, &out, &err))
		printf("# %s\n", err.message);
	return out.rows.n;
}

static void test_pages(void)
{
	int64_t all = sql_number("SELECT count(*) FROM audit_events"), seen = 0, before = INT64_MAX;
	struct audit_query q = any();
	struct page_out page = { 0 };
	bool ordered = true;

	q.page.limit = 7;
	do {
		const struct audit_entry *e;

		if (!op_audit_list(&f.op, EVERY, &q, &page, &err))
			bail_out("list", &err);
		e = page.rows.items;
		for (size_t i = 0; i < page.rows.n; i++) {
			ordered &= e[i].event.timestamp <= before && e[i].event.id && e[i].link.hash;
			before = e[i].event.timestamp;
		}
		seen += (int64_t)page.rows.n;
		q.page.cursor = page.next_cursor;
	} while (page.next_cursor);
	is_int(seen, all, "each event is on one page");
	ok(ordered, "newest first, with its link");
}

static void test_filters(void)
{
	static const char *const bad[] = { "", "info", "x" };
	struct audit_query q = any();

	q.tenant_id = T1;
	q.target = "\303\274ber@x.example";
	is_int((int64_t)listed(EVERY, &q), 1, "of a tenant and a target");
	is_int((int64_t)listed(of(T2), &q), 1, "what the user did");
	is_int((int64_t)listed(of(T1), &q), 0, "another did not");
	is_int((int64_t)listed((struct scope){ 0 }, &q), 0, "nor nobody");
	q.user_id = T2;
	q.event_type = "ApiKeyChanged";
	q.severity = "Info";
	q.result = "success";
	q.from = T0 + 120;
	q.to = T0 + 121;
	is_int((int64_t)listed(EVERY, &q), 1, "by all filters");
	q.to = q.from;
	is_int((int64_t)listed(EVERY, &q), 0, "before the end");
	q = any();
	q.result = "failure";
	is_int((int64_t)listed(EVERY, &q), 0, "none failed");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct page_out out;

		q.severity = bad[i];
		ok(!op_audit_list(&f.op, EVERY, &q, &out, &err) && str_eq(err.field, "severity"),
		   "severity \"%s\": %s", bad[i], err.message);
	}
}

int main(void)
{
	chain_open();
	test_hashes();
	test_addresses();
	test_replay();
	test_lost_commit();
	test_two_hosts();
	test_keys();
	test_slow_link();
	test_beside();
	test_killed();
	is_clean("after all that");
	test_pages();
	test_filters();
	test_triggers();
	test_other_program();
	test_rowid();
	ok(link_all(&linker), "linked");
	test_other_writers();
	fixture_close(&f);
	return tap_done();
}
