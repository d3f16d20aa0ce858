/*
 * tests/db/op_scope.c - whose rows: each statement on rows that have an owner
 * finds none for a scope that is not the owner's, and a statement from which
 * the owner is taken away is noticed here. Then the calls, and where scopes
 * come from.
 */
#include "config.h"

#include "op/provision.h"
#include "op/session.h"
#include "op/usage.h"
#include "op_fixture.h"
#include "store/scope.h"

#define NOT_THERE "00000000-0000-4000-8000-000000000000"
#define ARGS_MAX 12

static struct fixture f;
static struct err err;
static struct user victim, other, pending;
static struct api_key key;
static struct session_tokens session;

#define STRANGERS 6
#define OTHER 1
static struct scope stranger(size_t i)
{
	const struct scope all[STRANGERS] = {
		{ 0 }, of(other.id), of(NULL), of(NOT_THERE),
		{ SCOPE_TENANT, victim.id }, { SCOPE_TENANT, NULL },
	};

	return all[i];
}

/* A victim with a key and a session, active, whose address collides. */
static void prepare(void)
{
	const struct api_key in = {
		.name = "key", .rate_limit_requests = INT_NONE, .expires_in_days = INT_NONE,
	};
	const char *full;

	victim = make_user(&f, NULL);
	if (!op_session_create(&f.op, &victim, &session, &err) ||
	    !op_key_create(&f.op, of(victim.id), &in, &key, &full, &err))
		bail_out("prepare", &err);
	by_hand(&f, LOOK_SET_SHARED, victim.id, "shared@example.org");
}

/* --- statements ------------------------------------------------------------------ */

static struct db_value id_of_user(void) { return db_text(victim.id); }
static struct db_value id_of_pending(void) { return db_text(pending.id); }
static struct db_value id_of_key(void) { return db_text(key.id); }
static struct db_value id_of_session(void) { return db_text(session.session_id); }
static struct db_value hash_of_user(void) { return db_text(victim.password_hash); }
static struct db_value uuid(void) { return db_text(NOT_THERE); }
static struct db_value text(void) { return db_text("x"); }
static struct db_value month(void) { return db_text("month"); }
static struct db_value active(void) { return db_text("active"); }
static struct db_value words(void) { return db_strings(strings_empty); }
static struct db_value none(void) { return db_text(NULL); }
static struct db_value now(void) { return db_time(T0); }
static struct db_value begin(void) { return db_time(0); }
static struct db_value later(void) { return db_time(T0 + DAY_MS); }
static struct db_value one(void) { return db_int(1); }
static struct db_value many(void) { return db_int(100); }

typedef struct db_value value_fn(void);

/* What a parameter is given, by its name, so that the statement meets the victim's
 * row. Those of the scope are what is tried. */
static const struct { const char *name; value_fn *value; } given[] = {
	{ "now", now }, { "expires_at", later }, { "before_at", later }, { "before_id", uuid },
	{ "limit", many }, { "name", text }, { "description", text }, { "scopes", words },
	{ "updated_at", now }, { "requests", one }, { "period", month },
	{ "current_id", uuid }, { "keep_session", uuid }, { "status", active },
	{ "approved_by", none }, { "tenant_id", none }, { "new_hash", text },
	{ "old_hash", hash_of_user },
	{ "by_user", none }, { "by_tenant", none }, { "by_type", none }, { "by_severity", none },
	{ "by_target", none }, { "by_result", none }, { "from_at", begin }, { "to_at", later },
};

/* With the row that :id or :user_id names. */
static const struct owned {
	int stmt;
	value_fn *id;
} rows[] = {
	{ SQL_KEY_OWNER_LOCK, id_of_user },
	{ SQL_KEY_COUNT_LIVE, NULL },
	{ SQL_KEY_GET, id_of_key },
	{ SQL_KEY_LIST, NULL },
	{ SQL_KEY_LOCK, id_of_key },
	{ SQL_KEY_UPDATE, id_of_key },
	{ SQL_KEY_LIMIT, id_of_key },
	{ SQL_KEY_REVOKE, id_of_key },
	{ SQL_SESSION_LIST, NULL },
	{ SQL_SESSION_END_PREVIOUS, id_of_session },
	{ SQL_SESSION_DELETE, id_of_session },
	{ SQL_USER_BY_ID, id_of_user },
	{ SQL_USER_LIST, NULL },
	{ SQL_USER_LIST_BY_STATUS, NULL },
	{ SQL_USER_COLLISIONS, NULL },
	{ SQL_USER_TOUCH, id_of_user },
	{ SQL_USER_APPROVE, id_of_pending },
	{ SQL_USER_SUSPEND, id_of_user },
	{ SQL_USER_SET_TENANT, id_of_user },
	{ SQL_USER_SET_PASSWORD, id_of_user },
	{ SQL_USER_REPLACE_PASSWORD, NULL },
	{ SQL_USER_END_SESSIONS, id_of_user },
	{ SQL_USER_END_OTHER_SESSIONS, NULL },
	{ SQL_AUDIT_LIST, NULL },
	{ SQL_AUDIT_LIST_OWN, NULL },
};

