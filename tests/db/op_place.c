/*
 * What a credential opens: each works in one tenant, and what changes there is seen by
 * the next request, though credentials are cached; on another host once the changes are
 * read. On the backend given.
 */
#include "config.h"

#include "cache_op.h"
#include "op/change.h"
#include "op/limit.h"
#include "op/member.h"

static struct err err;
static struct user anna, ben;
static struct tenant team;
static struct change_watch watch;   /* what this host has read of the changes */

static void act(struct op *op, const struct user *user, const char *tenant_id)
{
	op->actor = (struct actor){ .source = "test", .user_id = user ? user->id : NULL,
				    .tenant_id = user ? tenant_id : NULL,
				    .role = user ? ROLE_USER : ROLE_SUPER_ADMIN };
}

/* The shell of another host, or of this one. */
static struct op shell(bool here)
{
	struct op op = here ? f.op : elsewhere();

	act(&op, NULL, NULL);
	return op;
}

static void seen(void)
{
	if (!op_changes_follow(&f.op, &watch, &err))
		bail_out("follow", &err);
}

static struct scope at(const struct user *user, const char *tenant_id)
{
	return (struct scope){ .kind = SCOPE_USER, .id = user->id, .tenant_id = tenant_id };
}

static enum err_kind make(const struct user *user, const char *tenant_id, struct api_key *key,
			  const char **full_r)
{
	act(&f.op, user, tenant_id);
	return op_key_create(&f.op, at(user, tenant_id), &plain, key, full_r, &err) ? ERR_NONE : err.kind;
}

static const char *key_in(const struct user *user, const char *tenant_id)
{
	struct api_key key;
	const char *full = "";

	if (make(user, tenant_id, &key, &full))
		bail_out("key_in", &err);
	return full;
}

/* A session that works in that tenant: its access token. */
static const char *session_in(const struct user *user, const char *tenant_id)
{
	struct session_tokens t;
	struct membership place;

	if (!op_session_create(&f.op, user, &t, &err))
		bail_out("session_in", &err);
	act(&f.op, user, user->id);
	f.op.actor.session_id = t.session_id;
	if (!op_session_switch(&f.op, tenant_id, &t, &place, &err))
		bail_out("switch", &err);
	return t.access_token;
}

static void put(const struct user *user, const char *role)
{
	struct op op = shell(true);
	struct member m;

	if (!op_member_add(&op, EVERY, team.id, user->id, role, &m, &err) &&
	    !op_member_set_role(&op, EVERY, team.id, user->id, role, &m, &err))
		bail_out("put", &err);
}

static size_t keys_of(const struct user *user, const char *tenant_id)
{
	struct page_out page;

	if (!op_key_list(&f.op, at(user, tenant_id), &(struct key_query){ .page.limit = INT_NONE }, &page, &err))
		bail_out("keys_of", &err);
	return page.rows.n;
}

/* --- two worlds ------------------------------------------------------------------------- */

/* Sc 56. */
static void test_worlds(void)
{
	struct api_key own, there, out;
	const char *full, *full_there;
	struct credential c;

	is_int(make(&anna, anna.id, &own, &full), ERR_NONE, "a key in the personal tenant");
	is_int(make(&anna, team.id, &there, &full_there), ERR_NONE, "and one in the team");
	is_int((int64_t)keys_of(&anna, anna.id), 1, "each tenant shows its own");
	is_int((int64_t)keys_of(&anna, team.id), 1, "");
	ok(op_key_get(&f.op, at(&anna, team.id), there.id, &out, &err), "by its id");
	ok(!op_key_get(&f.op, at(&anna, team.id), own.id, &out, &err) && err.kind == ERR_NOT_FOUND,
	   "and not the other one's");
	ok(!op_key_revoke(&f.op, at(&anna, anna.id), there.id, &out, &err) && err.kind == ERR_NOT_FOUND,
	   "which is not revoked from here either");
	ok(!op_key_get(&f.op, at(&anna, NULL), own.id, &out, &err), "no tenant, no key");
	ok(key_good(&f.op, full, &c, &err) && str_eq(c.tenant_id, anna.id), "a key works in its tenant");
	ok(key_good(&f.op, full_there, &c, &err) && str_eq(c.tenant_id, team.id), "whatever else is its owner's default");
	by_hand(&f, LOOK_SET_DEFAULT, anna.id, team.id);
	seen();
	ok(key_good(&f.op, full, &c, &err) && str_eq(c.tenant_id, anna.id), "also after that has changed");
	ok(!op_key_create(&f.op, at(&anna, "00000000-0000-4000-8000-000000000000"), &plain, &out, &full, &err) &&
	   err.kind == ERR_FORBIDDEN, "no key where one is no member");
}

