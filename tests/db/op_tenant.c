/*
 * Tenants: who may make, see, change, leave, suspend and delete one, on the backend
 * given. What a credential opens in a tenant is op_place.c's.
 */
#include "config.h"

#include "op/key.h"
#include "op/member.h"
#include "op/session.h"
#include "op_fixture.h"
#include "store/email.h"

static struct fixture f;
static struct err err;
static struct user anna, ben, carla, dora;
static struct tenant team;

/* From here on this user acts, in his personal tenant, or nobody (the shell). */
static void act(const struct user *user)
{
	f.op.actor = (struct actor){ .source = "test", .user_id = user ? user->id : NULL,
				     .tenant_id = user ? user->id : NULL, .role = user ? ROLE_USER : ROLE_SUPER_ADMIN };
}

static enum err_kind enter(const struct tenant *t, unsigned permission)
{
	struct membership m;

	err = (struct err){ 0 };
	return op_tenant_enter(&f.op, t->id, permission, &m, &err) ? ERR_NONE : err.kind;
}

/* The scope of the tenant, for a user whom the guard lets in; else of nobody. */
static struct scope in(const struct tenant *t)
{
	enter(t, TENANT_READ);
	return scope_tenant(&f.op);
}

static struct tenant create(const struct user *user, const char *name)
{
	struct tenant t = { 0 };

	act(user);
	if (!op_tenant_create(&f.op, scope_own(&f.op), &(struct tenant){
		.name = name, .rate_limit_requests = INT_NONE }, &t, &err))
		bail_out("create", &err);
	return t;
}

/* By its own address. */
static enum err_kind invite(const struct tenant *t, const struct user *user, const char *role,
			    struct invitation *out)
{
	return op_invitation_create(&f.op, in(t), t->id, &(struct invitation){
		.email = user->email, .role = role }, out, &err) ? ERR_NONE : err.kind;
}

static enum err_kind accept(const struct user *user, const char *token)
{
	struct membership m;

	act(user);
	return op_invitation_accept(&f.op, token, &m, &err) ? ERR_NONE : err.kind;
}

static enum err_kind set_role(const struct tenant *t, const struct user *user, const char *role)
{
	struct member m;

	return op_member_set_role(&f.op, in(t), t->id, user->id, role, &m, &err) ? ERR_NONE : err.kind;
}

static enum err_kind drop(const struct tenant *t, const struct user *user)
{
	return op_member_remove(&f.op, in(t), t->id, user->id, &err) ? ERR_NONE : err.kind;
}

static size_t memberships(const struct user *user, const char *slug)
{
	struct field_list list;

	act(user);
	if (!op_membership_list(&f.op, scope_own(&f.op), &(struct membership_query){ slug }, &list, &err))
		bail_out("list", &err);
	return list.n;
}

/* --- make, see ------------------------------------------------------------------------ */

static void test_personal(void)
{
	struct tenant t;

	act(NULL);
	ok(op_tenant_get(&f.op, EVERY, anna.id, &t, &err), "a new user has a tenant with his id");
	is_str(t.kind, TENANT_PERSONAL, "a personal one");
	is_int(t.rate_limit_requests, INT_NONE, "without a ceiling");
	is_int((int64_t)memberships(&anna, NULL), 1, "his only one");
	is_int(look(&f, LOOK_OWNERS, anna.id, anna.id), 1, "which he owns");
	act(&anna);
	is_int(enter(&t, TENANT_DELETE), ERR_NONE, "by his role");
	ok(!op_tenant_delete(&f.op, scope_tenant(&f.op), t.id, t.slug, true, &err) &&
	   err.kind == ERR_CONFLICT && str_eq(err.reason, "personal"), "but cannot delete");
	is_int(drop(&t, &anna), ERR_CONFLICT, "nor leave");
	is_int(invite(&t, &ben, "member", &(struct invitation){ 0 }), ERR_CONFLICT, "nor invite to");
	act(&ben);
	is_int(enter(&t, TENANT_READ), ERR_NOT_FOUND, "and nobody else sees");
}