/* A run of a statement under a scope; it is rolled back. */
struct trial {
	const struct owned *row;
	const struct db_statement *statement;
	struct scope scope;
	bool met;              /* the victim's row */
};

/* The number of a parameter, from 1; 0 = the statement has none of that name. */
static unsigned number_of(const struct owned *row, const char *name)
{
	const struct db_statement *s = &sql_catalog.statements[row->stmt];
	unsigned n = s->params;

	while (n > 0 && !str_eq(s->names[n - 1], name))
		n--;
	return n;
}

static struct db_value value_of(const struct owned *row, struct scope scope, const char *name)
{
	if (str_eq(name, "scope_user"))
		return scope_user_param(scope);
	if (str_eq(name, "scope_all"))
		return scope_all_param(scope);
	if (str_eq(name, "id") || str_eq(name, "user_id"))
		return row->id();
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
		if (str_eq(given[i].name, name))
			return given[i].value();
	return (struct db_value){ .type = DB_UNSET };   /* db says which */
}

static bool is_victims(struct db *db)
{
	const char *id = db_column_text(db, 0);

	return str_eq(id, victim.id) || str_eq(id, pending.id) || str_eq(id, key.id) ||
	       str_eq(id, session.session_id) ||
	       (str_eq(db_column_name(db, 0), "n") && db_column_int(db, 0) > 0) ||
	       str_eq(db_column_name(db, 0), "tier");
}

static bool try_it(struct db *db, void *arg, struct err *err_r)
{
	struct trial *t = arg;
	struct db_value args[ARGS_MAX];
	const struct db_statement *s = &sql_catalog.statements[t->row->stmt];
	size_t n = s->params;
	int64_t changed;
	enum db_rc rc;

	for (size_t i = 0; i < n; i++)
		args[i] = value_of(t->row, t->scope, s->names[i]);
	if (s->writes && !strstr(s->sql[DB_PGSQL], "RETURNING")) {
		if (!db_write(db, t->row->stmt, args, n, &changed, err_r))
			return false;
		t->met = changed > 0;
	} else {
		for (rc = db_query(db, t->row->stmt, args, n, err_r); rc == DB_ROW; rc = db_next(db, err_r))
			t->met = t->met || is_victims(db);
		if (rc != DB_OK)
			return false;
		db_finish(db);
	}
	return err_set(err_r, ERR_CONFLICT, "rolled back");
}

/* Does the statement meet the victim's row? */
static bool meets(struct db *db, const struct owned *row, struct scope scope)
{
	struct trial t = { .row = row, .scope = scope };
	struct err why;

	if (db_transaction(db, try_it, &t, &why) || why.kind != ERR_CONFLICT)
		bail_out(sql_catalog.statements[row->stmt].name, &why);
	return t.met;
}

/* Of those who may not, how many does it let? */
static int let_in(struct db *db, const struct owned *row)
{
	int n = 0;

	for (size_t i = 0; i < STRANGERS; i++)
		n += meets(db, row, stranger(i));
	if (!number_of(row, "scope_user"))
		n += meets(db, row, of(victim.id));
	if (!number_of(row, "scope_all"))
		n += meets(db, row, EVERY);
	return n;
}

/* The statement with its scope taken away: user_id = $2 becomes
 * (user_id = $2 OR 1 = 1). */
static const char *without_scope(const struct owned *row, enum db_backend b)
{
	static const struct { const char *before, *term; } forms[] = {
		{ "", "user_id = " }, { "", "id = " }, { "AND ", "" }, { "WHERE ", "" },
	};
	const char *sql = sql_catalog.statements[row->stmt].sql[b];
	unsigned user = number_of(row, "scope_user"), n = user ? user : number_of(row, "scope_all");

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const char *term = arena_printf(f.arena, "%s%c%u", forms[i].term,
						b == DB_SQLITE ? '?' : '$', n);
		const char *at = strstr(sql, arena_printf(f.arena, "%s%s", forms[i].before, term));

		if (at)
			return arena_printf(f.arena, "%.*s%s(%s OR 1 = 1)%s", (int)(at - sql), sql,
					    forms[i].before, term,
					    at + strlen(forms[i].before) + strlen(term));
	}
	return NULL;
}