static void test_sessions(void)
{
	struct session_tokens first, second, third;
	struct membership place;
	struct credential c;
	struct user u;

	ok(op_session_create(&f.op, &ben, &first, &err) && session_good(&f.op, first.access_token, &c, &err) &&
	   str_eq(c.tenant_id, ben.id), "a login works in the personal tenant");
	ok(op_session_create(&f.op, &anna, &second, &err) && session_good(&f.op, second.access_token, &c, &err) &&
	   str_eq(c.tenant_id, team.id), "or in the default one");
	act(&f.op, &ben, ben.id);
	f.op.actor.session_id = first.session_id;
	ok(!op_session_switch(&f.op, team.id, &third, &place, &err) && err.kind == ERR_NOT_FOUND,
	   "no member: no switch");
	is_str(session_verdict(first.access_token), "good", "and the tokens stay");
	act(&f.op, &anna, team.id);
	f.op.actor.session_id = second.session_id;
	ok(op_session_switch(&f.op, anna.id, &third, &place, &err), "a switch");
	is_str(place.role, "owner", "tells the role");
	is_str(third.session_id, second.session_id, "it is the same session");
	ok(session_good(&f.op, third.access_token, &c, &err) && str_eq(c.tenant_id, anna.id),
	   "in the other tenant");
	is_str(session_verdict(second.access_token), "unknown", "the old access token is refused at once");
	ok(!op_session_refresh(&f.op, second.refresh_token, NULL, &first, &u, &err) &&
	   err.kind == ERR_AUTH_INVALID, "and the old refresh token");
	is_str(session_verdict(third.access_token), "good", "which ends nothing");
	ok(op_session_refresh(&f.op, third.refresh_token, NULL, &second, &u, &err) &&
	   session_good(&f.op, second.access_token, &c, &err) && str_eq(c.tenant_id, anna.id),
	   "the new pair is refreshed, in its tenant");
}

/* --- what changes is seen ------------------------------------------------------------------ */

/* A call that the guard let pass before the role changed. */
static void test_late(const struct api_key *key)
{
	const struct field_given name = named(f.arena, &api_key_patch_schema, "name");
	const struct scope scope = at(&ben, team.id), own = at(&ben, ben.id);
	const struct api_key in = { .name = "new" };
	struct key_rotated made;
	struct api_key out;

	ok(!op_key_update(&f.op, scope, key->id, &in, &name, &out, &err) &&
	   str_eq(err.reason, "role"), "nor does he change one that he has there");
	ok(!op_key_rotate(&f.op, scope, key->id, &(struct key_rotate_in){ 60 }, &made, &err) &&
	   str_eq(err.reason, "role"), "nor replace it");
	ok(!op_key_update(&f.op, own, key->id, &in, &name, &out, &err) && err.kind == ERR_NOT_FOUND &&
	   !op_key_rotate(&f.op, own, key->id, &(struct key_rotate_in){ 60 }, &made, &err) &&
	   err.kind == ERR_NOT_FOUND && !op_key_revoke(&f.op, own, key->id, &out, &err) &&
	   err.kind == ERR_NOT_FOUND, "it is not there for the owner of another tenant");
	ok(op_key_get(&f.op, scope, key->id, &out, &err) && str_eq(out.name, plain.name), "it is as it was");
	ok(op_key_revoke(&f.op, scope, key->id, &out, &err), "he may end it");
}