static void test_create(void)
{
	struct tenant t, one = create(&ben, "One team");

	is_str(one.kind, TENANT_TEAM, "a team");
	is_str(one.plan, "starter", "of its maker's tier");
	is_int(one.rate_limit_requests, 10000, "with the ceiling of its plan");
	ok(str_starts(one.slug, "one-team-"), "with a slug of its name: %s", one.slug);
	is_int(look(&f, LOOK_AUDIT, "TenantCreated", NULL), 0, "the audit trail");
	is_int(look(&f, LOOK_AUDIT, "TenantCreated", one.id), 1, "tells of it once");
	ok(!op_tenant_create(&f.op, scope_own(&f.op), &(struct tenant){
		.name = "Two", .slug = one.slug, .rate_limit_requests = INT_NONE }, &t, &err) &&
	   err.kind == ERR_CONFLICT && str_eq(err.field, "slug"), "a slug is there once: %s", err.message);
	ok(!op_tenant_create(&f.op, scope_own(&f.op), &(struct tenant){
		.name = "Two", .slug = "personal-x", .rate_limit_requests = INT_NONE }, &t, &err) &&
	   str_eq(err.field, "slug"), "those of personal tenants are no team's");
	ok(!op_tenant_create(&f.op, scope_own(&f.op), &(struct tenant){
		.name = "Two", .plan = "enterprise", .rate_limit_requests = INT_NONE }, &t, &err) &&
	   err.kind == ERR_FORBIDDEN && str_eq(err.field, "plan"), "no plan above the tier");
	ok(op_tenant_create(&f.op, scope_own(&f.op), &(struct tenant){
		.name = "Two", .domain = "example.org", .rate_limit_requests = INT_NONE }, &t, &err),
	   "with a domain");
	ok(!op_tenant_create(&f.op, scope_own(&f.op), &(struct tenant){
		.name = "Three", .domain = "example.org", .rate_limit_requests = INT_NONE }, &t, &err) &&
	   err.kind == ERR_CONFLICT && str_eq(err.field, "domain"), "a domain is there once");
	ok(!op_tenant_create(&f.op, scope_own(&f.op), &(struct tenant){
		.name = "Three", .domain = "localhost", .rate_limit_requests = INT_NONE }, &t, &err) &&
	   err.kind == ERR_INVALID && str_eq(err.field, "domain"), "a domain has a dot");
	create(&ben, "Three");
	ok(!op_tenant_create(&f.op, scope_own(&f.op), &(struct tenant){
		.name = "Four", .rate_limit_requests = INT_NONE }, &t, &err) &&
	   err.kind == ERR_CONFLICT, "three are the most: %s", err.message);
	is_int((int64_t)memberships(&ben, NULL), 4, "his personal one and three");
	is_int((int64_t)memberships(&ben, one.slug), 1, "one by its slug");
	is_int((int64_t)memberships(&anna, one.slug), 0, "of which another user sees none");
	act(&anna);
	is_int(enter(&one, TENANT_READ), ERR_NOT_FOUND, "nor by its id");
	in(&one);
	ok(!op_tenant_update(&f.op, scope_tenant(&f.op), one.id, &(struct tenant){ .name = "Mine" },
			    &(struct field_given){ 0 }, &t, &err) && err.kind == ERR_NOT_FOUND,
	   "nor changes it");
}

/* --- invitations ------------------------------------------------------------------------ */