/* A handle whose catalog has this one statement changed. */
static struct db *open_mutant(const struct owned *row)
{
	struct db_statement *all = arena_alloc(f.arena, SQL__COUNT * sizeof(*all));
	struct db_catalog *catalog = arena_alloc(f.arena, sizeof(*catalog));
	struct db *db;

	memcpy(all, sql_catalog.statements, SQL__COUNT * sizeof(*all));
	for (enum db_backend b = 0; b < DB_BACKENDS; b++)
		all[row->stmt].sql[b] = without_scope(row, b);
	*catalog = sql_catalog;
	catalog->statements = all;
	db = db_new(&(struct db_options){ .url = f.url, .timeout_ms = 20000, .prepare = true,
		    .catalog = catalog }, &err);
	if (!all[row->stmt].sql[DB_SQLITE] || !db)
		bail_out(all[row->stmt].name, &err);
	return db;
}

static void test_statements(void)
{
	int caught = 0, mutants = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct owned *row = &rows[i];
		const char *name = sql_catalog.statements[row->stmt].name;
		struct db *db;

		if (number_of(row, "scope_user"))
			ok(meets(f.db, row, of(victim.id)), "%s: the owner's", name);
		if (number_of(row, "scope_all"))
			ok(meets(f.db, row, EVERY), "%s: an administrator's", name);
		ok(let_in(f.db, row) == 0, "%s: nobody else's", name);
		db = open_mutant(row);
		mutants++;
		caught += ok(let_in(db, row) > 0, "%s: without its scope it would be noticed", name);
		db_free(&db);
	}
	printf("# %d mutants, %d caught\n", mutants, caught);
}

/* --- calls ------------------------------------------------------------------------ */

static bool key_create(struct scope s)
{
	const struct api_key in = {
		.name = "x", .rate_limit_requests = INT_NONE, .expires_in_days = INT_NONE,
	};
	struct api_key out;
	const char *full;

	return op_key_create(&f.op, s, &in, &out, &full, &err);
}

static bool key_list(struct scope s)
{
	struct page_out out;

	return op_key_list(&f.op, s, &(struct page_in){ .limit = 200 }, &out, &err) &&
	       out.rows.n > 0 &&
	       str_eq(((const struct api_key *)out.rows.items)->user_id, victim.id);
}

static bool key_get(struct scope s)
{
	struct api_key out;

	return op_key_get(&f.op, s, key.id, &out, &err);
}

static bool key_patch(struct scope s)
{
	struct field_given what = named(f.arena, &api_key_patch_schema, "name");
	const struct api_key in = { .name = "y" };
	struct api_key out;

	return op_key_update(&f.op, s, key.id, &in, &what, &out, &err);
}

static bool key_revoke(struct scope s)
{
	struct api_key out;

	return op_key_revoke(&f.op, s, key.id, &out, &err);
}

/* There are no counters here, so it goes no further than the key. */
static bool usage_report(struct scope s)
{
	const struct usage_query in = { .from = T0 - DAY_MS, .to = T0 };
	struct usage_report out;

	return op_usage_report(&f.op, s, key.id, &in, &out, &err) || err.kind == ERR_UNAVAILABLE;
}

static bool session_list(struct scope s)
{
	struct field_list out;

	return op_session_list(&f.op, s, &out, &err) && out.n > 0;
}

static bool session_end(struct scope s)
{
	return op_session_end(&f.op, s, session.session_id, &err);
}

static bool password_change(struct scope s)
{
	return op_password_update(&f.op, s, &(struct password_update_in){ PASSWORD, PASSWORD }, &err);
}

static bool password_set(struct scope s)
{
	return op_password_set(&f.op, s, victim.id, PASSWORD, &err);
}

static bool user_get(struct scope s)
{
	struct user out;

	return op_user_get(&f.op, s, victim.email, &out, &err);
}

static bool user_list(struct scope s)
{
	struct page_out out;
	const struct user *u;

	if (!op_user_list(&f.op, s, &(struct user_query){ .page.limit = 200 }, &out, &err))
		return false;
	u = out.rows.items;
	for (size_t i = 0; i < out.rows.n; i++)
		if (str_eq(u[i].id, victim.id))
			return true;
	return false;
}

static bool user_suspend(struct scope s)
{
	struct user out;

	return op_user_suspend(&f.op, s, victim.id, NULL, &out, &err);
}

static bool user_approve(struct scope s)
{
	struct tenant tenant;
	struct user out;

	return op_user_approve(&f.op, s, victim.id, &(struct user_approve_in){ 0 }, &out, &tenant,
			       &err);
}

