/*
 * tests/db/audit_tamper.c - what somebody with all rights on the database can do to
 * the audit trail, and that `verify` finds each of it.
 */
#include "config.h"

#include "chain_op.h"

#define T1 "00000000-0000-4000-8000-0000000000a1"
#define T2 "00000000-0000-4000-8000-0000000000a2"
#define NEW "00000000-0000-4000-8000-0000000000e1"
#define LINKS 12            /* of T1, when all are linked */
#define EARLIER 9           /* and when its head was looked at */
#define EVENT_AT "(SELECT event_id FROM audit_links WHERE chain = '" T1 "' AND seq = %d)"
#define COLUMNS "event_type, severity, message, source, result, tenant_id, user_id, target," \
	" ip_address, user_agent, request_id, metadata, timestamp, pii_salt"

static struct audit_linker linker = LINKER("host");
static struct audit_head earlier, later;

/* Statements, in this order; %d is the place of a link of T1 that differs from round
 * to round, 2 to LINKS - 2. */
static const struct tampering {
	const char *name;
	const char *does[4];
	const char *finds;        /* a sentence of the faults */
} tamperings[] = {
	{ "a changed field", {
		"UPDATE audit_events SET message = 'Nothing' WHERE id = " EVENT_AT },
	  "The event, this link or the one before it was changed" },
	{ "a changed moment", {
		"UPDATE audit_events SET timestamp = '2030-01-01T00:00:00.001Z' WHERE id = " EVENT_AT },
	  "The event, this link or the one before it was changed" },
	{ "another user", {
		"UPDATE audit_events SET user_id = '" NEW "' WHERE id = " EVENT_AT },
	  "The event, this link or the one before it was changed" },
	{ "a changed target", {
		"UPDATE audit_events SET target = 'somebody else' WHERE id = " EVENT_AT },
	  "Target, address, user agent or metadata of the event were changed" },
	{ "changed metadata", {
		"UPDATE audit_events SET metadata = '{\"reason\":\"another\"}' WHERE id = " EVENT_AT },
	  "Target, address, user agent or metadata of the event were changed" },
	{ "a blanked event", {
		"UPDATE audit_events SET target = NULL, ip_address = NULL, user_agent = NULL,"
		" metadata = '{}', pii_salt = NULL WHERE id = " EVENT_AT },
	  "The event was blanked, and no erasure says so" },
	{ "an event without its hash", {
		"UPDATE audit_events SET pii_hash = NULL, pii_salt = NULL, target = 'x' WHERE id = " EVENT_AT },
	  "The event, this link or the one before it was changed" },
	{ "a removed event", {
		"DELETE FROM audit_events WHERE id = " EVENT_AT },
	  "The event of this link is missing" },
	{ "a removed link", {
		"DELETE FROM audit_links WHERE chain = '" T1 "' AND seq = %d" },
	  "Links before this one are missing" },
	{ "a removed event with its link", {
		"DELETE FROM audit_events WHERE id = " EVENT_AT,
		"DELETE FROM audit_links WHERE chain = '" T1 "' AND seq = %d" },
	  "Links before this one are missing" },
	{ "the same, and the rest moved up", {
		"DELETE FROM audit_events WHERE id = " EVENT_AT,
		"DELETE FROM audit_links WHERE chain = '" T1 "' AND seq = %d",
		"UPDATE audit_links SET seq = seq - 1 WHERE chain = '" T1 "' AND seq > %d" },
	  "The event, this link or the one before it was changed" },
	{ "all links removed", {
		"DELETE FROM audit_links WHERE chain = '" T1 "'" },
	  "The last links of the chain are missing" },
	{ "swapped links", {
		"UPDATE audit_links SET seq = 1000 WHERE chain = '" T1 "' AND seq = %d",
		"UPDATE audit_links SET seq = seq - 1 WHERE chain = '" T1 "' AND seq = %d + 1",
		"UPDATE audit_links SET seq = %d + 1 WHERE chain = '" T1 "' AND seq = 1000" },
	  "The event, this link or the one before it was changed" },
	{ "an inserted event", {
		"INSERT INTO audit_events (id, pii_hash, " COLUMNS ") SELECT '" NEW "', pii_hash, " COLUMNS
		" FROM audit_events WHERE id = " EVENT_AT },
	  "The event has no link: it was inserted by another program, or its link was removed" },
	{ "an inserted event, as old as the chain", {
		"INSERT INTO audit_events (id, pii_hash, " COLUMNS ") SELECT '" NEW "', NULL, " COLUMNS
		" FROM audit_events WHERE id = " EVENT_AT },
	  "The event, this link or the one before it was changed" },
	{ "a removed event, older than the chain", {
		"DELETE FROM audit_events WHERE id IN (SELECT e.id FROM audit_events e WHERE e.pii_hash IS NULL"
		" LIMIT 1)" },
	  "The event, this link or the one before it was changed" },
	{ "a changed head", {
		"UPDATE audit_heads SET hash = (SELECT hash FROM audit_links WHERE chain = '" T1 "' AND seq = %d)"
		" WHERE chain = '" T1 "'" },
	  "The head was not written by a service with this ENCRYPTION_KEY" },
	{ "a forged MAC", {
		"UPDATE audit_heads SET seq = %d, mac = '0000', hash = (SELECT hash FROM audit_links WHERE chain = '"
		T1 "' AND seq = %d) WHERE chain = '" T1 "'" },
	  "The head was not written by a service with this ENCRYPTION_KEY" },
	{ "the head of another chain", {
		"UPDATE audit_heads SET seq = o.seq, hash = o.hash, mac = o.mac FROM (SELECT * FROM audit_heads"
		" WHERE chain = 'system') o WHERE audit_heads.chain = '" T1 "'" },
	  "The head was not written by a service with this ENCRYPTION_KEY" },
	{ "a removed head", {
		"DELETE FROM audit_heads WHERE chain = '" T1 "'" },
	  "The chain has no head" },
	{ "an older head again", {
		"DELETE FROM audit_heads WHERE chain = '" T1 "'",
		"INSERT INTO audit_heads SELECT * FROM older_heads WHERE chain = '" T1 "'" },
	  "The head is an older one, or links were appended to it" },
	{ "two links of one event", {
		"INSERT INTO audit_links (chain, seq, event_id, hash) SELECT chain, 13, event_id, hash"
		" FROM audit_links WHERE chain = '" T1 "' AND seq = %d" },
	  "The event, this link or the one before it was changed" },
	{ "a link in another chain", {
		"UPDATE audit_links SET chain = '" T2 "', seq = 5 WHERE chain = '" T1 "' AND seq = %d" },
	  "The event belongs to another chain" },
	{ "a place in audit_pending dropped", {
		"DELETE FROM audit_links WHERE chain = '" T1 "' AND seq = 12",
		"DELETE FROM audit_heads WHERE chain = '" T1 "'",
		"INSERT INTO audit_heads SELECT * FROM newer_heads WHERE chain = '" T1 "'" },
	  "The event has no link: it was inserted by another program, or its link was removed" },
	{ "an event that waits too long", {
		"DELETE FROM audit_links WHERE chain = '" T1 "' AND seq = 12",
		"DELETE FROM audit_heads WHERE chain = '" T1 "'",
		"INSERT INTO audit_heads SELECT * FROM newer_heads WHERE chain = '" T1 "'",
		"INSERT INTO audit_pending SELECT id, '" T1 "' FROM audit_events e WHERE pii_hash IS NOT NULL AND"
		" NOT EXISTS (SELECT 1 FROM audit_links l WHERE l.event_id = e.id)" },
	  "The event has waited for its link for more than 60 s: the service does not run, or the "
	  "head of this chain is not good" },
	{ "an event removed before it was linked", {
		"INSERT INTO audit_pending (event_id, chain) VALUES ('" NEW "', '" T1 "')" },
	  "The event is missing; only its place in audit_pending is left" },
};
enum { KINDS = sizeof(tamperings) / sizeof(tamperings[0]) };

