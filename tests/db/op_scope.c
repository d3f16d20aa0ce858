/*
 * tests/db/op_scope.c - whose rows: each statement on rows that have an owner
 * finds none for a scope that is not the owner's, and a statement from which
 * the owner is taken away is noticed here.
 */
#include "config.h"

#include "scope_op.h"
#include "store/scope.h"

/* --- statements ------------------------------------------------------------------ */

static struct db_value id_of_user(void) { return db_text(victim.id); }
static struct db_value id_of_pending(void) { return db_text(pending.id); }
static struct db_value id_of_key(void) { return db_text(key.id); }
static struct db_value id_of_session(void) { return db_text(session.session_id); }
static struct db_value hash_of_user(void) { return db_text(victim.password_hash); }
static struct db_value id_of_other(void) { return db_text(other.id); }
static struct db_value id_of_team(void) { return db_text(team.id); }
static struct db_value id_of_invitation(void) { return db_text(invitation.id); }
static struct db_value slug_of_team(void) { return db_text(team.slug); }
static struct db_value email_of_user(void) { return db_text(victim.email_key); }
static struct db_value starter(void) { return db_text("starter"); }
static struct db_value enforce(void) { return db_text("enforce"); }
static struct db_value admin(void) { return db_text("admin"); }
static struct db_value yes(void) { return db_bool(true); }
static struct db_value uuid(void) { return db_text(NOT_THERE); }
static struct db_value text(void) { return db_text("x"); }
static struct db_value month(void) { return db_text("month"); }
static struct db_value active(void) { return db_text("active"); }
static struct db_value all(void) { return db_text("all"); }
static struct db_value no(void) { return db_bool(false); }
static struct db_value object(void) { return db_text("{}"); }
static struct db_value strava(void) { return db_text("strava"); }
static struct db_value data_key(void) { return db_int(data_key_id); }
static struct db_value garmin(void) { return db_text("garmin"); }
static struct db_value nought(void) { return db_int(0); }
static struct db_value id_of_connection(void) { return db_text(connection_ids[0]); }
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
	{ "updated_at", now }, { "version", one }, { "requests", one }, { "period", month },
	{ "current_id", uuid }, { "keep_session", uuid }, { "status", active },
	{ "approved_by", none }, { "tenant_id", none }, { "new_hash", text },
	{ "old_hash", hash_of_user }, { "user_status", active }, { "approved_at", now },
	{ "tier", starter }, { "is_admin", no }, { "display_name", text },
	{ "by_user", none }, { "by_tenant", none }, { "by_type", none }, { "by_severity", none },
	{ "by_target", id_of_team }, { "by_result", none }, { "from_at", begin }, { "to_at", later },
	{ "slug", slug_of_team }, { "domain", none }, { "plan", starter }, { "is_active", yes },
	{ "rate_limit_requests", one }, { "rate_limit_period", none }, { "limit_mode", enforce },
	{ "deleted_at", none }, { "any_active", yes }, { "active", yes }, { "q", none },
	{ "reason", text }, { "role", admin }, { "email_key", email_of_user },
	{ "family_hash", text }, { "access_hash", text }, { "refresh_hash", text },
	{ "access_expires_at", later }, { "state", all }, { "tier", none },
	{ "limit_id", id_of_key }, { "allowed_cidrs", words },
	{ "metadata", object }, { "opens_rest", no },
	{ "provider", strava }, { "of_provider", garmin }, { "state_since", now }, { "client_id", text },
	{ "sealed_secret", text }, { "key_id", data_key }, { "redirect_uri", none }, { "app_id", none },
	{ "provider_user_id", none }, { "sealed_access", text }, { "sealed_refresh", none },
	{ "seen_refresh", text }, { "token_type", text }, { "scopes_granted", words }, { "scopes_asked", words },
	{ "refreshed_at", now }, { "connected_at", now }, { "connect_gen", nought }, { "tokens_gen", nought }, { "every", yes }, { "wanted", yes },
};