static void test_invitations(void)
{
	struct invitation i, again;
	struct page_out page;

	team = create(&anna, "Team");
	is_int(invite(&team, &ben, "member", &i), ERR_NONE, "an invitation");
	ok(str_starts(i.invitation_token, "inv_") && strlen(i.invitation_token) == 47, "is a token");
	is_int(accept(&carla, i.invitation_token), ERR_FORBIDDEN, "of another address");
	is_str(err.reason, "email", "is refused");
	is_int(accept(&ben, "inv_0000000000000000000000000000000000000000000"), ERR_NOT_FOUND, "unknown");
	is_int(accept(&ben, i.invitation_token), ERR_NONE, "its address may");
	is_int(accept(&ben, i.invitation_token), ERR_CONFLICT, "once");
	act(&anna);
	is_int(invite(&team, &ben, "admin", &again), ERR_CONFLICT, "a member is not invited");
	is_int(invite(&team, &carla, "owner", &again), ERR_INVALID, "nobody is invited as an owner");
	is_int(invite(&team, &carla, "viewer", &i), ERR_NONE, "another");
	ok(op_invitation_delete(&f.op, in(&team), team.id, i.id, &err), "is taken back");
	is_int(accept(&carla, i.invitation_token), ERR_NOT_FOUND, "and opens nothing");
	act(&anna);
	is_int(invite(&team, &carla, "viewer", &i), ERR_NONE, "another");
	f.op.now += 7 * DAY_MS;
	is_int(accept(&carla, i.invitation_token), ERR_CONFLICT, "ends after 7 days");
	is_str(err.reason, "expired", "for that reason");
	act(&anna);
	ok(op_invitation_list(&f.op, in(&team), team.id, &(struct page_in){ .limit = INT_NONE }, &page,
			      &err) && page.rows.n == 2, "the list has those that are left");
	for (size_t n = 0; n < page.rows.n; n++) {
		const struct invitation *row = (const struct invitation *)page.rows.items + n;

		is_str(row->state, str_eq(row->id, i.id) ? "expired" : "accepted", "and their state");
	}
	f.op.now = T0;
	act(&ben);
	is_int(invite(&team, &carla, "viewer", &i), ERR_FORBIDDEN, "a member invites nobody");
	is_str(err.reason, "role", "by his role");
}

/* Who has left cannot come back by another offer, nor has offered anything. */
static void test_open_invitations(void)
{
	struct user host = make_user(&f, "starter"), guest = make_user(&f, "starter"), third = make_user(&f, "starter");
	struct invitation first, second, third_one;
	struct tenant own;

	act(&host);
	own = create(&host, "Own");
	is_int(invite(&own, &guest, "admin", &first), ERR_NONE, "an offer");
	is_int(invite(&own, &guest, "admin", &second), ERR_NONE, "and another one");
	is_int(accept(&guest, second.invitation_token), ERR_NONE, "one is accepted");
	act(&guest);
	is_int(invite(&own, &third, "viewer", &third_one), ERR_NONE, "an offer of the new admin");
	act(&host);
	is_int(set_role(&own, &guest, "viewer"), ERR_NONE, "who is none any more");
	is_int(accept(&third, third_one.invitation_token), ERR_NOT_FOUND, "so nobody is invited by him");
	act(&host);
	is_int(set_role(&own, &guest, "admin"), ERR_NONE, "again an admin");
	act(&guest);
	is_int(invite(&own, &third, "viewer", &third_one), ERR_NONE, "who offers");
	act(&host);
	ok(op_member_remove(&f.op, in(&own), own.id, guest.id, &err), "and is removed");
	is_int(accept(&guest, first.invitation_token), ERR_NOT_FOUND, "he does not come back by the first offer");
	is_int(accept(&third, third_one.invitation_token), ERR_NOT_FOUND, "and what he offered has ended");
}

/* Accepted by the same account in four processes. */
static int child_accept(struct fixture *mine, int index, void *token)
{
	struct membership m;
	struct err why;

	(void)index;
	mine->op.actor = (struct actor){ .source = "test", .user_id = carla.id, .tenant_id = carla.id };
	if (op_invitation_accept(&mine->op, token, &m, &why))
		return 0;
	return why.kind == ERR_CONFLICT ? 1 : 2;
}

