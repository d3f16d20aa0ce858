/*
 * What a migration makes of the rows that older programs wrote, on the backend
 * given.
 */
#include "config.h"

#include "auth/token.h"
#include "credential_op.h"
#include "db_args.h"
#include "op/audit_link.h"
#include "op/audit_verify.h"
#include "op/session.h"
#include "op_fixture.h"

static struct fixture f;
static struct err err;

/* --- 0005: who granted a key ------------------------------------------------ */

#define OWNER "00000000-0000-4000-8000-0000000000a1"
#define ID(n) "00000000-0000-4000-8000-00000000000" #n
#define AT "'2029-01-01T00:00:00.000Z'"
#define OLD_KEY(n) \
	"('" ID(n) "', '" OWNER "', 'old', 'pk_live_0000000" #n "', 'x', 'enterprise', " SCOPES \
	", TRUE, " AT ", " AT ")"
#define OLD_EVENT(n, target, source, actor) \
	"('" ID(n) "', 'ApiKeyCreated', 'Info', 'm', '" source "', 'success', " actor \
	", '" target "', '{}', " AT ")"
#define SEED_USER \
	"INSERT INTO users (id, email, email_key, password_hash, tier, user_status, is_admin," \
	" created_at, updated_at) VALUES ('" OWNER "', 'o@example.org', 'o@example.org', 'x'," \
	" 'starter', 'active', FALSE, " AT ", " AT ")"
#define SEED_KEYS \
	"INSERT INTO api_keys (id, user_id, name, key_prefix, key_hash, tier, scopes, is_active," \
	" created_at, updated_at) VALUES " \
	OLD_KEY(1) "," OLD_KEY(2) "," OLD_KEY(3) "," OLD_KEY(4)
#define SEED_EVENTS \
	"INSERT INTO audit_events (id, event_type, severity, message, source, result, user_id," \
	" target, metadata, timestamp) VALUES " \
	OLD_EVENT(1, ID(1), "rest", "'" OWNER "'") "," \
	OLD_EVENT(2, ID(2), "rest", "'" ID(9) "'") "," \
	OLD_EVENT(3, ID(3), "shell", "NULL")

/* --- 0008: spellings of one address ------------------------------------------- */

#define SPELLING(n, email, key) \
	"('" ID(n) "', '" email "', '" key "', 'x', 'starter', 'active', FALSE, " AT ", " AT ")"
#define SEED_SPELLINGS \
	"INSERT INTO users (id, email, email_key, password_hash, tier, user_status, is_admin," \
	" created_at, updated_at) VALUES " \
	SPELLING(1, "\303\234ber@X.example", "\303\234ber@x.example") "," \
	SPELLING(2, "\303\274ber@x.example", "\303\274ber@x.example") "," \
	SPELLING(3, "\303\226l@x.example", "\303\226l@x.example") "," \
	SPELLING(4, "anna@M\303\274ller.de", "anna@m\303\274ller.de") "," \
	SPELLING(5, "Anna@XN--mller-kva.de", "anna@xn--mller-kva.de") "," \
	SPELLING(6, "\342\204\252ate@x.example", "\342\204\252ate@x.example") "," \
	SPELLING(7, "Kate@x.example", "kate@x.example") "," \
	SPELLING(8, "kate@x.example\342\200\213", "kate@x.example\342\200\213")

#define SEEDS 4
static bool seed(struct db *db, void *arg, struct err *err_r)
{
	(void)arg;
	for (int i = 0; i < SEEDS; i++)
		if (!db_write(db, i, DB_NO_ARGS, NULL, err_r))
			return false;
	return true;
}

static struct db *open_with(const struct db_catalog *catalog)
{
	struct db *db = db_new(&(struct db_options){
		.url = f.url, .timeout_ms = 20000, .catalog = catalog }, &err);

	if (!db)
		bail_out("connect", &err);
	return db;
}

/* Migrated to 0004 and filled by an older program: the audit names who asked for
 * 1 (the owner), 2 (an administrator) and 3 (the shell), and knows nothing of 4. */
static void old_rows(void)
{
#define SCOPES "'[]'"
	static const char *const sqlite[] = { SEED_USER, SEED_KEYS, SEED_EVENTS,
					      SEED_SPELLINGS };
#undef SCOPES
#define SCOPES "'{}'"
	static const char *const pgsql[] = { SEED_USER, SEED_KEYS, SEED_EVENTS,
					      SEED_SPELLINGS };
	static const struct db_constraint no_constraints[] = { { 0 } };
	struct db_statement seeds[SEEDS];
	struct db_catalog old = sql_catalog, seeding = {
		.statements = seeds, .n_statements = SEEDS, .constraints = no_constraints,
	};
	struct db *db;
	int applied;

	for (int i = 0; i < SEEDS; i++)
		seeds[i] = (struct db_statement){ .name = "seed", .writes = true,
						  .sql = { sqlite[i], pgsql[i] } };
	old.n_migrations = 4;
	db = open_with(&old);
	if (!db_migrate(db, &applied, &err))
		bail_out("migrate to 0004", &err);
	db_free(&db);
	db = open_with(&seeding);
	if (!db_transaction(db, seed, NULL, &err))
		bail_out("old rows", &err);
	db_free(&db);
}

