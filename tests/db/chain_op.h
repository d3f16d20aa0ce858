/*
 * tests/db/chain_op.h - what tests of the audit chain do: events, links, verify, and
 * SQL of their own.
 */
#ifndef PIERRE_TESTS_CHAIN_OP_H
#define PIERRE_TESTS_CHAIN_OP_H

#include "op/audit.h"
#include "op/audit_hash.h"
#include "op/audit_link.h"
#include "op/audit_verify.h"
#include "store/audit.h"
#include "op_fixture.h"

static struct fixture f;
static struct err err;
static struct subkey chain_key;
static struct master_subkeys chain_keys;

static struct db *sql_db(const struct db_catalog *catalog)
{
	struct db *db = db_new(&(struct db_options){
		.url = f.url, .timeout_ms = 20000, .catalog = catalog }, &err);

	if (!db)
		bail_out("connect", &err);
	return db;
}

static bool sql_tx(struct db *db, void *arg, struct err *err_r)
{
	(void)arg;
	return db_write(db, 0, (const struct db_value *)NULL, 0, NULL, err_r);
}

/* One statement that writes; each backend has its text. False: `err`. */
static bool sql_of(const char *sqlite, const char *pgsql)
{
	const struct db_statement s = { .name = "by_hand", .writes = true, .sql = { sqlite, pgsql } };
	const struct db_catalog catalog = { .statements = &s, .n_statements = 1,
		.constraints = (const struct db_constraint[]){ { 0 } } };
	struct db *db = sql_db(&catalog);
	bool done;

	err = (struct err){ 0 };
	done = db_transaction(db, sql_tx, NULL, &err);
	db_free(&db);
	return done;
}

static bool sql(const char *text)
{
	return sql_of(text, text);
}

__attribute__((unused))
static int64_t sql_number(const char *text)
{
	const struct db_statement s = { .name = "number", .sql = { text, text } };
	const struct db_catalog catalog = { .statements = &s, .n_statements = 1 };
	struct db *db = sql_db(&catalog);
	int64_t n = -1;

	if (!db_number(db, 0, (const struct db_value *)NULL, 0, &n, &err))
		bail_out("number", &err);
	db_free(&db);
	return n;
}

__attribute__((unused))
static void must(const char *text)
{
	if (!sql(text))
		bail_out(text, &err);
}

/* The trigger that puts each event into audit_pending, on or off. */
__attribute__((unused))
static void insert_trigger(bool on)
{
	if (db_backend_of(f.db) == DB_PGSQL)
		must(on ? "ALTER TABLE audit_events ENABLE TRIGGER audit_events_insert" :
		     "ALTER TABLE audit_events DISABLE TRIGGER audit_events_insert");
	else
		must(on ? "CREATE TRIGGER audit_events_insert AFTER INSERT ON audit_events BEGIN SELECT RAISE(ABORT, '')"
		     " WHERE EXISTS (SELECT 1 FROM audit_links WHERE event_id = NEW.id) OR EXISTS (SELECT 1 FROM"
		     " audit_pending WHERE event_id = NEW.id); INSERT INTO audit_pending (event_id, chain) VALUES"
		     " (NEW.id, COALESCE(NEW.tenant_id, 'system')); END" : "DROP TRIGGER audit_events_insert");
}

/* Who owns the database can do this. */
__attribute__((unused))
static void drop_triggers(void)
{
	static const char *const names[] = { "audit_events_insert", "audit_events_update",
		"audit_events_delete", "audit_links_insert", "audit_links_update", "audit_links_delete" };
	bool pgsql = db_backend_of(f.db) == DB_PGSQL;

	for (size_t i = 0; !pgsql && i < sizeof(names) / sizeof(names[0]); i++)
		if (!sql(arena_printf(f.arena, "DROP TRIGGER %s", names[i])))
			bail_out("drop", &err);
	if (pgsql && (!sql("ALTER TABLE audit_events DISABLE TRIGGER USER") ||
		      !sql("ALTER TABLE audit_links DISABLE TRIGGER USER")))
		bail_out("disable", &err);
}

/* A change of a tenant (NULL: of none): its event alone. */
__attribute__((unused))
static bool change_of(struct op *op, const char *tenant_id)
{
	struct audit_event event;

	op->actor.tenant_id = tenant_id;
	event = op_audit(op, AUDIT_API_KEY_CHANGED, "00000000-0000-4000-8000-0000000000c1");
	return store_commit(op->db, &event, NULL, NULL, &err);
}

#define LINKER(name) ((struct audit_linker){ .keys = &chain_keys, .host_id = name })

/* All that waits; how often a batch was full. */
__attribute__((unused))
static bool link_all(struct audit_linker *l)
{
	bool more = true;

	while (more)
		if (!op_audit_link(&f.op, l, &more, &err))
			return false;
	return true;
}

static struct audit_verified verify_with(const struct field_list *expected)
{
	struct audit_verified out = { 0 };

	if (!op_audit_verify(&f.op, &chain_key, expected, &out, &err))
		bail_out("verify", &err);
	return out;
}

__attribute__((unused))
static struct audit_verified verify_now(void)
{
	return verify_with(&(struct field_list){ 0 });
}

__attribute__((unused))
static void linked(int64_t events, int64_t waiting, const char *name)
{
	is_int(sql_number("SELECT count(*) FROM audit_links"), events, name);
	is_int(sql_number("SELECT count(*) FROM audit_pending"), waiting, "and that many wait");
}

__attribute__((unused))
static bool is_clean(const char *name)
{
	struct audit_verified v = verify_now();
	const struct audit_fault *found = v.found.items;

	if (ok(v.faults == 0, "%s: nothing is wrong", name))
		return true;
	for (size_t i = 0; i < v.found.n && i < 5; i++)
		printf("#   %s %lld %s: %s\n", found[i].chain, (long long)found[i].seq,
		       found[i].event_id ? found[i].event_id : "-", found[i].sentence);
	return false;
}

static void chain_open(void)
{
	fixture_open(&f);
	master_subkeys_derive((const unsigned char *)FIXTURE_MASTER, NULL, SUBKEY_AUDIT_HEAD, &chain_keys);
	chain_key = chain_keys.of[0].key;
}

#endif
