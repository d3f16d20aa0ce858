/*
 * tests/db/op_role.c - platform roles: nobody acts on a role above his own, only a
 * super_admin gives roles, and one of them stays; what an administrator changes of a user,
 * and he of himself. On the backend of TEST_DATABASE_URL.
 */
#include "config.h"

#include "op/instance.h"
#include "op/provision.h"
#include "op/role.h"
#include "op/session.h"
#include "op/stats.h"
#include "behind.h"
#include "op_account.h"

static struct user super, admin, user;

static struct user make(const char *role)
{
	static int n;
	struct user out;

	if (!op_user_create(&f.op, &(struct user){ .password = PASSWORD, .role = role,
		.email = arena_printf(f.arena, "%s%d@example.org", role, ++n) }, &out, &err))
		bail_out("make", &err);
	return out;
}

static void act_as(const struct user *who)
{
	f.op.actor = (struct actor){ .source = "test" };
	f.op.actor.role = who ? user_role(who) : ROLE_SUPER_ADMIN;
	f.op.actor.user_id = who ? who->id : NULL;
}

static bool patch(const char *id, const char *names, const struct user *in)
{
	struct field_given given = named(f.arena, &user_patch_schema, names);
	struct user out;

	return op_user_update(&f.op, EVERY, id, in, &given, &out, &err);
}

static bool refused(bool done, enum err_kind kind, const char *reason)
{
	return !done && err.kind == kind && (!reason || strcmp(err.reason, reason) == 0);
}

/* --- who may act on whom --------------------------------------------------------- */

static bool approve(const char *id)
{
	struct tenant tenant = { 0 };
	struct user out;

	return op_user_approve(&f.op, EVERY, id, &(struct user_approve_in){ 0 }, &out, &tenant, &err);
}

static bool suspend(const char *id)
{
	struct user out;

	return op_user_suspend(&f.op, EVERY, id, NULL, &out, &err);
}

static bool set_tier(const char *id) { return patch(id, "tier", &(struct user){ .tier = "starter" }); }

static bool provision(const char *id)
{
	struct api_key key;
	const char *full;
	struct user of_key = reread(id);

	return op_key_provision(&f.op, EVERY, &(struct api_key){ .user_email = of_key.email,
		.tier = "starter", .rate_limit_requests = INT_NONE, .expires_in_days = INT_NONE },
		&key, &full, &err);
}

static bool limit(const char *id)
{
	const struct api_key in = { .name = "k", .rate_limit_requests = INT_NONE, .expires_in_days = INT_NONE };
	struct api_key key, out;
	const char *full;

	if (!op_key_create(&f.op, of(id), &in, &key, &full, &err))
		bail_out("limit", &err);
	return op_key_limit_set(&f.op, EVERY, &(struct api_key){ .id = key.id, .rate_limit_requests = 5 },
				&out, &err);
}

static const struct { const char *name; bool (*fn)(const char *id); } acts[] = {
	{ "approve", approve }, { "patch", set_tier }, { "provision a key", provision },
	{ "limit a key", limit }, { "suspend", suspend },
};

static void test_above(void)
{
	const struct user *const actors[] = { &user, &admin, &super }, *const on[] = { &user, &admin, &super };

	for (size_t a = 0; a < sizeof(acts) / sizeof(acts[0]); a++)
		for (size_t i = 0; i < 3; i++)
			for (size_t k = i + 1; k < 3; k++) {
				act_as(actors[i]);
				ok(refused(acts[a].fn(on[k]->id), ERR_FORBIDDEN, "role"),
				   "a %s may not %s a %s", role_words[i], acts[a].name, role_words[k]);
			}
	act_as(&admin);
	for (size_t a = 0; a + 1 < sizeof(acts) / sizeof(acts[0]); a++) {
		done(acts[a].fn(user.id), arena_printf(f.arena, "an admin may %s a user", acts[a].name));
		done(acts[a].fn(admin.id), arena_printf(f.arena, "and %s an admin", acts[a].name));
	}
	act_as(&super);
	for (size_t a = 0; a + 1 < sizeof(acts) / sizeof(acts[0]); a++)
		done(acts[a].fn(super.id), arena_printf(f.arena, "a super_admin may %s his like", acts[a].name));
}

