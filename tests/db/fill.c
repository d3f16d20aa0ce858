/*
 * What migration 0010 leaves to be filled: rows of an older program, filled a page at
 * a time, through kill -9 and by one host at once, and rows that such a program writes
 * afterwards. And how long the migration waits for its locks. On the backend given.
 */
#include "config.h"

#include <signal.h>

#include "behind.h"
#include "db_args.h"
#include "store/fill.h"

#define USERS 1201    /* more than two pages of 500 */
#define AT "'2029-01-01T00:00:00.000Z'"
#define SQLITE_ID(kind) "printf('00000000-0000-" kind "-8000-%012d', i)"
#define PGSQL_ID(kind) "CAST('00000000-0000-" kind "-8000-' || lpad(CAST(i AS TEXT), 12, '0') AS UUID)"
#define SERIES(from, to) \
	" FROM (WITH RECURSIVE n(i) AS (SELECT " from " UNION ALL SELECT i + 1 FROM n WHERE i < " to ")" \
	" SELECT i FROM n) s"
/* the first is an admin, the second pending */
#define SEED_USERS(id, from, to) \
	"INSERT INTO users (id, email, email_key, password_hash, tier, user_status, is_admin, created_at," \
	" updated_at) SELECT " id ", 'u' || i, 'u' || i, 'x', 'starter'," \
	" CASE WHEN i = 2 THEN 'pending' ELSE 'active' END, i = 1, " AT ", " AT SERIES(from, to)
#define SEED_KEYS(id, user, scopes, from, to) \
	"INSERT INTO api_keys (id, user_id, name, key_prefix, key_hash, tier, scopes, is_active, created_at," \
	" updated_at) SELECT " id ", " user ", 'old', 'k' || i, 'x', 'starter', " scopes ", TRUE, " \
	AT ", " AT SERIES(from, to)
#define BOTH(text) { text, text }
#define NUMBER(text) { .name = "number", .sql = BOTH(text) }
#define WRITE(text) { .name = "write", .writes = true, .sql = BOTH(text) }