static void test_role(bool here)
{
	const char *token, *where = here ? "here" : "elsewhere";
	struct api_key there;
	struct op op = shell(here);
	struct credential c;
	struct api_key key;
	const char *full;
	struct member m;

	put(&ben, "member");
	if (make(&ben, team.id, &there, &full) != ERR_NONE)
		bail_out("make", &err);
	token = session_in(&ben, team.id);
	ok(session_good(&f.op, token, &c, &err) && c.tenant.may & TENANT_WRITE_DATA, "a member writes");
	ok(op_member_set_role(&op, EVERY, team.id, ben.id, "viewer", &m, &err), "made a viewer %s", where);
	if (!here)
		seen();
	ok(session_good(&f.op, token, &c, &err) && c.tenant.may == TENANT_READ, "and his session reads alone");
	is_int(make(&ben, team.id, &key, &full), ERR_FORBIDDEN, "and makes no key there");
	is_str(err.reason, "role", "for that reason");
	test_late(&there);
	is_int(make(&ben, ben.id, &key, &full), ERR_NONE, "but in his own tenant");
}

static void test_removed(bool here)
{
	const char *token, *full, *own, *where = here ? "here" : "elsewhere";
	struct op op = shell(here);
	struct credential c;

	put(&ben, "member");
	token = session_in(&ben, team.id);
	full = key_in(&ben, team.id);
	own = key_in(&ben, ben.id);
	by_hand(&f, LOOK_SET_DEFAULT, ben.id, team.id);
	seen();
	ok(str_eq(verdict(full), "good") && str_eq(verdict(own), "good") &&
	   str_eq(session_verdict(token), "good"), "a member's key and session");
	ok(op_member_remove(&op, EVERY, team.id, ben.id, &err), "removed %s", where);
	if (!here)
		seen();
	is_str(verdict(full), "revoked", "his key there is refused");
	is_str(session_verdict(token), "unknown", "and his session");
	is_str(verdict(own), "good", "his own key is not");
	ok(session_good(&f.op, session_in(&ben, ben.id), &c, &err) && str_eq(c.tenant_id, ben.id),
	   "his next login is in his own");
}

/* Anna's default is her personal tenant: that does not help a key in the team. */
static void test_suspended(bool here)
{
	const char *token, *full, *own, *where = here ? "here" : "elsewhere";
	struct op op = shell(here);
	struct session_tokens t;
	struct membership place;
	struct credential c;
	struct tenant out;

	token = session_in(&anna, team.id);
	full = key_in(&anna, team.id);
	own = key_in(&anna, anna.id);
	by_hand(&f, LOOK_SET_DEFAULT, anna.id, anna.id);
	seen();
	ok(str_eq(verdict(full), "good") && str_eq(session_verdict(token), "good"), "before");
	ok(op_tenant_suspend(&op, EVERY, team.id, &out, &err), "suspended %s", where);
	if (!here)
		seen();
	is_str(verdict(full), "tenant_suspended", "a key there is refused");
	is_str(session_verdict(token), "unknown", "a session has ended");
	is_str(verdict(own), "good", "a key of the same owner elsewhere is not");
	by_hand(&f, LOOK_SET_DEFAULT, anna.id, team.id);
	ok(op_session_create(&f.op, &anna, &t, &err) && session_good(&f.op, t.access_token, &c, &err) &&
	   str_eq(c.tenant_id, anna.id), "a login goes to the personal tenant");
	act(&f.op, &anna, anna.id);
	f.op.actor.session_id = t.session_id;
	ok(!op_session_switch(&f.op, team.id, &t, &place, &err) && str_eq(err.reason, "tenant_suspended"),
	   "and does not switch there");
	ok(op_tenant_resume(&op, EVERY, team.id, &out, &err), "resumed");
	if (!here)
		seen();
	is_str(verdict(full), "good", "the key works again");
}

/* Its keys are revoked and its sessions end, of each member; their rows stay, and all of
 * it is restored within 30 days but what was revoked. */