static void test_accept_at_once(void)
{
	int counts[OUTCOMES];
	struct invitation i;

	act(&anna);
	if (invite(&team, &carla, "viewer", &i))
		bail_out("invite", &err);
	at_once(&f, 4, child_accept, (void *)(uintptr_t)i.invitation_token, counts);
	ok(counts[0] == 1 && counts[1] == 3, "of four at once one accepts: %d, %d, %d", counts[0],
	   counts[1], counts[2]);
}

/* --- roles -------------------------------------------------------------------------------- */

static void test_permissions(void)
{
	static const struct { const char *role; unsigned may; } table[] = {
		{ "viewer", TENANT_READ },
		{ "member", TENANT_READ | TENANT_WRITE_DATA },
		{ "billing", TENANT_READ | TENANT_USAGE },
		{ "admin", TENANT_READ | TENANT_WRITE_DATA | TENANT_USAGE | TENANT_MEMBERS | TENANT_AUDIT |
			   TENANT_CREDENTIALS },
		{ "owner", TENANT_READ | TENANT_WRITE_DATA | TENANT_USAGE | TENANT_MEMBERS | TENANT_AUDIT |
			   TENANT_CREDENTIALS | TENANT_DELETE | TENANT_OWN },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		unsigned may = 0;

		act(&anna);
		if (set_role(&team, &ben, table[i].role))
			bail_out("set_role", &err);
		act(&ben);
		for (unsigned p = TENANT_READ; p <= TENANT_OWN; p <<= 1)
			may |= enter(&team, p) == ERR_NONE ? p : 0;
		is_int(may, table[i].may, table[i].role);
	}
	is_int(tenant_role_may(NULL) | tenant_role_may("") | tenant_role_may("root"), 0,
	       "what is no role may nothing");
}

/* Anna owns, Ben is admin, Carla viewer. */
static void test_members(void)
{
	struct page_out page;

	act(&anna);
	is_int(set_role(&team, &ben, "admin"), ERR_NONE, "an owner makes one of two owners an admin");
	act(&ben);
	is_int(set_role(&team, &carla, "member"), ERR_NONE, "an admin changes a role");
	is_int(set_role(&team, &carla, "owner"), ERR_FORBIDDEN, "but makes no owner");
	is_int(set_role(&team, &anna, "viewer"), ERR_FORBIDDEN, "and acts on none");
	is_int(drop(&team, &anna), ERR_FORBIDDEN, "nor removes one");
	is_int(set_role(&team, &dora, "member"), ERR_NOT_FOUND, "nor of who is no member");
	is_int(set_role(&team, &carla, "king"), ERR_INVALID, "nor to what is no role");
	act(&carla);
	is_int(set_role(&team, &carla, "admin"), ERR_FORBIDDEN, "a member changes none, his own neither");
	is_int(drop(&team, &ben), ERR_FORBIDDEN, "and removes nobody");
	ok(op_member_list(&f.op, in(&team), team.id, &(struct page_in){ .limit = 2 }, &page, &err) &&
	   page.rows.n == 2 && page.next_cursor, "members see the members, by page");
	ok(op_member_list(&f.op, in(&team), team.id, &(struct page_in){ 2, page.next_cursor }, &page,
			  &err) && page.rows.n == 1 && !page.next_cursor, "to the last");
	act(&dora);
	ok(!op_member_list(&f.op, in(&team), team.id, &(struct page_in){ .limit = INT_NONE }, &page,
			   &err) || page.rows.n == 0, "nobody else does");
	act(&anna);
	is_int(drop(&team, &anna), ERR_CONFLICT, "the last owner cannot leave");
	is_str(err.reason, "last_owner", "for that reason");
	is_int(set_role(&team, &anna, "admin"), ERR_CONFLICT, "nor be made less");
	act(&carla);
	is_int(drop(&team, &carla), ERR_NONE, "a member leaves");
	is_int(enter(&team, TENANT_READ), ERR_NOT_FOUND, "and sees nothing any more");
	is_int(look(&f, LOOK_AUDIT, "MemberRemoved", carla.id), 1, "the audit trail tells");
}