enum {
	LOCK_USERS, SEED_U, SEED_K, LATER_U, LATER_K, SET_ADMIN, SET_NO_ADMIN, SET_ROLE, SET_ROLE_USER, ADD_ADMIN, ADD_ROLE,
	LEGACY, HALF, LOCKS, PERSONAL, OWNERS, NOT_OWN, PENDING, KEYS_OWN, KEYS_NULL, SUPER, ROLES_WRONG, KEY_NOTES, SCHEMA__COUNT
};
static const struct db_statement statements[SCHEMA__COUNT] = {
	[LOCK_USERS] = { .name = "lock", .writes = true, .sql = {
		"UPDATE users SET id = id WHERE FALSE", "LOCK TABLE users IN ACCESS SHARE MODE" } },
	[SEED_U] = { .name = "users", .writes = true, .sql = {
		SEED_USERS(SQLITE_ID("4000"), "1", "1201"),
		SEED_USERS("CAST(" PGSQL_ID("4000") " AS UUID)", "1", "1201") } },
	[SEED_K] = { .name = "keys", .writes = true, .sql = {
		SEED_KEYS(SQLITE_ID("4001"), SQLITE_ID("4000"), "'[]'", "3", "1201"),
		SEED_KEYS(PGSQL_ID("4001"), PGSQL_ID("4000"), "CAST('{}' AS TEXT[])", "3", "1201") } },
	[LATER_U] = { .name = "later_users", .writes = true, .sql = {
		SEED_USERS(SQLITE_ID("4000"), "1300", "1301"), SEED_USERS(PGSQL_ID("4000"), "1300", "1301") } },
	[LATER_K] = { .name = "later_keys", .writes = true, .sql = {
		SEED_KEYS(SQLITE_ID("4001"), SQLITE_ID("4000"), "'[]'", "1300", "1301"),
		SEED_KEYS(PGSQL_ID("4001"), PGSQL_ID("4000"), "CAST('{}' AS TEXT[])", "1300", "1301") } },
#define ONE(n) "'00000000-0000-4000-8000-00000000" #n "'"
	[SET_ADMIN] = WRITE("UPDATE users SET is_admin = TRUE WHERE id = " ONE(0003)),
	[SET_NO_ADMIN] = WRITE("UPDATE users SET is_admin = FALSE WHERE id = " ONE(0003)),
	[SET_ROLE] = WRITE("UPDATE users SET role = 'admin' WHERE id = " ONE(0003)),
	[SET_ROLE_USER] = WRITE("UPDATE users SET role = 'user' WHERE id = " ONE(0003)),
	[ADD_ADMIN] = WRITE("INSERT INTO users (id, email, email_key, password_hash, tier, user_status, is_admin,"
		" created_at, updated_at) VALUES (" ONE(9001) ", 'a', 'a', 'x', 'starter', 'pending', TRUE, " AT
		", " AT ")"),
	[ADD_ROLE] = WRITE("INSERT INTO users (id, email, email_key, password_hash, tier, user_status, is_admin,"
		" role, created_at, updated_at) VALUES (" ONE(9002) ", 'b', 'b', 'x', 'starter', 'pending', FALSE,"
		" 'admin', " AT ", " AT ")"),
	[LEGACY] = NUMBER("SELECT count(*) FROM users WHERE is_admin AND role = 'user'"),
	[PERSONAL] = NUMBER("SELECT count(*) FROM tenants t JOIN users u ON u.id = t.id WHERE t.kind = 'personal'"
		" AND t.is_active AND t.plan = u.tier"),
	[HALF] = NUMBER("SELECT count(*) FROM tenants t WHERE NOT EXISTS (SELECT 1 FROM tenant_users m"
		" WHERE m.tenant_id = t.id AND m.user_id = t.id AND m.role = 'owner')"),
	[LOCKS] = { .name = "locks", .sql = { "SELECT 0", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
		" AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
		" AND pid <> pg_backend_pid()" } },
	[OWNERS] = NUMBER("SELECT count(*) FROM tenant_users WHERE tenant_id = user_id AND role = 'owner'"),
	[NOT_OWN] = NUMBER("SELECT count(*) FROM tenant_users WHERE tenant_id <> user_id"),
	[PENDING] = NUMBER("SELECT count(*) FROM tenants t JOIN users u ON u.id = t.id"
		" WHERE u.user_status = 'pending'"),
	[KEYS_OWN] = NUMBER("SELECT count(*) FROM api_keys WHERE tenant_id = user_id"),
	[KEYS_NULL] = NUMBER("SELECT count(*) FROM api_keys WHERE tenant_id IS NULL"),
	[SUPER] = NUMBER("SELECT count(*) FROM users WHERE role = 'super_admin' AND is_admin"),
	[ROLES_WRONG] = NUMBER("SELECT count(*) FROM users WHERE is_admin <> (role <> 'user')"),
	[KEY_NOTES] = NUMBER("SELECT count(*) FROM changes c JOIN api_keys k ON k.id = c.subject"),
};
static const struct db_catalog own = {
	.statements = statements, .n_statements = SCHEMA__COUNT,
	.constraints = (const struct db_constraint[]){ { 0 } },
};

static struct fixture f;
static struct db *hand;
static struct err err;

static int64_t number(int what)
{
	int64_t n;

	if (!db_number(hand, what, DB_NO_ARGS, &n, &err))
		bail_out(statements[what].name, &err);
	return n;
}

static bool write_tx(struct db *db, void *arg, struct err *err_r)
{
	return db_write(db, *(int *)arg, DB_NO_ARGS, NULL, err_r);
}

static void put(int what)
{
	if (!db_transaction(hand, write_tx, &what, &err))
		bail_out(statements[what].sql[0], &err);
}

static struct db *open_with(const struct db_catalog *catalog)
{
	struct db *db = db_new(&(struct db_options){
		.url = f.url, .timeout_ms = 20000, .catalog = catalog }, &err);

	if (!db)
		bail_out("connect", &err);
	return db;
}

/* Migrated to 0008 and used by that program. */
static void old_rows(void)
{
	struct db_catalog old = sql_catalog;
	struct db *db;
	int applied;

	old.n_migrations = 8;
	db = open_with(&old);
	if (!db_migrate(db, &applied, &err))
		bail_out("migrate to 0008", &err);
	db_free(&db);
	hand = open_with(&own);
	put(SEED_U);
	put(SEED_K);
}

/* A whole walk: rows that were filled, most in one step, steps. */
static int64_t walk(int64_t *most_r, int *steps_r)
{
	struct fill fill = { 0 };
	int64_t n, all = 0;
	bool end = false;

	*most_r = *steps_r = 0;
	while (!end) {
		if (!store_fill(f.db, &fill, &n, &end, &err))
			bail_out("fill", &err);
		*most_r = n > *most_r ? n : *most_r;
		all += n;
		++*steps_r;
	}
	return all;
}

