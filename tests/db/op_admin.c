/*
 * tests/db/op_admin.c - the encryption key, the first admin, approval with a
 * tenant, suspension, on the backend of TEST_DATABASE_URL.
 */
#include "config.h"

#include "op/instance.h"
#include "op/session.h"
#include "behind.h"
#include "op_account.h"

static void add_session(const struct user *user)
{
	struct session_tokens tokens;

	done(op_session_create(&f.op, user, &tokens, &err), "a session");
}

/* --- two first starts ---------------------------------------------------------- */

/* The start of a service with this key. */
static bool starts_with(struct conf_key key, struct err *err_r)
{
	bool open;

	f.conf.encryption_key = key;
	return op_instance_check_key(&f.op, &open, err_r) && !open;
}

static void first_start(void *key)
{
	struct conf_key ours = f.conf.encryption_key;
	struct instance other;
	struct err e;

	if (key ? !starts_with(*(struct conf_key *)key, &e) : !op_instance_ensure(&f.op, &other, &e))
		bail_out("first start", &e);
	f.conf.encryption_key = ours;
}

/* Runs before the database has a name or a key. */
static void test_named_meanwhile(void)
{
	struct instance mine, stored;

	worst(WORST_DB_TRANSACTION, (struct moment){ .before = first_start });
	ok(op_instance_ensure(&f.op, &mine, &err), "another process names the database meanwhile");
	ok(op_instance_ensure(&f.op, &stored, &err), "read again");
	is_str(mine.database_id, stored.database_id, "its name counts");
	worst(WORST_DB_TRANSACTION, (struct moment){ .before = first_start, .arg = &KEY_B });
	ok(!starts_with(KEY_A, &err) && err.kind == ERR_CONFIG,
	   "another process ties its key to the database meanwhile: ours is another");
	ok(starts_with(KEY_B, &err), "its key is the one");
	by_hand(&f, LOOK_FORGET_KEY, NULL, NULL);
}

static void test_key_check(void)
{
	struct instance first, again;

	ok(!starts_with((struct conf_key){ 0 }, &err) && err.kind == ERR_CONFIG &&
	   strstr(err.message, "openssl rand -base64 32"), "none: %s", err.message);
	ok(op_instance_ensure(&f.op, &first, &err), "the database is named");
	ok(!first.key_check, "without a key");
	ok(starts_with(KEY_A, &err), "the first key is taken");
	ok(op_instance_ensure(&f.op, &again, &err), "read again");
	is_str(again.database_id, first.database_id, "the name stays");
	ok(again.key_check && strlen(again.key_check) == 64, "the check value is kept");
	ok(starts_with(KEY_A, &err), "the same key later");
	ok(!starts_with(KEY_B, &err) && err.kind == ERR_CONFIG,
	   "another key: %s", err.message);
	is_str(err.field, "ENCRYPTION_KEY", "naming the option");
}

static bool setup(const char *token, const char *password, struct user *out)
{
	return op_admin_setup(&f.op, &(struct user){
		.setup_token = token, .email = "Root@Example.org", .password = password,
		.display_name = "Root" }, out, &err);
}

/* --- the first admin ------------------------------------------------------------ */

static void other_token(void *token_r)
{
	if (!op_admin_setup_token(&f.op, token_r, &err))
		bail_out("token", &err);
}

static void other_admin(void *out)
{
	struct user in = { .email = "early@example.org", .password = PASSWORD, .is_admin = true };

	if (!op_user_create(&f.op, &in, out, &err))
		bail_out("admin", &err);
}

/* Between judging the token and spending it. */
static void test_setup_meanwhile(void)
{
	const char *first, *second;
	struct user admin, early;

	ok(op_admin_setup_token(&f.op, &first, &err), "a token");
	worst(WORST_PASSWORD_HASH, (struct moment){ .before = other_token, .arg = &second });
	ok(!setup(first, PASSWORD, &admin) && err.kind == ERR_AUTH_INVALID, "a newer token was issued meanwhile");
	is_str(err.field, "setup_token", "field");
	worst(WORST_DB_TRANSACTION, (struct moment){ .before = other_admin, .arg = &early });
	ok(!setup(second, PASSWORD, &admin) && err.kind == ERR_CONFLICT, "an admin was made meanwhile");
	is_int(look(&f, LOOK_USERS, NULL, NULL), 1, "there is one");
	is_int(look(&f, LOOK_AUDIT, "AdminSetup", admin.id), 0, "nothing is written down of the other");
	by_hand(&f, LOOK_FORGET_USER, early.id, NULL);
}

/* --- one waits for the other's COMMIT ------------------------------------------------ */

static const char *shared_token;

static void set_up(void *arg)
{
	struct user *u = arg;

	done(setup(shared_token, PASSWORD, u), "set up");
}

