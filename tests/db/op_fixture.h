/*
 * tests/db/op_fixture.h - a migrated database and a struct op over it, for
 * tests of src/op on both backends.
 *
 * The database is TEST_DATABASE_URL (made for this program by tests/run), or
 * else a SQLite file in a directory of its own, removed at exit. Time is what
 * the test says: fixture.op.now.
 */
#ifndef PIERRE_TESTS_OP_FIXTURE_H
#define PIERRE_TESTS_OP_FIXTURE_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/master.h"
#include "base/log.h"
#include "base/str.h"
#include "db/admin.h"
#include "db/handle.h"
#include "db/query.h"
#include "db/transaction.h"
#include "op/user.h"
#include "shm/scoreboard.h"
#include "store/sql.h"
#include "store/user.h"
#include "descriptors.h"
#include "tap.h"

#define T0 INT64_C(1893456000000)   /* 2030-01-01T00:00:00Z */
#define FIXTURE_MASTER "the master key of the fixture 32"
#define PASSWORD "correct horse battery"
#define WRONG "incorrect horse battery"

/* Whose rows. What a credential makes of it is op_scope's subject. */
#define EVERY ((struct scope){ .kind = SCOPE_ALL })
__attribute__((unused))
static struct scope of(const char *user_id)
{
	return (struct scope){ .kind = SCOPE_USER, .id = user_id, .all_tenants = true };
}

/* What a body by that schema has named, with blanks between. */
__attribute__((unused))
static struct field_given named(struct arena *a, const struct field_schema *schema,
				const char *names)
{
	struct strings list = strings_split(a, names ? names : "", ' ');
	const struct field **rows = arena_alloc(a, (list.n + 1) * sizeof(*rows));

	for (size_t i = 0; i < list.n; i++)
		rows[i] = field_named(schema, list.items[i]);
	return (struct field_given){ rows, list.n };
}

struct fixture {
	char url[512], dir[64];
	struct master_subkeys pair_keys, reply_keys;
	struct arena *arena;
	struct conf conf;
	struct db *db;        /* as the program sees it */
	struct db *look;      /* with the statements of looking[] */
	struct op_process process;   /* of op */
	struct op op;
	int descriptors;      /* open before it was */
};

/* What a test looks up behind the program's back, or changes there (by_hand()). */
enum look { LOOK_AUDIT, LOOK_SESSIONS, LOOK_PASSWORD, LOOK_KEYS, LOOK_KNOWN, LOOK_USERS,
	    LOOK_AUDITS, LOOK_AUDIT_TEXT, LOOK_TENANTS, LOOK_OWNERS,
	    LOOK_GRANTED, LOOK_KEY_FREE, LOOK_USER_FREE, LOOK_SET_TIER,
	    LOOK_FORGET_KEY, LOOK_FORGET_USER, LOOK_FORGET_SEED, LOOK_RESTORE, LOOK_WAITING,
	    LOOK_SET_SHARED, LOOK_SET_DEFAULT, LOOK_SET_INACTIVE, LOOK_PROVISIONED,
	    LOOK_LIVE_IN, LOOK_ACTIVE_OWNERS, LOOK_USERS_LOCKED,
	    LOOK_END_CLAIM, LOOK_OTHERS_SUCCEED, LOOK_WANT, LOOK_LOSE_CLAIM, LOOK__COUNT };