static void test_schema(void)
{
	is_int(number(KEYS_NULL), USERS - 2, "the migration fills nothing: DDL alone");
	is_int(number(SUPER), 0, "no role either");
}

/* Before his role is filled he is what he was. */
static void test_legacy_admin(void)
{
	struct field_given tier = named(f.arena, &user_patch_schema, "tier");
	struct field_given role = named(f.arena, &user_patch_schema, "role");
	struct field_given status = named(f.arena, &user_patch_schema, "user_status");
	const char *id = "00000000-0000-4000-8000-000000000001";
	struct user out;

	is_int(number(LEGACY), 1, "an admin from before there were roles");
	ok(op_user_update(&f.op, EVERY, id, &(struct user){ .tier = "professional" }, &tier, &out, &err) &&
	   user_role(&out) == ROLE_SUPER_ADMIN, "is one after a change of his tier");
	is_int(number(LEGACY), 1, "also in the database");
	ok(!op_user_update(&f.op, EVERY, id, &(struct user){ .user_status = "suspended" }, &status, &out, &err) &&
	   err.kind == ERR_CONFLICT, "the last super_admin is not suspended: %s", err.message);
	ok(!op_user_update(&f.op, EVERY, id, &(struct user){ .role = "admin" }, &role, &out, &err) &&
	   err.kind == ERR_CONFLICT, "nor made less: %s", err.message);
	is_int(number(LEGACY), 1, "and stays what he was");
}

/* --- through kill -9 ------------------------------------------------------------------ */

static void die(void *arg)
{
	(void)arg;
	kill(getpid(), SIGKILL);
}

/* A scheduler that is killed before its first transaction, in it, or after it. */
static void killed(const struct moment m)
{
	struct fill fill = { 0 };
	int64_t n;
	bool end;

	fixture_connect(&f);
	worst(WORST_DB_TRANSACTION, m);
	for (int i = 0; i < 20; i++)
		store_fill(f.db, &fill, &n, &end, &err);
	_exit(0);
}

static void test_killed(void)
{
	static const struct moment moments[] = { { .before = die }, { .inside = die }, { .after = die } };
	int64_t before = number(OWNERS);
	int status, dead = 0;

	for (int at = 0; at < 20; at++) {
		pid_t pid;

		db_free(&hand);
		fixture_disconnect(&f);
		fflush(stdout);
		if ((pid = fork()) == 0)
			killed(moments[at < 18 ? at % 2 : 2]);   /* the last two do a step each */
		dead += waitpid(pid, &status, 0) == pid && WIFSIGNALED(status);
		fixture_connect(&f);
		hand = open_with(&own);
		/* PostgreSQL notices a death late, and the next one would find a host at it */
		while (number(LOCKS) > 0)
			poll(NULL, 0, 10);
		if (number(HALF) != 0 || number(OWNERS) != before + (at < 19 ? 0 : 499 - before))
			bail_out("a step is done by half", &err);
	}
	is_int(dead, 20, "killed 20 times");
	is_int(number(OWNERS), 499, "each step is done whole, or not at all");
}

/* Two hosts: who finds the other one at it goes on at once, and does nothing. */
#define OF_PAGE_2 "00000000-0000-4000-8000-000000000700"

static void first_host(void *arg)
{
	struct fill fill = { 0 };
	int64_t *n = arg;
	bool end;

	while (*n == 0)
		if (!store_fill(f.db, &fill, n, &end, &err))
			bail_out("fill", &err);
}

static int second_host(struct fixture *mine, int index, void *arg)
{
	struct fill fill = { 0 };
	bool end = false;
	int64_t n;

	(void)index;
	(void)arg;
	for (int i = 0; i < 3; i++)   /* roles, the page that is filled, the page of the other */
		if (!store_fill(mine->db, &fill, &n, &end, &err) || n > 0)
			return -1;
	return (int)look(mine, LOOK_OWNERS, OF_PAGE_2, OF_PAGE_2);
}

static void test_two_hosts(void)
{
	int64_t n = 0;
	int seen = behind(&f, first_host, second_host, &n);

	is_int(n, 500, "one host fills a page");
	is_int(seen, db_backend_of(f.db) == DB_PGSQL ? 0 : 1,
	       "another one does not wait for it (but on SQLite, which has one writer), and fills none of it");
	is_int(number(HALF), 0, "and nothing is done by half");
}