static bool provision_key(struct scope s)
{
	const struct api_key in = {
		.user_email = victim.email, .tier = "starter",
		.expires_in_days = INT_NONE, .rate_limit_requests = INT_NONE,
	};
	struct api_key out;
	const char *full;

	return op_key_provision(&f.op, s, &in, &out, &full, &err);
}

static bool provision_limit(struct scope s)
{
	struct api_key out;

	return op_key_limit_set(&f.op, s, &(struct api_key){ .id = key.id,
		.rate_limit_requests = 5, .rate_limit_period = "hour" }, &out, &err);
}

enum { OWN = 1, ALL = 2, SELF = 4 };   /* who may; SELF: it is about the scope's user */
static const struct {
	const char *name;
	bool (*call)(struct scope s);
	int may;
} calls[] = {
	{ "key_create", key_create, OWN | SELF }, { "key_list", key_list, OWN },
	{ "key_get", key_get, OWN | ALL }, { "key_patch", key_patch, OWN },
	{ "usage_report", usage_report, OWN | ALL }, { "session_list", session_list, OWN },
	{ "user_get", user_get, OWN | ALL }, { "user_list", user_list, ALL },
	{ "provision_key", provision_key, ALL }, { "provision_limit", provision_limit, ALL },
	{ "user_suspend", user_suspend, ALL }, { "user_approve", user_approve, ALL },
	{ "session_end", session_end, OWN }, { "password_change", password_change, OWN | SELF },
	{ "password_set", password_set, ALL }, { "key_revoke", key_revoke, OWN | ALL },
};

static bool may(size_t i, int who)
{
	return calls[i].may & who;
}

static void test_calls(void)
{
	const size_t n = sizeof(calls) / sizeof(calls[0]);
	int64_t audits = look(&f, LOOK_AUDITS, NULL, NULL);

	for (size_t i = 0; i < n; i++) {
		int let = 0;

		for (size_t k = 0; k < STRANGERS; k++)
			let += calls[i].call(stranger(k)) && !(k == OTHER && may(i, SELF));
		if (!may(i, OWN))
			let += calls[i].call(of(victim.id));
		if (!may(i, ALL))
			let += calls[i].call(EVERY);
		ok(let == 0, "%s: none who may not", calls[i].name);
	}
	is_int(look(&f, LOOK_AUDITS, NULL, NULL), audits + 2,
	       "nothing changed but the other's own: a key, the password");
	for (size_t i = 0; i < n; i++)
		if (may(i, ALL))
			ok(calls[i].call(EVERY), "%s: an administrator", calls[i].name);
	prepare();   /* the sessions of the last one have ended */
	for (size_t i = 0; i < n; i++)
		if (may(i, OWN))
			ok(calls[i].call(of(victim.id)), "%s: the owner", calls[i].name);
}

/* --- where scopes come from --------------------------------------------------------- */

static void scopes_are(struct actor actor, struct scope own, enum scope_kind all, const char *name)
{
	struct scope s;

	f.op.actor = actor;
	s = scope_own(&f.op);
	ok(s.kind == own.kind && str_eq(s.id, own.id), "%s: own", name);
	s = scope_all(&f.op);
	ok(s.kind == all && !s.id, "%s: all", name);
	s = scope_of(&f.op, victim.id);
	ok(s.kind == (all == SCOPE_ALL ? SCOPE_USER : SCOPE_NOBODY), "%s: of a user", name);
	ok(scope_of(&f.op, NULL).kind == SCOPE_NOBODY, "%s: of no user", name);
}

static void test_making(void)
{
	const struct scope mine = of(other.id), nobody = { 0 };

	scopes_are((struct actor){ 0 }, nobody, SCOPE_NOBODY, "nobody");
	scopes_are((struct actor){ .source = "rest", .tenant_id = NOT_THERE, .session_id = NOT_THERE },
		   nobody, SCOPE_NOBODY, "a tenant and a session without a user");
	scopes_are((struct actor){ .user_id = other.id }, mine, SCOPE_NOBODY, "a user");
	scopes_are((struct actor){ .user_id = other.id, .is_admin = true }, mine, SCOPE_ALL, "an administrator");
	scopes_are((struct actor){ .is_admin = true, .source = "shell" }, nobody, SCOPE_ALL, "the shell");
}

int main(void)
{
	fixture_open(&f);
	other = make_user(&f, NULL);
	if (!op_user_register(&f.op, &(struct user){ .email = "p@example.org", .password = PASSWORD },
			      &pending, &err))
		bail_out("register", &err);
	prepare();
	test_statements();
	test_calls();
	test_making();
	fixture_close(&f);
	return tap_done();
}