static void test_migrated(void)
{
	is_int(look(&f, LOOK_GRANTED, ID(1), "owner"), 1, "a key that its owner asked for is his");
	is_int(look(&f, LOOK_GRANTED, ID(2), "admin"), 1, "one that another user asked for is not");
	is_int(look(&f, LOOK_GRANTED, ID(3), "admin"), 1, "nor one of the shell");
	is_int(look(&f, LOOK_GRANTED, ID(4), "admin"), 1, "nor one that is not known");
}

/* --- 0007: pairs of tokens ---------------------------------------------------- */

/* As they were given out: of a fresh login, and of a session that was refreshed
 * (`spent` is what its good token replaced). */
static struct old_session {
	char id[UUID_TEXT], family[33], family_hash[SHA256_HEX];
	char access[TOKEN_TEXT], access_hash[SHA256_HEX];
	char good[TOKEN_TEXT], good_hash[SHA256_HEX];
	char spent[TOKEN_TEXT], spent_hash[SHA256_HEX];
	bool refreshed;
} fresh, refreshed;

static const struct db_statement old_insert = {
	.name = "old_session", .params = 10, .writes = true, .sql = {
		"INSERT INTO sessions (id, user_id, family_hash, access_hash, access_expires_at, refresh_hash,"
		" previous_hash, rotated_at, created_at, refreshed_at, expires_at)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)",
		"INSERT INTO sessions (id, user_id, family_hash, access_hash, access_expires_at, refresh_hash,"
		" previous_hash, rotated_at, created_at, refreshed_at, expires_at)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10)" },
};

static bool insert_session(struct db *db, void *arg, struct err *err_r)
{
	const struct old_session *s = arg;

	return db_write(db, 0, DB_ARGS(db_text(s->id), db_text(OWNER), db_text(s->family_hash),
		db_text(s->access_hash), db_time(T0 + 3600 * SECOND_MS), db_text(s->good_hash),
		db_text(s->refreshed ? s->spent_hash : NULL), db_time(s->refreshed ? T0 - 5000 : TIME_NONE),
		db_time(T0 - 60000), db_time(T0 + 30 * DAY_MS)), NULL, err_r);
}

static void add_old_session(struct db *db, struct old_session *s, bool is_refreshed)
{
	random_uuid(s->id);
	token_access_generate(s->access, s->access_hash);
	token_refresh_generate(s->id, s->family, s->spent, s->spent_hash);
	token_refresh_generate(s->id, s->family, s->good, s->good_hash);
	sha256_hex(s->family, 32, s->family_hash);
	s->refreshed = is_refreshed;
	if (!db_transaction(db, insert_session, s, &err))
		bail_out("old session", &err);
}

/* Migrated to 0006, and then used by that program. */
static void old_sessions(void)
{
	static const struct db_constraint no_constraints[] = { { 0 } };
	const struct db_catalog inserting = {
		.statements = &old_insert, .n_statements = 1, .constraints = no_constraints,
	};
	struct db_catalog old = sql_catalog;
	struct db *db;
	int applied;

	old.n_migrations = 6;
	db = open_with(&old);
	if (!db_migrate(db, &applied, &err))
		bail_out("migrate to 0006", &err);
	db_free(&db);
	db = open_with(&inserting);
	add_old_session(db, &fresh, false);
	add_old_session(db, &refreshed, true);
	db_free(&db);
}

static enum err_kind check(const char *token)
{
	struct credential out;

	err = (struct err){ 0 };
	return session_good(&f.op, token, &out, &err) ? ERR_NONE : err.kind;
}

static enum err_kind refresh(const char *token, struct session_tokens *out)
{
	struct user user;

	err = (struct err){ 0 };
	return op_session_refresh(&f.op, token, NULL, out, &user, &err) ? ERR_NONE : err.kind;
}

static void test_sessions(void)
{
	struct session_tokens got, again;

	is_int(check(fresh.access), ERR_NONE, "an access token from before is good");
	is_int(refresh(fresh.good, &got), ERR_NONE, "a refresh token from before refreshes");
	is_int(check(got.access_token), ERR_NONE, "to a good pair");
	is_int(check(fresh.access), ERR_NONE, "beside the old access token");
	is_int(refresh(fresh.good, &again), ERR_NONE, "and again");
	is_str(again.access_token, got.access_token, "to the same one");
	is_int(refresh(got.refresh_token, &got), ERR_NONE, "and on");
	is_int(refresh(refreshed.spent, &got), ERR_AUTH_INVALID, "one spent 5 s ago by the older program");
	is_str(err.reason, "spent", "is refused");
	is_int(check(refreshed.access), ERR_NONE, "and its session goes on");
	is_int(refresh(refreshed.good, &got), ERR_NONE, "with the good one");
	is_int(check(got.access_token), ERR_NONE, "to a good pair");
	is_int(refresh(refreshed.spent, &got), ERR_AUTH_INVALID, "then the spent one");
	is_str(err.reason, "reused", "ends the session");
}

