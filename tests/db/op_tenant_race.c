/*
 * What begins in a tenant while the tenant ends, and who owns it while its owners go:
 * one transaction has written everything and is not committed when the other begins
 * (behind.h), in either order, on the backend given. op_tenant.c has the rules.
 */
#include "config.h"

#include "behind.h"
#include "op/key.h"
#include "op/member.h"
#include "op/session.h"

static struct fixture f;
static struct err err;
static struct user anna, ben, carla, dora;
static struct tenant team;
static struct session_tokens session, there;   /* of Anna: in her personal tenant, in the team */
static struct api_key held;                    /* of Anna, in the team */
static const char *token;                      /* of an invitation of Dora */

/* What one of the two does: 0, or the kind of the error. */
static int result(bool done, const struct err *why)
{
	return done ? ERR_NONE : (int)why->kind;
}

static void act(struct op *op, const struct user *user)
{
	op->actor = (struct actor){ .source = "test", .user_id = user ? user->id : NULL,
				    .tenant_id = user ? user->id : NULL,
				    .role = user ? ROLE_USER : ROLE_SUPER_ADMIN };
}

/* --- what there is to do ---------------------------------------------------------------- */

static int log_in(struct fixture *mine, int index, void *arg)
{
	struct session_tokens out;
	struct err why;

	(void)index;
	(void)arg;
	return result(op_session_create(&mine->op, &anna, &out, &why), &why);
}

static int switch_there(struct fixture *mine, int index, void *arg)
{
	struct session_tokens out;
	struct membership place;
	struct err why;

	(void)index;
	(void)arg;
	act(&mine->op, &anna);
	mine->op.actor.session_id = session.session_id;
	return result(op_session_switch(&mine->op, team.id, &out, &place, &why), &why);
}

static int refresh(struct fixture *mine, int index, void *arg)
{
	struct session_tokens out;
	struct user user;
	struct err why;

	(void)index;
	(void)arg;
	return result(op_session_refresh(&mine->op, there.refresh_token, NULL, &out, &user, &why), &why);
}

static int join(struct fixture *mine, int index, void *arg)
{
	struct membership m;
	struct err why;

	(void)index;
	(void)arg;
	act(&mine->op, &dora);
	return result(op_invitation_accept(&mine->op, token, &m, &why), &why);
}

static int make_key(struct fixture *mine, int index, void *arg)
{
	const struct api_key in = { .name = "key", .rate_limit_requests = INT_NONE,
				    .expires_in_days = INT_NONE };
	const struct scope in_team = { .kind = SCOPE_USER, .id = anna.id, .tenant_id = team.id };
	const char *full;
	struct err why;

	(void)index;
	(void)arg;
	act(&mine->op, &anna);
	return result(op_key_create(&mine->op, in_team, &in, &held, &full, &why), &why);
}

static int rotate_key(struct fixture *mine, int index, void *arg)
{
	const struct scope in_team = { .kind = SCOPE_USER, .id = anna.id, .tenant_id = team.id };
	struct key_rotated out;
	struct err why;

	(void)index;
	(void)arg;
	act(&mine->op, &anna);
	return result(op_key_rotate(&mine->op, in_team, held.id, &(struct key_rotate_in){
		.overlap_seconds = 3600 }, &out, &why), &why);
}

static int suspend_team(struct fixture *mine, int index, void *arg)
{
	struct tenant out;
	struct err why;

	(void)index;
	(void)arg;
	act(&mine->op, NULL);
	return result(op_tenant_suspend(&mine->op, EVERY, team.id, &out, &why), &why);
}

static int delete_team(struct fixture *mine, int index, void *arg)
{
	struct err why;

	(void)index;
	(void)arg;
	act(&mine->op, NULL);
	return result(op_tenant_delete(&mine->op, EVERY, team.id, team.slug, true, &why), &why);
}

static int remove_anna(struct fixture *mine, int index, void *arg)
{
	struct err why;

	(void)index;
	(void)arg;
	act(&mine->op, NULL);
	return result(op_member_remove(&mine->op, EVERY, team.id, anna.id, &why), &why);
}