/* With the row that :id or :user_id names. */
static const struct owned {
	int stmt;
	value_fn *id;
	value_fn *tenant;      /* of :tenant_id; NULL: none */
} rows[] = {
	{ SQL_KEY_OWNER_LOCK, id_of_user, NULL },
	{ SQL_KEY_COUNT_LIVE, NULL, NULL },
	{ SQL_KEY_GET, id_of_key, NULL },
	{ SQL_KEY_LIST, NULL, NULL },
	{ SQL_KEY_SEARCH, id_of_user, NULL },
	{ SQL_KEY_LOCK, id_of_key, NULL },
	{ SQL_KEY_UPDATE, id_of_key, NULL },
	{ SQL_KEY_COUNT_REPLACING, id_of_key, NULL },
	{ SQL_KEY_COUNT_SHARING, id_of_user, NULL },
	{ SQL_KEY_LIMIT, id_of_key, NULL },
	{ SQL_KEY_LIMIT_SHARED, id_of_user, NULL },
	{ SQL_KEY_REVOKE, id_of_key, NULL },
	{ SQL_SESSION_LIST, NULL, NULL },
	{ SQL_SESSION_END_PREVIOUS, id_of_session, NULL },
	{ SQL_SESSION_DELETE, id_of_session, NULL },
	{ SQL_USER_BY_ID, id_of_user, NULL },
	{ SQL_USER_LIST, NULL, NULL },
	{ SQL_USER_LIST_BY_STATUS, NULL, NULL },
	{ SQL_USER_COLLISIONS, NULL, NULL },
	{ SQL_USER_TOUCH, id_of_user, NULL },
	{ SQL_USER_APPROVE, id_of_pending, NULL },
	{ SQL_USER_UPDATE, id_of_user, NULL }, { SQL_USER_RENAME, id_of_user, NULL },
	{ SQL_STATS_USERS, NULL, NULL }, { SQL_STATS_KEYS, NULL, NULL }, { SQL_STATS_CONNECTIONS, NULL, NULL }, { SQL_STATS_TENANTS, NULL, NULL },
	{ SQL_MEMBER_COUNT_ACTIVE, id_of_user, id_of_team }, { SQL_MEMBER_OWN_ROLE, NULL, id_of_team },
	{ SQL_USER_SET_TENANT, id_of_user, NULL },
	{ SQL_USER_SET_PASSWORD, id_of_user, NULL },
	{ SQL_USER_REPLACE_PASSWORD, NULL, NULL },
	{ SQL_USER_END_SESSIONS, id_of_user, NULL },
	{ SQL_USER_END_OTHER_SESSIONS, NULL, NULL },
	{ SQL_SESSION_PLACE, NULL, id_of_team },
	{ SQL_SESSION_SWITCH, id_of_session, id_of_team },
	{ SQL_TENANT_COUNT_OWNED, NULL, NULL },
	{ SQL_TENANT_GET, id_of_team, NULL },
	{ SQL_TENANT_BY_SLUG, NULL, NULL },
	{ SQL_TENANT_LIST, NULL, NULL },
	{ SQL_TENANT_LOCK, id_of_team, NULL }, { SQL_TENANT_TOUCH, id_of_team, NULL },
	{ SQL_TENANT_UPDATE, id_of_team, NULL },
	{ SQL_TENANT_END_SESSIONS, NULL, id_of_team },
	{ SQL_TENANT_REVOKE_KEYS, NULL, id_of_team },
	{ SQL_TENANT_LEAVE_ALL, NULL, id_of_team },
	{ SQL_TENANT_OWNED, id_of_user, NULL },
	{ SQL_MEMBERSHIP_LIST, NULL, NULL },
	{ SQL_MEMBERSHIP_GET, id_of_team, NULL },
	{ SQL_MEMBER_HOLD, id_of_user, id_of_team }, { SQL_TENANT_HOLD_DEFAULTS, NULL, id_of_team },
	{ SQL_MEMBER_ROLE, id_of_user, id_of_team },
	{ SQL_MEMBER_OWNERS_BUT, id_of_other, id_of_team },
	{ SQL_MEMBER_OTHERS, id_of_other, id_of_team },
	{ SQL_MEMBER_GET, id_of_user, id_of_team },
	{ SQL_MEMBER_LIST, NULL, id_of_team },
	{ SQL_MEMBER_SET_ROLE, id_of_user, id_of_team },
	{ SQL_MEMBER_DELETE, id_of_user, id_of_team },
	{ SQL_MEMBER_END_SESSIONS, id_of_user, id_of_team },
	{ SQL_MEMBER_REVOKE_KEYS, id_of_user, id_of_team },
	{ SQL_MEMBER_LEAVE, id_of_user, id_of_team },
	{ SQL_INVITATION_IS_MEMBER, NULL, id_of_team },
	{ SQL_INVITATION_LIST, NULL, id_of_team },
	{ SQL_INVITATION_DELETE, id_of_invitation, id_of_team },
	{ SQL_INVITATION_END_BY, id_of_user, id_of_team },
	{ SQL_INVITATION_END_TO, id_of_other, id_of_team },
	{ SQL_PROVIDER_APP_GET, NULL, NULL }, { SQL_PROVIDER_APP_LIST, NULL, NULL },
	{ SQL_PROVIDER_APP_LOCK, NULL, NULL }, { SQL_PROVIDER_APP_UPDATE, NULL, NULL },
	{ SQL_PROVIDER_APP_DELETE, NULL, NULL },
	{ SQL_CONNECTION_GET, NULL, NULL }, { SQL_CONNECTION_LIST, NULL, NULL },
	{ SQL_CONNECTION_REPLACE, id_of_connection, NULL }, { SQL_CONNECTION_END, NULL, NULL },
	{ SQL_CONNECTION_SET_ACCESS, id_of_connection, NULL },
	{ SQL_CONNECTION_LIST_TENANT, NULL, NULL }, { SQL_REFRESH_ASK, id_of_connection, NULL },
	{ SQL_TENANT_END_CONNECTIONS, NULL, id_of_team },
	{ SQL_MEMBER_END_CONNECTIONS, id_of_pending, id_of_team },
	{ SQL_AUDIT_LIST, NULL, NULL },
	{ SQL_AUDIT_LIST_OWN, NULL, NULL },
	{ SQL_AUDIT_LIST_TENANT, NULL, NULL },
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
	if (str_eq(name, "scope_tenant"))
		return scope_tenant_param(scope);
	if (str_eq(name, "scope_place"))
		return scope_place_param(scope);
	if (str_eq(name, "scope_places"))
		return scope_places_param(scope);
	if (str_eq(name, "id") || str_eq(name, "user_id"))
		return row->id();
	if (str_eq(name, "tenant_id") && row->tenant)
		return row->tenant();
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
		if (str_eq(given[i].name, name))
			return given[i].value();
	return (struct db_value){ .type = DB_UNSET };   /* db says which */
}

