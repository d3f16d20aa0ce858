/*
 * tests/db/op_audit.c - what each event of the audit trail tells of its record,
 * on the backend of TEST_DATABASE_URL.
 */
#include "config.h"

#include "op/audit.h"
#include "op/key.h"
#include "op/provision.h"
#include "store/session.h"
#include "db_args.h"
#include "op_account.h"

enum { TOLD };
/* {"a":"x","b":"y"} is a="x" b="y", by name on both backends. */
static const struct db_statement telling[] = {
	[TOLD] = { .name = "told", .params = 3, .sql = {
		"SELECT (SELECT group_concat(told, ' ') FROM (SELECT key || '=' || json_quote(value) AS told"
		" FROM json_each(e.metadata) ORDER BY key))"
		" FROM audit_events e WHERE event_type = ?1 AND COALESCE(target, '') = COALESCE(?2, '') AND timestamp = ?3",
		"SELECT (SELECT string_agg(key || '=' || value, ' ' ORDER BY key COLLATE \"C\")"
		" FROM jsonb_each(e.metadata))"
		" FROM audit_events e WHERE event_type = $1 AND COALESCE(target, '') = COALESCE($2, '') AND timestamp = $3" } },
};
static const struct db_catalog telling_catalog = {
	.statements = telling, .n_statements = 1,
	.constraints = (const struct db_constraint[]){ { 0 } },
};
static struct db *db;

static void connect_db(void)
{
	db = db_new(&(struct db_options){
		.url = f.url, .timeout_ms = 20000, .prepare = true, .catalog = &telling_catalog,
	}, &err);
	if (!db)
		bail_out("connect", &err);
}

/* Of the event that was made at the present moment; the next one is made later. */
static void tells(const char *event_type, const char *target, const char *want)
{
	enum db_rc rc = db_query(db, TOLD, DB_ARGS(db_text(event_type), db_text(target),
						    db_time(f.op.now)), &err);

	if (ok(rc == DB_ROW, "%s was written", event_type))
		is_str(db_column_text(db, 0), want, event_type);
	db_finish(db);
	f.op.now += 1000;
}

static void test_users(void)
{
	struct user admin, user, out;
	struct tenant tenant;
	const char *token;

	ok(op_admin_setup_token(&f.op, &token, &err), "a token");
	ok(op_admin_setup(&f.op, &(struct user){
		.setup_token = token, .email = "Root@Example.org", .password = PASSWORD,
		.display_name = "Root" }, &admin, &err), "an admin");
	tells("AdminSetup", admin.id, "email=\"root@example.org\"");
	ok(add("Anna@Example.org", "Anna", &user), "registered");
	tells("UserRegistered", user.id, "email=\"anna@example.org\" role=\"user\" status=\"pending\" tier=\"starter\"");
	ok(op_user_create(&f.op, &(struct user){ .email = "boss@example.org",
		.password = PASSWORD, .tier = "professional", .is_admin = true }, &out, &err), "made");
	tells("UserRegistered", out.id, "email=\"boss@example.org\" role=\"super_admin\" status=\"active\""
	      " tier=\"professional\"");
	ok(op_user_approve(&f.op, EVERY, user.id, &(struct user_approve_in){
		.reason = "she asked \"nicely\"", .create_default_tenant = true, .tenant_slug = "annas" },
		&out, &tenant, &err), "approved");
	tells("TenantCreated", tenant.id, arena_printf(f.arena, "owner=\"%s\" slug=\"annas\"", user.id));
	f.op.now -= 1000;
	tells("UserApproved", user.id, "reason=\"she asked \\\"nicely\\\"\"");
	ok(op_user_suspend(&f.op, EVERY, user.id, NULL, &out, &err), "suspended");
	tells("UserSuspended", user.id, NULL);
	ok(op_user_approve(&f.op, EVERY, user.id, &(struct user_approve_in){ 0 }, &out, &tenant, &err),
	   "approved again");
	tells("UserApproved", user.id, NULL);
	ok(op_user_suspend(&f.op, EVERY, user.id, "pk_live_0123456789abcdefghij was lost", &out, &err),
	   "suspended again");
	tells("UserSuspended", user.id, "reason=\"pk_live_... was lost\"");
}

static const char *told_of(const struct api_key *key)
{
	return arena_printf(f.arena, "key_prefix=\"%s\" owner=\"%s\" tier=\"%s\"", key->key_prefix,
			    key->user_id, key->tier);
}

static const char *limit_of(const struct api_key *key, const char *requests, const char *period)
{
	return arena_printf(f.arena, "owner=\"%s\"%s rate_limit_requests=\"%s\"", key->user_id,
			    period, requests);
}

static const char *time_of(int64_t ms)
{
	char text[TIME_TEXT];

	time_format(ms, text);
	return arena_strdup(f.arena, text);
}