static void test_walk(void)
{
	int64_t most, audits = look(&f, LOOK_AUDITS, NULL, NULL), left;
	int steps;

	left = USERS - 1 - number(OWNERS) + number(KEYS_NULL);
	is_int(walk(&most, &steps), left, "another process does what is left, once");
	ok(most > 0 && most <= 500, "at most 500 in a transaction: %lld", (long long)most);
	is_int(number(PERSONAL), USERS - 1, "each user has a tenant, with his tier as its plan");
	is_int(number(OWNERS), USERS - 1, "and owns it");
	is_int(number(NOT_OWN), 0, "and no other");
	is_int(number(PENDING), 0, "but for one who is pending");
	is_int(number(KEYS_OWN), USERS - 2, "each key works in its owner's");
	is_int(number(SUPER), 1, "an admin from before is super_admin");
	is_int(number(ROLES_WRONG), 0, "the others are not");
	is_int(number(KEY_NOTES), 0, "no key that is cached is read again for it");
	is_int(look(&f, LOOK_AUDITS, NULL, NULL), audits, "nothing is written into the audit trail");
	is_int(walk(&most, &steps), 0, "a second walk finds nothing");
}

/* By a program from before, on a host that was not upgraded yet. */
static void test_later(void)
{
	int64_t most;
	int steps;

	put(LATER_U);
	put(LATER_K);
	is_int(number(KEYS_NULL), 2, "an older program goes on");
	is_int(walk(&most, &steps), 4, "what it writes is filled");
	is_int(number(KEYS_NULL), 0, "to the last row");
}

static void test_roles(void)
{
	put(SET_ADMIN);
	is_int(number(SUPER), 2, "is_admin set by an older program makes a super_admin");
	put(SET_NO_ADMIN);
	is_int(number(SUPER), 1, "and unset a user");
	put(SET_ROLE);
	is_int(number(ROLES_WRONG), 0, "a role sets is_admin");
	put(SET_ROLE_USER);
	is_int(number(ROLES_WRONG), 0, "and takes it away");
	put(ADD_ADMIN);
	is_int(number(SUPER), 2, "a new admin of an older program is super_admin");
	put(ADD_ROLE);
	is_int(number(ROLES_WRONG), 0, "a new role sets is_admin");
}

/* --- the migration and the locks of others ---------------------------------------------- */

/* Once is enough: who lets go waits again soon. */
static bool so_many_wait(int n)
{
	for (int i = 0; i < 3000; i++) {
		if (look(&f, LOOK_WAITING, NULL, NULL) == n)
			return true;
		poll(NULL, 0, 10);
	}
	return false;
}

/* Until somebody waits for us, and then does not any more; true: that came. */
static bool let_go_tx(struct db *db, void *arg, struct err *err_r)
{
	bool *let_go = arg;

	if (!db_write(db, LOCK_USERS, DB_NO_ARGS, NULL, err_r))
		return false;
	*let_go = so_many_wait(1) && so_many_wait(0);
	return true;
}

/* On PostgreSQL, where all changes would wait behind a migration that waits. */
static void test_lock_timeout(void)
{
	bool let_go = false;
	int status;
	pid_t pid;

	if (db_backend_of(f.db) == DB_SQLITE)
		return fixture_migrate(&f);
	db_free(&hand);
	fixture_disconnect(&f);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		fixture_connect(&f);
		hand = open_with(&own);
		db_deadline(hand, clock_monotonic() + 120 * SECOND_MS);   /* the others may be slow */
		_exit(db_transaction(hand, let_go_tx, &let_go, &err) && let_go ? 0 : 1);
	}
	fixture_connect(&f);
	while (look(&f, LOOK_USERS_LOCKED, NULL, NULL) == 0)
		poll(NULL, 0, 10);
	fixture_migrate(&f);
	ok(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0,
	   "a migration that waits for a lock lets go of its own, and is tried again");
	hand = open_with(&own);
}

static void begin(void)
{
	fixture_empty(&f);
	old_rows();
	test_lock_timeout();
	/* it has read the schema from before */
	db_free(&hand);
	hand = open_with(&own);
}

int main(void)
{
	begin();
	test_schema();
	test_legacy_admin();
	test_killed();
	test_two_hosts();
	test_walk();
	test_later();
	test_roles();
	db_free(&hand);
	fixture_close(&f);
	return tap_done();
}