static int leave(struct fixture *mine, int index, void *arg)
{
	struct membership m;
	struct err why;

	(void)index;
	(void)arg;
	act(&mine->op, &anna);
	return result(op_tenant_enter(&mine->op, team.id, TENANT_READ, &m, &why) &&
		      op_member_remove(&mine->op, scope_tenant(&mine->op), team.id, anna.id, &why), &why);
}

static int role_of_ben(struct fixture *mine, const char *role)
{
	struct membership m;
	struct member out;
	struct err why;

	act(&mine->op, &anna);
	return result(op_tenant_enter(&mine->op, team.id, TENANT_READ, &m, &why) &&
		      op_member_set_role(&mine->op, scope_tenant(&mine->op), team.id, ben.id, role, &out,
					 &why), &why);
}

static int demote(struct fixture *mine, int index, void *arg)
{
	(void)index;
	(void)arg;
	return role_of_ben(mine, "member");
}

static int promote(struct fixture *mine, int index, void *arg)
{
	(void)index;
	(void)arg;
	return role_of_ben(mine, "owner");
}

static int add_owner(struct fixture *mine, int index, void *arg)
{
	struct member out;
	struct err why;

	(void)index;
	(void)arg;
	act(&mine->op, NULL);
	return result(op_member_add(&mine->op, EVERY, team.id, ben.id, "owner", &out, &why), &why);
}

static int suspend_ben(struct fixture *mine, int index, void *arg)
{
	struct user out;
	struct err why;

	(void)index;
	(void)arg;
	act(&mine->op, NULL);
	return result(op_user_suspend(&mine->op, EVERY, ben.id, NULL, &out, &why), &why);
}

/* --- two of them, one behind the other ---------------------------------------------------- */

struct pair {
	child_fn *first;
	int got;
};

static void run_first(void *arg)
{
	struct pair *p = arg;

	p->got = p->first(&f, 0, NULL);
}

static void both(child_fn *first, child_fn *second, int got[2])
{
	struct pair p = { .first = first };

	got[1] = behind(&f, run_first, second, &p);
	got[0] = p.got;
}

/* A team of Anna, where her next login is, with Carla and perhaps Ben in it. */
static void begin(const char *role_of_ben)
{
	struct invitation offer;
	struct membership own;
	static int n;
	struct member m;

	act(&f.op, &anna);
	if (!op_tenant_create(&f.op, of(anna.id), &(struct tenant){
		.name = arena_printf(f.arena, "Team %d", ++n), .rate_limit_requests = INT_NONE }, &team, &err))
		bail_out("team", &err);
	act(&f.op, NULL);
	by_hand(&f, LOOK_SET_DEFAULT, anna.id, anna.id);
	if ((role_of_ben && !op_member_add(&f.op, EVERY, team.id, ben.id, role_of_ben, &m, &err)) ||
	    !op_member_add(&f.op, EVERY, team.id, carla.id, "viewer", &m, &err) ||
	    !op_session_create(&f.op, &anna, &session, &err))
		bail_out("begin", &err);
	by_hand(&f, LOOK_SET_DEFAULT, anna.id, team.id);
	act(&f.op, &anna);
	if (!op_session_create(&f.op, &anna, &there, &err) ||
	    !op_tenant_enter(&f.op, team.id, TENANT_READ, &own, &err) ||
	    !op_invitation_create(&f.op, scope_tenant(&f.op), team.id, &(struct invitation){
		.email = dora.email, .role = "viewer" }, &offer, &err))
		bail_out("begin", &err);
	token = offer.invitation_token;
}

static void end(void)
{
	struct user out;
	struct tenant t;

	act(&f.op, NULL);
	op_tenant_delete(&f.op, EVERY, team.id, team.slug, true, &err);
	op_user_approve(&f.op, EVERY, ben.id, &(struct user_approve_in){ 0 }, &out, &t, &err);
}

static void begin_with(bool key)
{
	begin("owner");
	if (key && make_key(&f, 0, NULL))
		bail_out("key", &err);
}

/* --- what is born while the tenant ends ------------------------------------------------------ */

/* Of a key that is replaced the end may be seen before the tenant is. */
static bool is_refused(child_fn *birth, int got, enum err_kind too_late)
{
	return got == (int)too_late || (birth == rotate_key && got == ERR_CONFLICT);
}