/* --- as it was, and back --------------------------------------------------------------- */

static const char *const tables[] = { "audit_events", "audit_links", "audit_heads", "audit_pending" };

static void by_hand_each(const char *fmt, const char *where)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct strbuf b = { .arena = f.arena };

		for (const char *p = fmt; *p; p++)
			strbuf_add(&b, *p == '@' ? tables[i] : p, *p == '@' ? strlen(tables[i]) : 1);
		if (!sql(b.s))
			bail_out(where, &err);
	}
}

static void put_back(void)
{
	by_hand_each("DELETE FROM @", "delete");
	by_hand_each("INSERT INTO @ SELECT * FROM keep_@", "insert");
}

/* Unique no more: an attacker can do that too. */
static void drop_keys(void)
{
	static const char *const does[] = {
		"CREATE TABLE plain AS SELECT * FROM audit_links", "DROP TABLE audit_links",
		"ALTER TABLE plain RENAME TO audit_links",
	};

	for (size_t i = 0; i < sizeof(does) / sizeof(does[0]); i++)
		if (!sql(does[i]))
			bail_out(does[i], &err);
}

static void changes(const char *tenant, int n)
{
	for (int i = 0; i < n; i++)
		if (!change_of(&f.op, tenant))
			bail_out("change", &err);
	if (!link_all(&linker))
		bail_out("link", &err);
}

static struct audit_head head_of(const char *chain)
{
	struct audit_head found = { 0 };
	const struct audit_head *heads;
	struct field_list list;

