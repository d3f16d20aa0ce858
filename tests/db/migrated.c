/*
 * What a migration makes of the rows that older programs wrote, on the backend
 * given.
 */
#include "config.h"

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

static bool seed(struct db *db, void *arg, struct err *err_r)
{
	(void)arg;
	for (int i = 0; i < 3; i++)
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
	static const char *const sqlite[] = { SEED_USER, SEED_KEYS, SEED_EVENTS };
#undef SCOPES
#define SCOPES "'{}'"
	static const char *const pgsql[] = { SEED_USER, SEED_KEYS, SEED_EVENTS };
	static const struct db_constraint no_constraints[] = { { 0 } };
	struct db_statement seeds[3];
	struct db_catalog old = sql_catalog, seeding = {
		.statements = seeds, .n_statements = 3, .constraints = no_constraints,
	};
	struct db *db;
	int applied;

	for (int i = 0; i < 3; i++)
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

int main(void)
{
	fixture_empty(&f);
	old_rows();
	fixture_migrate(&f);
	test_migrated();
	fixture_close(&f);
	return tap_done();
}