static void test_births(void)
{
	static const struct {
		const char *name;
		child_fn *birth, *end;
		enum err_kind too_late;   /* the birth behind the end */
	} table[] = {
		{ "a login, and a suspension", log_in, suspend_team, ERR_NONE },
		{ "a login, and a deletion", log_in, delete_team, ERR_NONE },
		{ "a login, and a removal", log_in, remove_anna, ERR_NONE },
		{ "a refresh, and a suspension", refresh, suspend_team, ERR_AUTH_INVALID },
		{ "a refresh, and a removal", refresh, remove_anna, ERR_AUTH_INVALID },
		{ "an invitation, and a suspension", join, suspend_team, ERR_CONFLICT },
		{ "a switch, and a suspension", switch_there, suspend_team, ERR_FORBIDDEN },
		{ "a switch, and a deletion", switch_there, delete_team, ERR_NOT_FOUND },
		{ "a switch, and a removal", switch_there, remove_anna, ERR_NOT_FOUND },
		{ "a key, and a deletion", make_key, delete_team, ERR_FORBIDDEN },
		{ "a key, and a removal", make_key, remove_anna, ERR_FORBIDDEN },
		{ "a key's successor, and a deletion", rotate_key, delete_team, ERR_FORBIDDEN },
		{ "a key's successor, and a removal", rotate_key, remove_anna, ERR_FORBIDDEN },
	};
	int got[2];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		begin_with(table[i].birth == rotate_key);
		both(table[i].birth, table[i].end, got);
		ok(got[0] == ERR_NONE && got[1] == ERR_NONE, "%s behind it: %d, %d", table[i].name, got[0],
		   got[1]);
		is_int(look(&f, LOOK_LIVE_IN, team.id, NULL), 0, "what was born has ended");
		end();
		begin_with(table[i].birth == rotate_key);
		both(table[i].end, table[i].birth, got);
		ok(got[0] == ERR_NONE && is_refused(table[i].birth, got[1], table[i].too_late),
		   "%s the other way round: %d, %d", table[i].name, got[0], got[1]);
		is_int(look(&f, LOOK_LIVE_IN, team.id, NULL), 0, "nothing lives in it");
		end();
	}
}

/* --- who owns it ---------------------------------------------------------------------------- */

static int64_t active_owners(void)
{
	return look(&f, LOOK_ACTIVE_OWNERS, team.id, NULL);
}

static void test_owners_go(void)
{
	static const struct {
		const char *name;
		child_fn *first, *second;
	} table[] = {
		{ "one is suspended, the other leaves", suspend_ben, leave },
		{ "one leaves, the other is suspended", leave, suspend_ben },
		{ "one is made a member, the other leaves", demote, leave },
	};
	int got[2];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		begin("owner");
		both(table[i].first, table[i].second, got);
		ok(got[0] == ERR_NONE && got[1] == ERR_CONFLICT, "of two owners %s: %d, %d", table[i].name,
		   got[0], got[1]);
		is_int(active_owners(), 1, "one is left");
		end();
	}
}

/* Two owners leave at once: one stays. And one is suspended while the other leaves. */
struct leaving {
	const struct user *who[2];
	bool suspend;            /* the first of them */
};

static int child_leave(struct fixture *mine, int index, void *arg)
{
	const struct leaving *l = arg;
	struct membership m;
	struct user user;
	struct err why;

	act(&mine->op, l->who[index]);
	if (l->suspend && index == 0) {
		act(&mine->op, NULL);
		return op_user_suspend(&mine->op, EVERY, l->who[0]->id, NULL, &user, &why) ? 0 :
		       why.kind == ERR_CONFLICT ? 1 : 2;
	}
	if (!op_tenant_enter(&mine->op, team.id, TENANT_READ, &m, &why))
		return 2;
	if (op_member_remove(&mine->op, scope_tenant(&mine->op), team.id, l->who[index]->id, &why))
		return 0;
	return why.kind == ERR_CONFLICT ? 1 : 2;
}