	if (!op_audit_heads(&f.op, &list, &err))
		bail_out("heads", &err);
	heads = list.items;
	for (size_t i = 0; i < list.n; i++)
		if (str_eq(heads[i].chain, chain))
			found = heads[i];
	return found;
}

/* Events older than the chain; a chain of T1, with copies of earlier heads. */
static void prepare(void)
{
	drop_triggers();
	for (int i = 0; i < 3; i++)
		must(arena_printf(f.arena, "INSERT INTO audit_events (id, event_type, severity, message, source,"
			" result, metadata, timestamp) VALUES ('00000000-0000-4000-8000-00000000000%d', 'X', 'Info',"
			" 'm', 'rest', 'success', '{}', '2029-01-01T00:00:00.000Z')", i));
}

static void make_chains(void)
{
	insert_trigger(true);
	changes(NULL, 3);
	changes(T2, 4);
	changes(T1, EARLIER);
	earlier = head_of(T1);
	must("CREATE TABLE older_heads AS SELECT * FROM audit_heads");
	changes(T1, LINKS - 1 - EARLIER);
	must("CREATE TABLE newer_heads AS SELECT * FROM audit_heads");
	changes(T1, 1);
	later = head_of(T1);
	insert_trigger(false);
	drop_keys();
	by_hand_each("CREATE TABLE keep_@ AS SELECT * FROM @", "keep");
}

/* --- each kind -------------------------------------------------------------------------- */

/* %d -> n */
static const char *placed(const char *text, int n)
{
	struct strbuf b = { .arena = f.arena };

	for (const char *p = text; *p; p++)
		if (p[0] == '%' && p[1] == 'd') {
			strbuf_addi(&b, n);
			p++;
		} else {
			strbuf_add(&b, p, 1);
		}
	return b.s;
}

static bool says(const struct audit_verified *v, const char *sentence)
{
	const struct audit_fault *found = v->found.items;

	for (size_t i = 0; i < v->found.n; i++)
		if (str_eq(found[i].sentence, sentence))
			return true;
	for (size_t i = 0; i < v->found.n; i++)
		printf("# %s %lld %s\n", found[i].chain, (long long)found[i].seq, found[i].sentence);
	return false;
}

static bool is_found(const struct tampering *t, int place)
{
	struct audit_verified v;
	bool found;

	for (size_t i = 0; i < 4 && t->does[i]; i++)
		must(placed(t->does[i], place));
	v = verify_now();
	found = v.faults > 0 && says(&v, t->finds);
	put_back();
	return found;
}

static void test_kinds(int rounds)
{
	for (size_t k = 0; k < KINDS; k++) {
		int found = 0;

		f.op.now = T0 + 120000;
		for (int i = 0; i < rounds; i++)
			found += is_found(&tamperings[k], 2 + i % (LINKS - 3));
		is_int(found, rounds, tamperings[k].name);
	}
	is_clean("put back");
}

/* All that belongs to the last links is gone, and the head is one that was good. */
static void test_cut(int rounds)
{
	struct audit_head heads[] = { earlier, later };
	struct field_list first = { &heads[0], 1 }, both = { heads, 2 };
	int found = 0;

	is_int(verify_with(&both).faults, 0, "heads that were kept elsewhere");
	for (int i = 0; i < rounds; i++) {
		struct audit_verified v;

		must("DELETE FROM audit_events WHERE id IN (SELECT event_id FROM audit_links WHERE chain = '" T1 "'"
		     " AND seq > 9)");
		must("DELETE FROM audit_links WHERE chain = '" T1 "' AND seq > 9");
		must("DELETE FROM audit_heads WHERE chain = '" T1 "'");
		must("INSERT INTO audit_heads SELECT * FROM older_heads WHERE chain = '" T1 "'");
		v = verify_with(&both);
		found += v.faults == 1 && says(&v, "The chain was cut before this link, which is expected");
		if (i == 0) {
			is_clean("nothing in the database tells of a tail that was cut");
			is_int(verify_with(&first).faults, 0, "nor a head from before");
		}
		put_back();
	}
	is_int(found, rounds, "a later one does");
	heads[0].hash = later.hash;
	is_int(verify_with(&first).faults, 1, "a link with another hash than was kept");
}

int main(void)
{
	const char *n = getenv("PIERRE_AUDIT_ROUNDS");   /* 100 for the long form */
	int rounds = n ? atoi(n) : 1;
	struct audit_verified v;

	chain_open();
	prepare();
	make_chains();
	is_clean("at the beginning");
	v = verify_now();
	is_int(v.chains, 3, "three chains");
	is_int(v.links, LINKS + 4 + 3, "all links are read");
	is_int(v.unchained, 3, "and events older than the chain counted");
	test_kinds(rounds);
	test_cut(rounds);
	fixture_close(&f);
	return tap_done();
}