/* A sweep says how many. */
static void test_expired(void)
{
	struct user user = make_user(&f, "professional");
	struct api_key key;
	const char *full;
	int64_t n;

	for (int i = 0; i < 3; i++)
		ok(op_key_create(&f.op, of(user.id), &(struct api_key){ .name = "bike",
			.rate_limit_requests = INT_NONE, .expires_in_days = 1 }, &key, &full, &err), "a key");
	f.op.now += DAY_MS;
	ok(op_key_expire(&f.op, &n, &err), "ended");
	is_int(n, 3, "three");
	tells("ApiKeysExpired", NULL, "keys=\"3\"");
}

static void test_keys(void)
{
	struct user user = make_user(&f, "professional");
	struct field_given given = named(f.arena, &api_key_patch_schema, "name");
	struct api_key limit = { .rate_limit_requests = 250, .rate_limit_period = "day" };
	struct api_key key;
	const char *full;

	f.op.now += 1000;
	f.op.actor.user_id = user.id;   /* his own grant */
	ok(op_key_create(&f.op, of(user.id), &(struct api_key){ .name = "bike", .scopes = STRINGS("a"),
		.rate_limit_requests = 10, .expires_in_days = INT_NONE }, &key, &full, &err), "a key");
	f.op.actor.user_id = NULL;
	tells("ApiKeyCreated", key.id, told_of(&key));
	ok(op_key_update(&f.op, of(user.id), key.id, &(struct api_key){ .name = "car" },
			 &given, &key, &err), "changed");
	tells("ApiKeyChanged", key.id, arena_printf(f.arena, "changed=\"name\" %s", told_of(&key)));
	given = named(f.arena, &api_key_patch_schema, "scopes allowed_cidrs expires_at");
	ok(op_key_update(&f.op, of(user.id), key.id, &(struct api_key){
		.scopes = STRINGS("read", "pk_live_0123456789abcdefghij"),
		.allowed_cidrs = STRINGS("192.0.2.0/24", "::1"), .expires_at = f.op.now + DAY_MS },
		&given, &key, &err), "scopes, networks and end");
	tells("ApiKeyChanged", key.id, arena_printf(f.arena, "allowed_cidrs=\"192.0.2.0/24 ::1\" "
	      "changed=\"%s\" expires_at=\"%s\" key_prefix=\"%s\" opens_rest=\"yes\" owner=\"%s\" "
	      "scopes=\"read pk_live_...\" tier=\"%s\"", "scopes allowed_cidrs expires_at",
	      time_of(key.expires_at), key.key_prefix, key.user_id, key.tier));
	given = named(f.arena, &api_key_patch_schema, "allowed_cidrs expires_at");
	ok(op_key_update(&f.op, of(user.id), key.id, &(struct api_key){
		.allowed_cidrs = STRINGS(), .expires_at = TIME_NONE }, &given, &key, &err), "none of them");
	tells("ApiKeyChanged", key.id, arena_printf(f.arena, "allowed_cidrs=\"\" changed=\"%s\" "
	      "expires_at=\"never\" %s", "allowed_cidrs expires_at", told_of(&key)));
	limit.id = key.id;
	ok(op_key_limit_set(&f.op, EVERY, &limit, &key, &err), "a limit");
	tells("ApiKeyChanged", key.id, limit_of(&key, "250", " rate_limit_period=\"day\""));
	limit.rate_limit_requests = INT_NONE;
	limit.rate_limit_period = NULL;
	ok(op_key_limit_set(&f.op, EVERY, &limit, &key, &err), "the tier's again");
	tells("ApiKeyChanged", key.id, limit_of(&key, "the tier's", ""));
	ok(op_key_revoke(&f.op, of(user.id), key.id, &key, &err), "revoked");
	tells("ApiKeyRevoked", key.id, told_of(&key));
	ok(op_key_provision(&f.op, EVERY, &(struct api_key){ .user_email = user.email,
		.tier = "trial", .expires_in_days = INT_NONE, .rate_limit_requests = INT_NONE },
		&key, &full, &err), "a key by an administrator");
	tells("ApiKeyCreated", key.id, told_of(&key));
}

/* What forgot its kind is not done. */
static void test_unset(void)
{
	struct audit_event event = op_audit(&f.op, AUDIT_UNSET, NULL);
	int64_t before = look(&f, LOOK_AUDITS, NULL, NULL);

	ok(!store_session_given_again(f.db, &event, &err) && err.kind == ERR_DATABASE, "%s", err.message);
	is_int(look(&f, LOOK_AUDITS, NULL, NULL), before, "no event without a kind");
}

int main(void)
{
	fixture_open(&f);
	connect_db();
	test_users();
	test_keys();
	test_expired();
	test_unset();
	db_free(&db);
	fixture_close(&f);
	return tap_done();
}