static const struct db_statement looking[LOOK__COUNT] = {
	[LOOK_AUDIT] = { .name = "look_audit", .params = 2, .sql = {
		"SELECT count(*) FROM audit_events WHERE event_type = ?1 AND target = ?2",
		"SELECT count(*) FROM audit_events WHERE event_type = $1 AND target = $2" } },
	[LOOK_SESSIONS] = { .name = "look_sessions", .params = 1, .sql = {
		"SELECT count(*) FROM sessions WHERE user_id = ?1",
		"SELECT count(*) FROM sessions WHERE user_id = $1" } },
	[LOOK_PASSWORD] = { .name = "look_password", .params = 2, .sql = {
		"SELECT count(*) FROM users WHERE id = ?1 AND password_hash LIKE ?2",
		"SELECT count(*) FROM users WHERE id = $1 AND password_hash LIKE $2" } },
	[LOOK_KEYS] = { .name = "look_keys", .params = 1, .sql = {
		"SELECT count(*) FROM api_keys WHERE user_id = ?1",
		"SELECT count(*) FROM api_keys WHERE user_id = $1" } },
	[LOOK_KNOWN] = { .name = "look_known", .params = 1, .sql = {
		"SELECT count(*) FROM login_failures WHERE network = ?1 AND last_success_at IS NOT NULL",
		"SELECT count(*) FROM login_failures WHERE network = $1 AND last_success_at IS NOT NULL" } },
	[LOOK_USERS] = { .name = "look_users", .sql = {
		"SELECT count(*) FROM users", "SELECT count(*) FROM users" } },
	[LOOK_AUDITS] = { .name = "look_audits", .sql = {
		"SELECT count(*) FROM audit_events", "SELECT count(*) FROM audit_events" } },
	[LOOK_AUDIT_TEXT] = { .name = "look_audit_text", .params = 2, .sql = {
		"SELECT message, source, user_id, ip_address, user_agent, request_id, metadata"
		" FROM audit_events WHERE event_type = ?1 AND target = ?2",
		"SELECT message, source, user_id, ip_address, user_agent, request_id, metadata"
		" FROM audit_events WHERE event_type = $1 AND target = $2" } },
	[LOOK_TENANTS] = { .name = "look_tenants", .sql = {
		"SELECT count(*) FROM tenants WHERE kind = 'team'",
		"SELECT count(*) FROM tenants WHERE kind = 'team'" } },
	[LOOK_OWNERS] = { .name = "look_owners", .params = 2, .sql = {
		"SELECT count(*) FROM tenant_users WHERE tenant_id = ?1 AND user_id = ?2"
		" AND role = 'owner'",
		"SELECT count(*) FROM tenant_users WHERE tenant_id = $1 AND user_id = $2"
		" AND role = 'owner'" } },
	[LOOK_GRANTED] = { .name = "look_granted", .params = 2, .sql = {
		"SELECT count(*) FROM api_keys WHERE id = ?1 AND granted_by = ?2",
		"SELECT count(*) FROM api_keys WHERE id = $1 AND granted_by = $2" } },
	/* may another transaction change the row now? SQLite has one writer anyhow */
	[LOOK_KEY_FREE] = { .name = "look_key_free", .params = 1, .sql = {
		"SELECT 0 WHERE ?1 <> ''", "SELECT count(*) FROM (SELECT id FROM api_keys"
		" WHERE id = $1 FOR UPDATE SKIP LOCKED) k" } },
	[LOOK_USER_FREE] = { .name = "look_user_free", .params = 1, .sql = {
		"SELECT 0 WHERE ?1 <> ''", "SELECT count(*) FROM (SELECT id FROM users"
		" WHERE id = $1 FOR UPDATE SKIP LOCKED) u" } },
	[LOOK_SET_TIER] = { .name = "set_tier", .params = 2, .writes = true, .sql = {
		"UPDATE users SET tier = ?2 WHERE id = ?1",
		"UPDATE users SET tier = $2 WHERE id = $1" } },
	[LOOK_FORGET_SEED] = { .name = "forget_seed", .params = 1, .writes = true, .sql = {
		"UPDATE sessions SET pair_seed = NULL WHERE id = ?1",
		"UPDATE sessions SET pair_seed = NULL WHERE id = $1" } },
	[LOOK_RESTORE] = { .name = "restore", .params = 1, .writes = true, .sql = {   /* as before its refresh */
		"UPDATE sessions SET refresh_hash = previous_hash, previous_hash = NULL, rotated_at = NULL,"
		" access_hash = previous_access_hash, previous_access_hash = NULL, pair_seed = NULL WHERE id = ?1",
		"UPDATE sessions SET refresh_hash = previous_hash, previous_hash = NULL, rotated_at = NULL,"
		" access_hash = previous_access_hash, previous_access_hash = NULL, pair_seed = NULL WHERE id = $1" } },
	[LOOK_SET_SHARED] = { .name = "set_shared", .params = 2, .writes = true, .sql = {
		"UPDATE users SET email_key_shared = ?2 WHERE id = ?1",
		"UPDATE users SET email_key_shared = $2 WHERE id = $1" } },
	[LOOK_SET_DEFAULT] = { .name = "set_default", .params = 2, .writes = true, .sql = {
		"UPDATE users SET tenant_id = ?2 WHERE id = ?1",
		"UPDATE users SET tenant_id = $2 WHERE id = $1" } },
	[LOOK_PROVISIONED] = { .name = "look_provisioned", .params = 1, .sql = {
		"SELECT count(*) FROM admin_provisioned_keys WHERE api_key_id = ?1",
		"SELECT count(*) FROM admin_provisioned_keys WHERE api_key_id = $1" } },
	[LOOK_SET_INACTIVE] = { .name = "set_inactive", .params = 1, .writes = true, .sql = {
		"UPDATE api_keys SET is_active = FALSE WHERE id = ?1",
		"UPDATE api_keys SET is_active = FALSE WHERE id = $1" } },
	/* of a connection, as if a minute had passed; ?2 is not used */
	[LOOK_END_CLAIM] = { .name = "end_claim", .params = 2, .writes = true, .sql = {
		"UPDATE provider_connections SET lease_until = '2000-01-01T00:00:00.000Z' WHERE id = ?1 AND ?2 = ''",
		"UPDATE provider_connections SET lease_until = '2000-01-01T00:00:00Z' WHERE id = $1 AND $2 = ''" } },
	[LOOK_OTHERS_SUCCEED] = { .name = "others_succeed", .params = 2, .writes = true, .sql = {
		"UPDATE provider_apps SET last_success_at = '2099-01-01T00:00:00.000Z' WHERE id = ?1 AND ?2 = ''",
		"UPDATE provider_apps SET last_success_at = '2099-01-01T00:00:00Z' WHERE id = $1 AND $2 = ''" } },
	[LOOK_WANT] = { .name = "want", .params = 2, .writes = true, .sql = {
		"UPDATE provider_connections SET refresh_wanted = TRUE WHERE id = ?1 AND ?2 = ''",
		"UPDATE provider_connections SET refresh_wanted = TRUE WHERE id = $1 AND $2 = ''" } },
	/* the last claim of a connection, as a backup from before has it */
	[LOOK_LOSE_CLAIM] = { .name = "lose_claim", .params = 2, .writes = true, .sql = {
		"UPDATE provider_connections SET refresh_gen = refresh_gen - 1, phase = 'idle', lease_until = NULL"
		" WHERE id = ?1 AND ?2 = ''",
		"UPDATE provider_connections SET refresh_gen = refresh_gen - 1, phase = 'idle', lease_until = NULL"
		" WHERE id = $1 AND $2 = ''" } },
	[LOOK_WAITING] = { .name = "look_waiting", .sql = {   /* processes that wait for a lock */
		"SELECT 1", "SELECT count(*) FROM pg_stat_activity"
		" WHERE datname = current_database() AND wait_event_type = 'Lock'" } },
	[LOOK_LIVE_IN] = { .name = "look_live_in", .params = 1, .sql = {   /* sessions and keys */
		"SELECT (SELECT count(*) FROM sessions WHERE tenant_id = ?1) +"
		" (SELECT count(*) FROM api_keys WHERE tenant_id = ?1 AND revoked_at IS NULL)",
		"SELECT (SELECT count(*) FROM sessions WHERE tenant_id = $1) +"
		" (SELECT count(*) FROM api_keys WHERE tenant_id = $1 AND revoked_at IS NULL)" } },
	[LOOK_ACTIVE_OWNERS] = { .name = "look_active_owners", .params = 1, .sql = {
		"SELECT count(*) FROM tenant_users m JOIN users u ON u.id = m.user_id"
		" WHERE m.tenant_id = ?1 AND m.role = 'owner' AND u.user_status = 'active'",
		"SELECT count(*) FROM tenant_users m JOIN users u ON u.id = m.user_id"
		" WHERE m.tenant_id = $1 AND m.role = 'owner' AND u.user_status = 'active'" } },
	[LOOK_USERS_LOCKED] = { .name = "look_users_locked", .sql = {
		"SELECT 1", "SELECT count(*) FROM pg_locks"
		" WHERE relation = CAST('users' AS regclass) AND mode = 'AccessShareLock' AND pid <> pg_backend_pid()"
		" AND database = (SELECT oid FROM pg_database WHERE datname = current_database())" } },
	[LOOK_FORGET_KEY] = { .name = "forget_key", .writes = true, .sql = {
		"UPDATE instance SET key_check = NULL", "UPDATE instance SET key_check = NULL" } },
	[LOOK_FORGET_USER] = { .name = "forget_user", .params = 1, .writes = true, .sql = {
		"DELETE FROM users WHERE id = ?1", "DELETE FROM users WHERE id = $1" } },
};
static const struct db_catalog looking_catalog = {
	.statements = looking, .n_statements = LOOK__COUNT,
	.constraints = (const struct db_constraint[]){ { 0 } },
};