static void test_owners_leave(int rounds)
{
	struct leaving leaving = { .who = { &anna, &ben } };
	int counts[OUTCOMES], bad = 0;
	struct member m;
	struct tenant t;
	struct user u;

	begin("owner");
	for (int i = 0; i < rounds; i++) {
		act(&f.op, NULL);
		op_member_add(&f.op, EVERY, team.id, anna.id, "owner", &m, &err);
		op_member_add(&f.op, EVERY, team.id, ben.id, "owner", &m, &err);
		op_member_set_role(&f.op, EVERY, team.id, ben.id, "owner", &m, &err);
		op_member_add(&f.op, EVERY, team.id, carla.id, "viewer", &m, &err);
		leaving.suspend = i % 2 == 1;
		at_once(&f, 2, child_leave, &leaving, counts);
		bad += counts[0] != 1 || counts[1] != 1;
		act(&f.op, NULL);
		if (leaving.suspend && !op_user_approve(&f.op, EVERY, anna.id,
				&(struct user_approve_in){ 0 }, &u, &t, &err))
			bail_out("approve", &err);
	}
	is_int(bad, 0, "of two owners that go at once one goes");
	ok(active_owners() >= 1, "and one is left");
	end();
}

/* Made an owner while he is suspended, he would let the only other one go. */
static int promote_and_leave(struct fixture *mine, int index, void *arg)
{
	int promoted = promote(mine, index, arg), left = leave(mine, index, arg);

	return promoted == ERR_CONFLICT && left == ERR_CONFLICT ? 0 : 1;
}

static int add_and_leave(struct fixture *mine, int index, void *arg)
{
	int added = add_owner(mine, index, arg), left = leave(mine, index, arg);

	return added == ERR_CONFLICT && left == ERR_CONFLICT ? 0 : 1;
}

static void test_suspended_owner(void)
{
	struct member m;
	int got[2];

	begin("member");
	both(suspend_ben, promote_and_leave, got);
	ok(got[0] == ERR_NONE && got[1] == 0, "who is being suspended is not made an owner: %d", got[1]);
	is_int(active_owners(), 1, "so one is left");
	end();
	begin(NULL);
	both(suspend_ben, add_and_leave, got);
	ok(got[0] == ERR_NONE && got[1] == 0, "nor added as one: %d", got[1]);
	is_int(active_owners(), 1, "so one is left");
	act(&f.op, NULL);
	ok(!op_member_add(&f.op, EVERY, team.id, ben.id, "owner", &m, &err) && err.kind == ERR_CONFLICT &&
	   str_eq(err.reason, "user_status"), "a suspended user is added as no owner: %s", err.message);
	ok(op_member_add(&f.op, EVERY, team.id, ben.id, "member", &m, &err), "but as a member");
	ok(!op_member_set_role(&f.op, EVERY, team.id, ben.id, "owner", &m, &err) && err.kind == ERR_CONFLICT &&
	   str_eq(err.reason, "user_status"), "whom nobody makes an owner: %s", err.message);
	end();
}

/* The order of locks is one: nobody is told of a deadlock, and nothing waits for one. */
static int child_any(struct fixture *mine, int index, void *arg)
{
	static child_fn *const all[] = { log_in, suspend_ben, promote, make_key, leave, delete_team };
	int got = all[index](mine, index, arg);

	return got == ERR_NONE ? 0 : got == ERR_UNAVAILABLE || got == ERR_DATABASE ? 2 : 1;
}

static void test_all_at_once(int rounds)
{
	int counts[OUTCOMES], bad = 0;

	for (int i = 0; i < rounds; i++) {
		begin("owner");
		at_once(&f, 6, child_any, NULL, counts);
		bad += counts[2] + (look(&f, LOOK_LIVE_IN, team.id, NULL) > 0);
		end();
	}
	ok(bad == 0, "all at once, %d times: nobody is told of a deadlock, nothing outlives the tenant", rounds);
}

int main(void)
{
	fixture_open(&f);
	f.conf.tenants_per_user = 1000;
	anna = make_user(&f, "starter");
	ben = make_user(&f, "starter");
	carla = make_user(&f, "starter");
	dora = make_user(&f, "starter");
	test_births();
	test_owners_go();
	test_owners_leave(getenv("OWNERS_LEAVE") ? atoi(getenv("OWNERS_LEAVE")) : 6);
	test_suspended_owner();
	test_all_at_once(4);
	fixture_close(&f);
	return tap_done();
}