static int64_t owners(void)
{
	return look(&f, LOOK_OWNERS, team.id, anna.id) + look(&f, LOOK_OWNERS, team.id, ben.id);
}

/* --- suspend, delete, restore, remove --------------------------------------------------------- */

static void test_suspend(void)
{
	struct field_given given = named(f.arena, &tenant_limit_schema, "rate_limit_requests");
	struct tenant t;

	act(&anna);
	ok(!op_tenant_suspend(&f.op, in(&team), team.id, &t, &err) && err.kind == ERR_NOT_FOUND,
	   "an owner suspends nothing");
	act(NULL);
	ok(op_tenant_suspend(&f.op, EVERY, team.id, &t, &err) && !t.is_active, "an administrator does");
	act(&anna);
	is_int(enter(&team, TENANT_READ), ERR_NONE, "its owner sees it");
	is_int(enter(&team, TENANT_MEMBERS), ERR_FORBIDDEN, "and changes nothing");
	is_str(err.reason, "tenant_suspended", "for that reason");
	is_int(set_role(&team, &ben, "viewer"), ERR_FORBIDDEN, "also past the guard");
	act(&ben);
	is_int(enter(&team, TENANT_READ), ERR_NOT_FOUND, "a member does not see it");
	is_int((int64_t)memberships(&ben, team.slug), 0, "nor in his list");
	act(NULL);
	ok(!op_tenant_suspend(&f.op, EVERY, anna.id, &t, &err) && str_eq(err.reason, "personal"),
	   "not of a personal one: %s", err.message);
	ok(!op_tenant_set_limits(&f.op, EVERY, anna.id, &(struct tenant){ .rate_limit_requests = 1 },
				 &given, &t, &err) && str_eq(err.reason, "personal"),
	   "which has no ceiling either: %s", err.message);
	ok(op_tenant_resume(&f.op, EVERY, team.id, &t, &err) && t.is_active, "resumed");
	act(&ben);
	is_int(enter(&team, TENANT_READ), ERR_NONE, "it is there again");
}

static int64_t all_rows(void)
{
	return look(&f, LOOK_TENANTS, NULL, NULL);
}

/* A restoration undoes the deletion alone. */
static void test_restored_suspended(void)
{
	struct tenant t;

	act(NULL);
	ok(op_tenant_suspend(&f.op, EVERY, team.id, &t, &err) &&
	   op_tenant_delete(&f.op, EVERY, team.id, team.slug, true, &err), "suspended, and then deleted");
	ok(op_tenant_get(&f.op, EVERY, team.id, &t, &err) && !t.is_active, "it is not active");
	ok(op_tenant_restore(&f.op, EVERY, team.id, &t, &err) && !t.is_active, "restored it is suspended again");
	act(&anna);
	is_int(enter(&team, TENANT_MEMBERS), ERR_FORBIDDEN, "also for its owner");
	act(NULL);
	ok(op_tenant_resume(&f.op, EVERY, team.id, &t, &err) && t.is_active, "until it is resumed");
}

static bool listed(const char *active)
{
	const struct tenant_query query = { .page = { .limit = 200 }, .active = active };
	struct page_out page;
	bool found = false;

	act(NULL);
	if (!op_tenant_list(&f.op, EVERY, &query, &page, &err))
		bail_out("list", &err);
	for (size_t i = 0; i < page.rows.n; i++) {
		const struct tenant *t = (const struct tenant *)page.rows.items + i;

		found |= str_eq(t->id, team.id) && t->is_active == str_eq(active, "true");
	}
	return found;
}