/* Found by a spelling: the last digit of the id; 0 = nobody. */
static int found(const char *email)
{
	struct user u;

	return op_user_get(&f.op, EVERY, email, &u, &err) ? u.id[strlen(u.id) - 1] - '0' : 0;
}

static void is_found(const char *email, int n, const char *key, const char *name)
{
	struct user u;

	is_int(found(email), n, name);
	if (op_user_get(&f.op, EVERY, email, &u, &err))
		is_str(u.email_key, key, "by this key");
}

static void test_spellings(void)
{
	is_found("\303\266l@X.example", 3, "\303\266l@x.example", "alone: by its canonical form");
	is_found("\303\226L@x.example", 3, "\303\266l@x.example", "and in capitals");
	is_found("O\314\210l@x.example", 3, "\303\266l@x.example", "and decomposed");
	is_found("\303\234BER@X.EXAMPLE", 1, "\303\234ber@x.example", "of two, one by its own spelling");
	is_found("\303\274ber@X.example", 2, "\303\274ber@x.example", "the other by his");
	is_found("u\314\210ber@x.example", 2, "\303\274ber@x.example",
		 "a third spelling leads to the one that had the canonical form");
	is_found("anna@m\303\274ller.de", 4, "anna@m\303\274ller.de", "in Unicode");
	is_found("ANNA@xn--MLLER-kva.de", 5, "anna@xn--mller-kva.de", "in ASCII");
	is_found("\342\204\252ate@x.example", 6, "\342\204\252ate@x.example", "a Kelvin sign");
	is_found("KATE@x.example", 7, "kate@x.example", "a K: that row was not touched");
	is_found("kate@x.example\342\200\213", 8, "kate@x.example\342\200\213",
		 "what is not taken now is found as it was");
}

static void test_collisions(void)
{
	static const struct { const char *canonical; int id; } want[] = {
		{ "anna@xn--mller-kva.de", 4 }, { "anna@xn--mller-kva.de", 5 },
		{ "kate@x.example", 6 }, { "kate@x.example", 7 },
		{ "\303\274ber@x.example", 1 }, { "\303\274ber@x.example", 2 },
	};
	const size_t n = sizeof(want) / sizeof(want[0]);
	const struct user_collision *rows;
	struct field_list list = { 0 };

	ok(op_user_collisions(&f.op, EVERY, &list, &err), "the collisions");
	is_int((int64_t)list.n, (int64_t)n, "all of those, and no other");
	rows = list.items;
	for (size_t i = 0; i < n && i < list.n; i++)
		ok(str_eq(rows[i].canonical_email, want[i].canonical) &&
		   rows[i].id[strlen(rows[i].id) - 1] - '0' == want[i].id,
		   "%s: %s", rows[i].canonical_email, rows[i].email);
	ok(op_user_collisions(&f.op, of(OWNER), &list, &err) && list.n == 0, "for administrators only");
}

/* What collides is taken, also when no row has the canonical key. */
static void test_taken(void)
{
	static const char *const emails[] = {
		"u\314\210ber@x.example", "\303\274BER@x.example", "anna@mu\314\210ller.de",
		"Anna@xn--mller-kva.de", "ANNA@M\303\234LLER.DE", "o\314\210l@x.example",
	};
	struct user u;

	for (size_t i = 0; i < sizeof(emails) / sizeof(emails[0]); i++) {
		ok(!op_user_create(&f.op, &(struct user){
			.email = emails[i], .password = PASSWORD }, &u, &err) &&
		   err.kind == ERR_CONFLICT && str_eq(err.field, "email"), "%s is taken", emails[i]);
	}
}

/* --- 0009: events that are older than the chain ---------------------------------- */

static void test_unchained(void)
{
	struct audit_linker linker = { .host_id = "host" };
	struct audit_verified v;
	struct master_subkeys keys;
	bool more = true;

	master_subkeys_derive((const unsigned char *)FIXTURE_MASTER, NULL, SUBKEY_AUDIT_HEAD, &keys);
	linker.keys = &keys;
	while (more)
		if (!op_audit_link(&f.op, &linker, &more, &err))
			bail_out("link", &err);
	if (!op_audit_verify(&f.op, &keys.of[0].key, &(struct field_list){ 0 }, &v, &err))
		bail_out("verify", &err);
	is_int(v.unchained, 3, "events from before are in no chain");
	is_int(v.faults, 0, "and no fault");
	ok(v.links > 0 && v.waiting == 0, "those that came since are");
}

int main(void)
{
	fixture_empty(&f);
	old_rows();
	old_sessions();
	fixture_migrate(&f);
	test_migrated();
	test_sessions();
	test_spellings();
	test_collisions();
	test_taken();
	test_unchained();
	fixture_close(&f);
	return tap_done();
}