/* A role that is not known opens nothing, not even to one who has none. */
static void test_unknown_role(void)
{
	static const struct user nobody, later = { .role = "owner_of_all" };

	f.op.actor = (struct actor){ .source = "test" };
	ok(refused(role_check(&f.op, &nobody, &err), ERR_FORBIDDEN, "role"), "a user without a role");
	act_as(&super);
	ok(refused(role_check(&f.op, &later, &err), ERR_FORBIDDEN, "role"), "a role of a later program");
}

/* --- roles ------------------------------------------------------------------------- */

static bool give(const char *id, const char *role)
{
	return patch(id, "role", &(struct user){ .role = role });
}

static void test_give(void)
{
	struct user other = make("user");

	act_as(&admin);
	ok(refused(give(other.id, "admin"), ERR_FORBIDDEN, "role"), "an admin makes no admin");
	ok(refused(give(admin.id, "super_admin"), ERR_FORBIDDEN, "role"), "nor himself more");
	act_as(&super);
	done(give(other.id, "admin"), "a super_admin does");
	other = reread(other.id);
	ok(str_eq(other.role, "admin") && other.is_admin, "the role, and is_admin with it");
	done(give(other.id, "user"), "and takes it away");
	other = reread(other.id);
	ok(str_eq(other.role, "user") && !other.is_admin, "with is_admin");
	ok(!give(other.id, "root") && err.kind == ERR_INVALID && str_eq(err.field, "role"), "%s", err.message);
	is_int(look(&f, LOOK_AUDIT, "UserChanged", other.id), 2, "both are written down, what was refused is not");
}

/* One of them stays, whatever he is asked to become. */
static void test_last_super(void)
{
	struct user second;

	act_as(&super);
	ok(refused(give(super.id, "admin"), ERR_CONFLICT, NULL), "%s", err.message);
	ok(refused(patch(super.id, "user_status", &(struct user){ .user_status = "pending" }), ERR_CONFLICT, NULL),
	   "not pending either");
	ok(refused(suspend(super.id), ERR_CONFLICT, NULL), "nor suspended");
	ok(str_eq(reread(super.id).role, "super_admin"), "nothing has changed");
	second = make("super_admin");
	done(give(super.id, "admin"), "with another one he may go");
	ok(refused(give(second.id, "user"), ERR_CONFLICT, NULL), "and the other is the last");
	act_as(&second);
	done(give(super.id, "super_admin"), "who makes him one again");
	done(suspend(second.id), "and goes");
}

static const char *pair[2];

static void leave_first(void *arg)
{
	(void)arg;
	done(give(pair[0], "user"), "the first goes");
}

static int leave_second(struct fixture *child, int index, void *arg)
{
	struct field_given given = named(child->arena, &user_patch_schema, "role");
	struct user out;

	(void)index;
	(void)arg;
	return op_user_update(&child->op, EVERY, pair[1], &(struct user){ .role = "admin" }, &given, &out, &err)
		? 0 : (int)err.kind;
}

static void test_leave_at_once(void)
{
	struct user second = make("super_admin");

	act_as(NULL);
	pair[0] = second.id;
	pair[1] = super.id;
	is_int(behind(&f, leave_first, leave_second, NULL), ERR_CONFLICT,
	       "the second waits for the first, and finds himself the last");
}

/* --- status, tenant ----------------------------------------------------------------- */

static void add_session(const struct user *of_whom)
{
	struct session_tokens tokens;

	done(op_session_create(&f.op, of_whom, &tokens, &err), "a session");
}