static void test_delete(void)
{
	struct scope scope;
	int64_t n, before;
	struct tenant t;

	act(&ben);
	is_int(enter(&team, TENANT_DELETE), ERR_FORBIDDEN, "a member deletes nothing");
	act(&anna);
	scope = in(&team);
	ok(!op_tenant_delete(&f.op, scope, team.id, "other", false, &err) && str_eq(err.field, "confirm"),
	   "its slug has to be said");
	ok(!op_tenant_delete(&f.op, scope, team.id, team.slug, false, &err) &&
	   str_eq(err.reason, "members"), "not while others belong to it");
	ok(op_tenant_delete(&f.op, scope, team.id, team.slug, true, &err), "unless that is said");
	is_int(enter(&team, TENANT_READ), ERR_NOT_FOUND, "then it is gone");
	ok(!op_tenant_delete(&f.op, scope, team.id, team.slug, true, &err) && err.kind == ERR_NOT_FOUND,
	   "once");
	is_int((int64_t)memberships(&anna, team.slug), 0, "also from the list");
	ok(!op_tenant_create(&f.op, scope_own(&f.op), &(struct tenant){
		.name = "New", .slug = team.slug, .rate_limit_requests = INT_NONE }, &t, &err) &&
	   err.kind == ERR_CONFLICT, "its slug stays taken");
	ok(listed("false") && !listed("true"), "it is listed as one that is not active");
	act(NULL);
	ok(!op_tenant_resume(&f.op, EVERY, team.id, &t, &err) && str_eq(err.reason, "deleted"),
	   "it is not resumed");
	ok(op_tenant_restore(&f.op, EVERY, team.id, &t, &err) && t.is_active, "but restored");
	ok(!op_tenant_restore(&f.op, EVERY, team.id, &t, &err) && err.kind == ERR_CONFLICT, "once");
	act(&ben);
	is_int(enter(&team, TENANT_READ), ERR_NONE, "with its members");
	test_restored_suspended();
	act(&anna);
	ok(op_tenant_delete(&f.op, in(&team), team.id, team.slug, true, &err), "deleted again");
	before = all_rows();
	f.op.now += TENANT_KEPT_MS - 1;
	ok(op_tenant_sweep(&f.op, &n, &err), "its rows stay for 30 days");
	is_int(all_rows(), before, "");
	f.op.now += 1;
	act(NULL);
	ok(!op_tenant_restore(&f.op, EVERY, team.id, &t, &err) && str_eq(err.reason, "removed"),
	   "then it is not restored: %s", err.message);
	ok(op_tenant_sweep(&f.op, &n, &err) && n > 0, "then they go: %s", err.message);
	is_int(all_rows(), before - 1, "and no other tenant");
	is_int(owners(), 0, "with its members");
	act(NULL);
	ok(!op_tenant_restore(&f.op, EVERY, team.id, &t, &err) && err.kind == ERR_NOT_FOUND,
	   "and it is not restored");
	f.op.now = T0;
}

/* Anna owns the team again, and Ben is a member. */
static void settle(void)
{
	struct member m;

	act(NULL);
	op_member_add(&f.op, EVERY, team.id, anna.id, "owner", &m, &err);
	op_member_add(&f.op, EVERY, team.id, ben.id, "member", &m, &err);
	op_member_set_role(&f.op, EVERY, team.id, anna.id, "owner", &m, &err);
	op_member_set_role(&f.op, EVERY, team.id, ben.id, "member", &m, &err);
}

int main(void)
{
	fixture_open(&f);
	act(NULL);
	anna = make_user(&f, "professional");
	ben = make_user(&f, "starter");
	carla = make_user(&f, NULL);
	dora = make_user(&f, NULL);
	test_personal();
	test_create();
	test_invitations();
	test_accept_at_once();
	test_open_invitations();
	test_permissions();
	test_members();
	settle();
	test_suspend();
	test_delete();
	fixture_close(&f);
	return tap_done();
}