static int set_up_too(struct fixture *child, int index, void *arg)
{
	(void)child;
	(void)index;
	return setup(shared_token, PASSWORD, arg) ? 0 : (int)err.kind;
}

static int token_too(struct fixture *child, int index, void *arg)
{
	const char *token;

	(void)index;
	(void)arg;
	return op_admin_setup_token(&child->op, &token, &err) ? 0 : (int)err.kind;
}

static void test_setup_behind(void)
{
	static child_fn *const others[] = { set_up_too, token_too };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct user admin = { 0 };

		ok(op_admin_setup_token(&f.op, &shared_token, &err), "a token");
		shared_token = arena_strdup(f.arena, shared_token);
		is_int(behind(&f, set_up, others[i], &admin), ERR_CONFLICT, i == 0
		       ? "another setup waits, and finds an admin" : "a token waits, and finds an admin");
		by_hand(&f, LOOK_FORGET_USER, admin.id, NULL);
	}
}

static void test_setup(struct user *admin)
{
	const char *first, *token;
	bool exists;

	ok(!setup("setup_x", PASSWORD, admin) && err.kind == ERR_AUTH_INVALID,
	   "no token was issued yet");
	ok(op_admin_setup_token(&f.op, &first, &err), "a token");
	ok(op_admin_setup_token(&f.op, &token, &err), "another");
	ok(!setup(first, PASSWORD, admin) && err.kind == ERR_AUTH_INVALID,
	   "the newer replaced the older");
	ok(!setup(token, "short", admin) && err.kind == ERR_RANGE,
	   "a bad password does not spend the token");
	f.op.now += 8 * DAY_MS;
	ok(!setup(token, PASSWORD, admin) && err.kind == ERR_AUTH_INVALID &&
	   strcmp(err.reason, "expired") == 0, "a token of last week");
	f.op.now -= 8 * DAY_MS;
	done(setup(token, PASSWORD, admin), "set up");
	ok(admin->is_admin && strcmp(admin->user_status, "active") == 0, "an active admin");
	is_str(admin->email, "Root@Example.org", "the address as it was given");
	ok(op_admin_exists(&f.op, &exists, &err) && exists, "there is an admin");
	ok(!setup(token, PASSWORD, admin) && err.kind == ERR_CONFLICT, "only once");
	ok(!op_admin_setup_token(&f.op, &token, &err) && err.kind == ERR_CONFLICT,
	   "and no more tokens");
	ok(op_user_get(&f.op, EVERY, "root@example.ORG", admin, &err), "found by e-mail");
	is_int(look(&f, LOOK_AUDIT, "AdminSetup", admin->id), 1, "written down");
}

/* Sc 8, 9. */
static void test_approve(const struct user *admin)
{
	struct user_approve_in in = { .reason = "knows the \"secret\"\nhandshake" };
	struct tenant tenant;
	struct user u, out;

	ok(add("bert@example.org", "Bert", &u), "registered");
	f.op.actor.user_id = admin->id;
	f.op.now += 1000;
	done(op_user_approve(&f.op, EVERY, u.id, &in, &out, &tenant, &err), "approved");
	is_str(out.user_status, "active", "active");
	is_str(out.approved_by, admin->id, "by the admin");
	is_int(out.approved_at, f.op.now, "now");
	ok(!tenant.id && !out.tenant_id, "no tenant was asked for");
	is_int(look(&f, LOOK_AUDIT, "UserApproved", u.id), 1, "written down");
	add_session(&out);
	f.op.now += 1000;
	ok(op_user_approve(&f.op, EVERY, u.id, &in, &out, &tenant, &err), "approved again");
	is_int(out.approved_at, f.op.now - 1000, "the first approval stands");
	is_int(look(&f, LOOK_SESSIONS, u.id, NULL), 1, "and sessions go on");
	ok(op_user_suspend(&f.op, EVERY, u.id, "left", &out, &err), "suspended");
	is_str(out.user_status, "suspended", "suspended");
	ok(!out.approved_by && out.approved_at == TIME_NONE, "approval is cleared");
	is_int(look(&f, LOOK_SESSIONS, u.id, NULL), 1, "its session can still be named");
	ok(op_user_approve(&f.op, EVERY, u.id, &in, &out, &tenant, &err) &&
	   strcmp(out.user_status, "active") == 0, "approved after suspension");
	is_int(look(&f, LOOK_SESSIONS, u.id, NULL), 0, "which ends the sessions from before");
	ok(!op_user_approve(&f.op, EVERY, NOBODY, &in, &out, &tenant, &err) &&
	   err.kind == ERR_NOT_FOUND && strstr(err.message, "No user found"), "unknown user");
	ok(!op_user_approve(&f.op, EVERY, "junk", &in, &out, &tenant, &err) &&
	   err.kind == ERR_NOT_FOUND, "malformed id");
	ok(!op_user_suspend(&f.op, EVERY, NOBODY, NULL, &out, &err) && err.kind == ERR_NOT_FOUND,
	   "unknown user is not suspended");
	is_int(look(&f, LOOK_AUDIT, "UserSuspended", NOBODY), 0,
	       "and that is not written down");
	f.op.actor.user_id = NULL;
}