static void bail_out(const char *what, const struct err *err)
{
	printf("Bail out! %s: %s\n", what, err->message);
	exit(99);
}

__attribute__((unused))
static int64_t look(struct fixture *f, enum look what, const char *a, const char *b)
{
	struct err err;
	int64_t n = -1;

	if (!db_number(f->look, (int)what, (const struct db_value[]){ db_text(a), db_text(b) },
		       looking[what].params, &n, &err))
		bail_out("look", &err);
	return n;
}

struct by_hand {
	enum look what;
	const char *a, *b;
};

static bool by_hand_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct by_hand *h = arg;

	return db_write_one(db, (int)h->what, (const struct db_value[]){ db_text(h->a), db_text(h->b) },
			    looking[h->what].params, "no row", err_r);
}

/* Runs one of the statements that write. */
__attribute__((unused))
static void by_hand(struct fixture *f, enum look what, const char *a, const char *b)
{
	struct by_hand h = { what, a, b };
	struct err err;

	if (!db_transaction(f->look, by_hand_tx, &h, &err))
		bail_out("by_hand", &err);
}

static void fixture_connect(struct fixture *f)
{
	struct db_options o = {
		.url = f->url, .timeout_ms = 60000, .prepare = true, .catalog = &sql_catalog,
	};
	struct err err;

	if (!auth_init(&err) || !(f->db = db_new(&o, &err)))
		bail_out("connect", &err);
	o.catalog = &looking_catalog;
	f->look = db_new(&o, &err);
	if (!f->look)
		bail_out("connect", &err);
	f->op.db = f->db;
}