static void test_status(void)
{
	struct user u = make("user");

	act_as(&admin);
	add_session(&u);
	done(patch(u.id, "user_status", &(struct user){ .user_status = "suspended" }), "suspended");
	is_int(look(&f, LOOK_AUDIT, "UserSuspended", u.id), 1, "written down as that");
	is_int(look(&f, LOOK_SESSIONS, u.id, NULL), 1, "its session can still be named");
	f.op.now += 1000;
	done(patch(u.id, "user_status", &(struct user){ .user_status = "active" }), "active again");
	is_int(look(&f, LOOK_SESSIONS, u.id, NULL), 0, "which ends the sessions from before");
	u = reread(u.id);
	ok(str_eq(u.approved_by, admin.id) && u.approved_at == f.op.now, "approved by who did it, now");
	add_session(&u);
	f.op.now += 1000;
	done(patch(u.id, "user_status tier", &(struct user){ .user_status = "active", .tier = "professional" }),
	     "active, as he is");
	u = reread(u.id);
	ok(u.approved_at == f.op.now - 1000 && str_eq(u.tier, "professional"), "the first approval stands");
	is_int(look(&f, LOOK_SESSIONS, u.id, NULL), 1, "and his sessions go on");
	done(patch(u.id, "user_status", &(struct user){ .user_status = "pending" }), "pending");
	u = reread(u.id);
	ok(!u.approved_by && u.approved_at == TIME_NONE, "the approval is cleared");
	is_int(look(&f, LOOK_SESSIONS, u.id, NULL), 0, "and his sessions end");
	ok(!patch(u.id, "user_status", &(struct user){ .user_status = "gone" }) && err.kind == ERR_INVALID &&
	   str_eq(err.field, "user_status"), "%s", err.message);
	ok(refused(patch(NOBODY, "tier", &(struct user){ .tier = "starter" }), ERR_NOT_FOUND, NULL), "nobody");
	ok(refused(patch("junk", "tier", &(struct user){ .tier = "starter" }), ERR_NOT_FOUND, NULL), "no id");
	is_int(look(&f, LOOK_AUDIT, "UserChanged", NOBODY), 0, "and nothing of it is written down");
}

static void test_tenant(void)
{
	struct user_approve_in in = { .create_default_tenant = true };
	struct user mine = make("user"), other = make("user"), out;
	struct tenant team;

	act_as(NULL);
	if (!op_user_approve(&f.op, EVERY, mine.id, &in, &out, &team, &err))
		bail_out("tenant", &err);
	act_as(&admin);
	ok(!patch(other.id, "tenant_id tier", &(struct user){ .tenant_id = team.id, .tier = "enterprise" }) &&
	   err.kind == ERR_INVALID && str_eq(err.field, "tenant_id"), "of a tenant that is not his: %s", err.message);
	ok(!reread(other.id).tenant_id && str_eq(reread(other.id).tier, "starter"), "nothing is half-written");
	done(patch(mine.id, "tenant_id", &(struct user){ 0 }), "none: his personal one");
	ok(!reread(mine.id).tenant_id, "it is");
	done(patch(mine.id, "tenant_id", &(struct user){ .tenant_id = team.id }), "one that he belongs to");
	is_str(reread(mine.id).tenant_id, team.id, "it is");
	f.op.actor = (struct actor){ .user_id = mine.id, .tenant_id = team.id, .role = ROLE_USER, .source = "test" };
	done(op_user_own(&f.op, of(mine.id), &out, &err), "what he sees of himself");
	ok(str_eq(out.tenant_id, team.id) && str_eq(out.tenant_role, "owner"), "his tenant, and what he is there");
	f.op.actor.tenant_id = NULL;
	ok(op_user_own(&f.op, of(mine.id), &out, &err) && !out.tenant_id && !out.tenant_role,
	   "in a session without a tenant he is nothing there");
}

/* --- oneself, and look-ups ----------------------------------------------------------- */