static void test_tenant(void)
{
	struct user_approve_in in = { .create_default_tenant = true };
	int64_t tenants;
	struct tenant t, t2;
	struct user u, v, out;

	ok(add("carla@example.org", "Carla & S\xc3\xb6hne", &u) &&
	   add("dora.x@example.org", NULL, &v), "registered");
	done(op_user_approve(&f.op, EVERY, u.id, &in, &out, &t, &err), "approved with a tenant");
	is_str(t.name, "Carla & S\xc3\xb6hne", "named after the user");
	ok(strncmp(t.slug, "carla-s-hne-", 12) == 0 && strlen(t.slug) == 18, "slug %s", t.slug);
	is_str(out.tenant_id, t.id, "linked");
	is_str(reread(u.id).tenant_id, t.id, "and stored");
	is_int(look(&f, LOOK_OWNERS, t.id, u.id), 1, "the user owns it");
	is_int(look(&f, LOOK_AUDIT, "TenantCreated", t.id), 1, "written down");
	ok(op_user_approve(&f.op, EVERY, u.id, &in, &out, &t2, &err) && !t2.id, "not a second one");
	in.tenant_slug = t.slug;
	tenants = look(&f, LOOK_TENANTS, NULL, NULL);
	ok(!op_user_approve(&f.op, EVERY, v.id, &in, &out, &t2, &err) && err.kind == ERR_CONFLICT, "taken slug");
	is_str(err.field, "tenant_slug", "naming the field");
	is_str(reread(v.id).user_status, "pending", "and nothing was changed");
	is_int(look(&f, LOOK_AUDIT, "UserApproved", v.id), 0, "nor written down");
	in.tenant_slug = "dora-1";
	in.tenant_name = "Dora's";
	done(op_user_approve(&f.op, EVERY, v.id, &in, &out, &t2, &err), "another slug");
	is_str(t2.slug, "dora-1", "as asked for");
	is_str(t2.name, "Dora's", "as asked for");
	is_int(look(&f, LOOK_TENANTS, NULL, NULL), tenants + 1, "one tenant more");
	ok(!op_user_approve(&f.op, EVERY, v.id, &(struct user_approve_in){ .tenant_name = "x" },
			    &out, &t2, &err) && err.kind == ERR_INVALID,
	   "a tenant's name without a tenant");
}

/* --- two administrators at once --------------------------------------------------- */

struct approving {
	struct user user;
	struct tenant tenant;
};

static void approve_too(void *arg)
{
	struct user_approve_in in = { .create_default_tenant = true };
	struct approving *a = arg;
	struct user out;

	if (!op_user_approve(&f.op, EVERY, a->user.id, &in, &out, &a->tenant, &err))
		bail_out("approve", &err);
}

static void test_approved_meanwhile(void)
{
	struct user_approve_in in = { .create_default_tenant = true };
	struct approving a = { 0 };
	struct tenant mine;
	struct user out;
	int64_t tenants;

	ok(add("both@example.org", NULL, &a.user), "registered");
	tenants = look(&f, LOOK_TENANTS, NULL, NULL);
	worst(WORST_DB_TRANSACTION, (struct moment){ .before = approve_too, .arg = &a });
	done(op_user_approve(&f.op, EVERY, a.user.id, &in, &out, &mine, &err), "approved by another meanwhile");
	ok(!mine.id, "this one makes no tenant");
	is_str(out.tenant_id, a.tenant.id, "it finds the other's");
	is_int(look(&f, LOOK_TENANTS, NULL, NULL), tenants + 1, "there is one more");
}

static int approve_there(struct fixture *child, int index, void *arg)
{
	struct user_approve_in in = { .create_default_tenant = true };
	const struct approving *a = arg;
	struct tenant tenant;
	struct user out;

	(void)index;
	if (!op_user_approve(&child->op, EVERY, a->user.id, &in, &out, &tenant, &err))
		return -2;
	return tenant.id ? 1 : 0;
}

/* Of a pending user, and of one who is active and has no tenant yet. */
static void test_approved_behind(void)
{
	for (int active = 0; active < 2; active++) {
		int64_t tenants = look(&f, LOOK_TENANTS, NULL, NULL);
		struct approving a = { 0 };

		ok(add(active ? "behind2@example.org" : "behind@example.org", NULL, &a.user), "registered");
		if (active)
			ok(op_user_approve(&f.op, EVERY, a.user.id, &(struct user_approve_in){ 0 }, &a.user, &a.tenant, &err),
			   "approved without a tenant");
		is_int(behind(&f, approve_too, approve_there, &a), 0, "an approval waits for another, and makes no tenant");
		is_int(look(&f, LOOK_TENANTS, NULL, NULL), tenants + 1, "there is one more");
	}
}