static void fixture_disconnect(struct fixture *f)
{
	db_free(&f->db);
	db_free(&f->look);
}

/* All but the schema. */
static void fixture_empty(struct fixture *f)
{
	const char *url = getenv("TEST_DATABASE_URL");

	*f = (struct fixture){ .dir = "/tmp/pierre-op-XXXXXX" };
	log_init("test", LOG_LEVEL_ERROR);
	if (url && *url)
		snprintf(f->url, sizeof(f->url), "%s", url);
	else if (mkdtemp(f->dir))
		snprintf(f->url, sizeof(f->url), "sqlite:%s/test.db", f->dir);
	f->arena = arena_new();
	f->conf = (struct conf){
		.fast_database_timeout_ms = 250, .bcrypt_cost = 4, .password_min = 12, .access_token_ttl = 3600,
		.refresh_token_ttl = 30 * 86400, .keys_per_user = 100,
		.tenants_per_user = 3, .token_usage_days = 400,
	};
	f->process = (struct op_process){ .conf = &f->conf };
	f->op = (struct op){
		.arena = f->arena, .now = T0, .process = &f->process,
		.actor = { .role = ROLE_SUPER_ADMIN, .source = "test" }, .client.remote_addr = "192.0.2.1",
	};
	f->descriptors = open_descriptors();
	fixture_connect(f);
	master_subkeys_derive((const unsigned char *)FIXTURE_MASTER, NULL, SUBKEY_SESSION_PAIR, &f->pair_keys);
	f->process.pair_keys = &f->pair_keys;
	master_subkeys_derive((const unsigned char *)FIXTURE_MASTER, NULL, SUBKEY_REPLY, &f->reply_keys);
	f->process.reply_keys = &f->reply_keys;
}

static void fixture_migrate(struct fixture *f)
{
	struct err err;
	int applied;

	if (!db_migrate(f->db, &applied, &err))
		bail_out("migrate", &err);
}

__attribute__((unused))
static void fixture_open(struct fixture *f)
{
	fixture_empty(f);
	fixture_migrate(f);
}

static void fixture_close(struct fixture *f)
{
	struct dirent *e;
	DIR *dir;

	fixture_disconnect(f);
	is_int(open_descriptors(), f->descriptors, "all that was opened is closed");
	arena_free(&f->arena);
	if (!str_starts(f->url, "sqlite:"))
		return;
	dir = opendir(f->dir);
	while (dir && (e = readdir(dir)))
		unlinkat(dirfd(dir), e->d_name, 0);   /* but for . and .. */
	if (dir)
		closedir(dir);
	rmdir(f->dir);
}

/* Each with an address of its own, so that tests do not meet. */
__attribute__((unused))
static struct user make_user(struct fixture *f, const char *tier)
{
	static int n;
	struct user user;
	struct err err;

	if (!op_user_create(&f->op, &(struct user){
		.email = arena_printf(f->arena, "User%d@Example.org", ++n),
		.password = PASSWORD, .tier = tier }, &user, &err))
		bail_out("make_user", &err);
	return user;
}

/* Run fn in n processes at once, each with its own connection; counts[i] = how
 * many of them returned i (0..7). The parent holds no connection meanwhile. */
#define OUTCOMES 8
typedef int child_fn(struct fixture *f, int index, void *arg);

static void child_main(struct fixture *f, int gate, int index, child_fn *fn, void *arg)
{
	char c;

	fixture_connect(f);
	while (read(gate, &c, 1) > 0)
		;
	fflush(stdout);
	_exit(fn(f, index, arg));
}

__attribute__((unused))
static void at_once(struct fixture *f, int n, child_fn *fn, void *arg, int counts[OUTCOMES])
{
	int gate[2], status;

	memset(counts, 0, OUTCOMES * sizeof(*counts));
	fixture_disconnect(f);
	if (pipe(gate) != 0)
		exit(99);
	fflush(stdout);
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid < 0)
			exit(99);
		if (pid == 0) {
			close(gate[1]);
			child_main(f, gate[0], i, fn, arg);
		}
	}
	close(gate[0]);
	close(gate[1]);
	while (n-- > 0)
		if (wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) < OUTCOMES)
			counts[WEXITSTATUS(status)]++;
	fixture_connect(f);
}

#endif