static bool is_victims(struct db *db)
{
	const char *id = db_column_text(db, 0);

	for (int i = 0; i < 3; i++)
		if (str_eq(id, app_ids[i]) || (i < 2 && str_eq(id, connection_ids[i])))
			return true;
	return str_eq(id, victim.id) || str_eq(id, pending.id) || str_eq(id, key.id) ||
	       str_eq(id, session.session_id) || str_eq(id, team.id) || str_eq(id, invitation.id) ||
	       ((str_eq(db_column_name(db, 0), "n") || str_eq(db_column_name(db, 0), "total")) &&
		db_column_int(db, 0) > 0) ||
	       str_eq(db_column_name(db, 0), "tier") || str_eq(db_column_name(db, 0), "role");
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
	if (!number_of(row, "scope_tenant"))
		n += meets(db, row, in_team());
	if (number_of(row, "scope_place"))   /* his, in the other one of his tenants */
		n += meets(db, row, at(team.id));
	return n;
}

/* The statement with its scope taken away: user_id = $2 becomes
 * (user_id = $2 OR 1 = 1). */
static const char *without_scope(const struct owned *row, enum db_backend b)
{
	static const struct { const char *before, *term; } forms[] = {
		{ "", "m.user_id = " }, { "", "user_id = " }, { "", "m.tenant_id = " }, { "", "e.tenant_id = " },
		{ "", "tenant_id = " }, { "", "id = " }, { "AND ", "" }, { "WHERE ", "" },
	};
	const char *sql = sql_catalog.statements[row->stmt].sql[b];
	unsigned user = number_of(row, "scope_user"), tenant = number_of(row, "scope_tenant");
	unsigned n = user ? user : tenant ? tenant : number_of(row, "scope_all");

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
		if (number_of(row, "scope_tenant"))
			ok(meets(f.db, row, in_team()), "%s: the tenant's", name);
		if (number_of(row, "scope_place"))
			ok(meets(f.db, row, at(victim.id)), "%s: the owner's, where it is", name);
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

int main(void)
{
	scope_op_open();
	test_statements();
	fixture_close(&f);
	return tap_done();
}