static void suspend_too(void *id)
{
	struct user out;

	if (!op_user_suspend(&f.op, EVERY, id, NULL, &out, &err))
		bail_out("suspend", &err);
}

/* Sc 57. */
static void test_slugs(void)
{
	static const char *const bad[] = {
		"", "-a", "a-", "A", "a_b", "a.b", "a b", "\xc3\xa4", "admin", "assets",
		"1234567890123456789012345678901234567890123456789012345678901234",
	};
	struct user_approve_in in = { .create_default_tenant = true };
	struct tenant t;
	struct user u, out;

	ok(add("emil@example.org", NULL, &u), "registered");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		in.tenant_slug = bad[i];
		ok(!op_user_approve(&f.op, EVERY, u.id, &in, &out, &t, &err) &&
		   (err.kind == ERR_INVALID || err.kind == ERR_RANGE) &&
		   strcmp(err.field, "tenant_slug") == 0, "slug refused: \"%s\"", bad[i]);
	}
	in.tenant_slug = "123456789012345678901234567890123456789012345678901234567890123";
	ok(op_user_approve(&f.op, EVERY, u.id, &in, &out, &t, &err), "63 characters are accepted");
}

static const char *both_admins[2];

static void suspend_first(void *arg)
{
	struct user out;

	(void)arg;
	done(op_user_suspend(&f.op, EVERY, both_admins[0], NULL, &out, &err), "suspended");
}

static int suspend_second(struct fixture *child, int index, void *arg)
{
	struct user out;

	(void)index;
	(void)arg;
	return op_user_suspend(&child->op, EVERY, both_admins[1], NULL, &out, &err) ? 0 : (int)err.kind;
}

static void test_last_admin(const struct user *admin)
{
	struct user in = { .email = "second@example.org", .password = PASSWORD,
		.tier = "professional", .is_admin = true };
	struct user second, out;

	ok(!op_user_suspend(&f.op, EVERY, admin->id, NULL, &out, &err) && err.kind == ERR_CONFLICT,
	   "the last admin stays: %s", err.message);
	is_str(reread(admin->id).user_status, "active", "active");
	ok(op_user_create(&f.op, &in, &second, &err), "a second admin");
	ok(strcmp(second.user_status, "active") == 0 && second.approved_at == f.op.now,
	   "made active");
	is_str(second.tier, "professional", "of the tier asked for");
	ok(op_user_suspend(&f.op, EVERY, admin->id, NULL, &out, &err), "now the first may go");
	ok(!op_user_suspend(&f.op, EVERY, second.id, NULL, &out, &err) && err.kind == ERR_CONFLICT,
	   "but not the second too");
	ok(op_user_approve(&f.op, EVERY, admin->id, &(struct user_approve_in){ 0 }, &out, &(struct tenant){ 0 }, &err),
	   "the first comes back");
	worst(WORST_DB_TRANSACTION, (struct moment){ .before = suspend_too, .arg = (void *)(uintptr_t)admin->id });
	ok(!op_user_suspend(&f.op, EVERY, second.id, NULL, &out, &err) && err.kind == ERR_CONFLICT,
	   "and is suspended while the second is: one of them stays");
	ok(op_user_approve(&f.op, EVERY, admin->id, &(struct user_approve_in){ 0 }, &out, &(struct tenant){ 0 }, &err),
	   "the first comes back once more");
	both_admins[0] = admin->id;
	both_admins[1] = second.id;
	is_int(behind(&f, suspend_first, suspend_second, NULL), ERR_CONFLICT,
	       "a suspension waits for that of the other, and finds the last admin");
	in.email = "third@example.org";
	in.tier = "trial";
	ok(!op_user_create(&f.op, &in, &out, &err) && strcmp(err.field, "tier") == 0,
	   "trial is no tier of a user");
	in.tier = NULL;
	in.is_admin = false;
	ok(op_user_create(&f.op, &in, &out, &err), "and without a tier");
	is_str(out.tier, "starter", "starter");
}

int main(void)
{
	struct user admin = { 0 };

	fixture_open(&f);
	test_named_meanwhile();
	test_key_check();
	test_setup_meanwhile();
	test_setup_behind();
	test_setup(&admin);
	test_approve(&admin);
	test_tenant();
	test_approved_meanwhile();
	test_approved_behind();
	test_slugs();
	test_last_admin(&admin);
	fixture_close(&f);
	return tap_done();
}