static void test_deleted(bool here)
{
	const char *token, *full, *own, *boss, *where = here ? "here" : "elsewhere";
	struct op op = shell(here);
	struct api_key key, out;
	struct credential c;
	struct tenant t;
	size_t keys;
	int64_t n;

	put(&ben, "member");
	token = session_in(&ben, team.id);
	boss = key_in(&anna, team.id);
	own = key_in(&ben, ben.id);
	if (make(&ben, team.id, &key, &full))
		bail_out("make", &err);
	keys = keys_of(&ben, team.id);
	by_hand(&f, LOOK_SET_DEFAULT, ben.id, team.id);
	seen();
	ok(str_eq(verdict(full), "good") && str_eq(verdict(boss), "good") && str_eq(session_verdict(token), "good"),
	   "a tenant with two members");
	ok(op_tenant_delete(&op, EVERY, team.id, team.slug, true, &err), "deleted %s: %s", where, err.message);
	if (!here)
		seen();
	is_str(verdict(full), "revoked", "the key of the other member is refused");
	is_str(verdict(boss), "revoked", "and that of its owner");
	is_str(session_verdict(token), "unknown", "a session there has ended");
	is_str(verdict(own), "good", "his own key is as it was");
	ok(session_good(&f.op, session_in(&ben, ben.id), &c, &err) && str_eq(c.tenant_id, ben.id),
	   "his next login is in his own tenant");
	ok(make(&ben, c.tenant_id, &out, &own) == ERR_NONE && str_eq(out.tenant_id, ben.id),
	   "and so is what he writes next");
	is_int(make(&ben, team.id, &out, &own), ERR_FORBIDDEN, "nothing is written there any more");

	f.op.now += TENANT_KEPT_MS - 1;
	ok(op_tenant_sweep(&f.op, &n, &err) && n == 0, "its rows stay for 30 days");
	op = shell(here);
	ok(op_tenant_restore(&op, EVERY, team.id, &t, &err) && t.is_active, "to the last moment it is restored");
	f.op.now = T0;
	if (!here)
		seen();
	is_int((int64_t)keys_of(&ben, team.id), (int64_t)keys, "the other member is one again, and sees his keys");
	ok(op_key_get(&f.op, at(&ben, team.id), key.id, &out, &err) && !out.is_active &&
	   str_eq(out.name, key.name) && str_eq(out.revoked_reason, "The tenant was deleted"),
	   "as they were, but revoked");
	is_str(verdict(full), "revoked", "and they stay so");
	is_str(verdict(key_in(&ben, team.id)), "good", "a new one is good");
}

/* --- limits ----------------------------------------------------------------------------------- */

static void ceiling(int64_t requests, const char *mode)
{
	static const char *const words[] = { "rate_limit_requests", "rate_limit_period", "limit_mode" };
	const struct field *rows[3];
	struct op op = shell(true);
	struct tenant out;

	for (size_t i = 0; i < 3; i++)
		rows[i] = field_named(&tenant_limit_schema, words[i]);
	if (!op_tenant_set_limits(&op, EVERY, team.id, &(struct tenant){
		.rate_limit_requests = requests, .rate_limit_period = "week", .limit_mode = mode },
		&(struct field_given){ rows, 3 }, &out, &err))
		bail_out("ceiling", &err);
}

/* How many of so many are let through, by turns with two keys. */
static int let_through(const char *const full[2], int n)
{
	struct limit_outcome out;
	struct credential c;
	int passed = 0;

	for (int i = 0; i < n; i++)
		passed += key_good(&f.op, full[i % 2], &c, &err) && op_limit_consume(&f.op, &c, 1, &out, &err);
	return passed;
}

/* Sc 32, 56. */
static void test_ceiling(void)
{
	const char *full[2];

	put(&ben, "member");
	full[0] = key_in(&anna, team.id);
	full[1] = key_in(&ben, team.id);
	ceiling(7, "enforce");
	is_int(let_through(full, 12), 7, "the ceiling is that of all members together");
	is_str(err.reason, "tenant-week", "by the week");
	ceiling(9, "enforce");
	is_int(let_through(full, 12), 2, "a higher one counts from the next request");
	ceiling(9, "observe");
	is_int(let_through(full, 12), 12, "one that observes refuses nothing");
	ceiling(INT64_C(1000), "enforce");
	is_int(let_through(full, 1), 1, "and what it let through counts no more than it had");
}

int main(void)
{
	struct op op;

	segment_op_open(&f);
	op = shell(true);
	anna = make_user(&f, "professional");
	ben = make_user(&f, "starter");
	if (!op_tenant_create(&op, of(anna.id), &(struct tenant){
		.name = "Team", .rate_limit_requests = INT_NONE }, &team, &err))
		bail_out("team", &err);
	seen();
	test_worlds();
	test_sessions();
	for (int here = 0; here < 2; here++) {
		test_role(here);
		test_removed(here);
		test_suspended(here);
		test_deleted(here);
	}
	test_ceiling();
	segment_op_close(&f);
	return tap_done();
}