static void test_rename(void)
{
	struct field_given given = named(f.arena, &user_rename_schema, "display_name");
	struct user out;

	act_as(&user);
	done(op_user_rename(&f.op, of(user.id), &(struct user){ .display_name = "Anna" }, &given, &out, &err), "renamed");
	is_str(out.display_name, "Anna", "his name");
	ok(!op_user_rename(&f.op, of(user.id), &(struct user){ .display_name = " " }, &given, &out, &err) &&
	   str_eq(err.field, "display_name"), "%s", err.message);
	ok(op_user_rename(&f.op, of(user.id), &(struct user){ 0 }, &given, &out, &err) && !out.display_name,
	   "without a name");
	given.n = 0;
	ok(op_user_rename(&f.op, of(user.id), &(struct user){ 0 }, &given, &out, &err), "nothing is changed");
	is_int(look(&f, LOOK_AUDIT, "UserChanged", user.id), 3, "that was written down each time, and his tier");
}

static void test_by_email(void)
{
	struct user_query in = { .page.limit = INT_NONE, .email = "USER3@Example.ORG" };
	struct page_out out;

	act_as(NULL);
	ok(op_user_list(&f.op, EVERY, &in, &out, &err) && out.rows.n == 1 && !out.next_cursor &&
	   str_eq(((const struct user *)out.rows.items)->id, user.id), "found in any spelling");
	in.status = "pending";
	ok(op_user_list(&f.op, EVERY, &in, &out, &err) && out.rows.n == 0, "not with another status");
	in = (struct user_query){ .page.limit = INT_NONE, .email = "nobody@example.org" };
	ok(op_user_list(&f.op, EVERY, &in, &out, &err) && out.rows.n == 0, "none");
	in.email = user.email;
	ok(op_user_list(&f.op, of(admin.id), &in, &out, &err) && out.rows.n == 0, "none out of scope");
}

static void test_stats(void)
{
	struct stats before, after;
	struct user u;
	struct api_key key;
	const char *full;
	const struct api_key day = { .name = "k", .rate_limit_requests = INT_NONE, .expires_in_days = 1 },
		in = { .name = "k", .rate_limit_requests = INT_NONE, .expires_in_days = INT_NONE };

	act_as(NULL);
	done(op_stats(&f.op, EVERY, &before, &err), "counted");
	u = make("user");
	ok(add("waits@example.org", NULL, &user) && op_key_create(&f.op, of(u.id), &in, &key, &full, &err) &&
	   op_key_create(&f.op, of(u.id), &day, &key, &full, &err) && op_key_create(&f.op, of(u.id), &in, &key, &full, &err) &&
	   op_key_revoke(&f.op, of(u.id), key.id, &key, &err), "two users more, and three keys of which one is revoked");
	f.op.now += 2 * DAY_MS;
	done(op_stats(&f.op, EVERY, &after, &err), "counted again");
	is_int(after.users->total - before.users->total, 2, "users");
	is_int(after.users->pending - before.users->pending, 1, "one waits");
	is_int(after.users->active - before.users->active, 1, "one is active");
	is_int(after.users->total, after.users->pending + after.users->active + after.users->suspended, "no other status");
	is_int(after.api_keys->total - before.api_keys->total, 3, "keys");
	is_int(after.api_keys->active - before.api_keys->active, 1, "one is good");
	is_int(after.api_keys->expired - before.api_keys->expired, 1, "one has ended");
	is_int(after.api_keys->revoked - before.api_keys->revoked, 1, "one is revoked");
	is_int(after.tenants, 1, "a tenant of many");
	ok(op_stats(&f.op, of(u.id), &after, &err) && after.users->total == 0 && after.api_keys->total == 0 &&
	   after.tenants == 0, "nothing out of scope");
}

int main(void)
{
	struct instance instance;

	fixture_open(&f);
	done(op_instance_ensure(&f.op, &instance, &err), "the row that last ones are counted under");
	super = make("super_admin");
	admin = make("admin");
	user = make("user");
	test_above();
	test_unknown_role();
	test_give();
	test_last_super();
	test_leave_at_once();
	test_status();
	test_tenant();
	test_rename();
	test_by_email();
	test_stats();
	fixture_close(&f);
	return tap_done();
}
