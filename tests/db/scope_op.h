/*
 * tests/db/scope_op.h - op_fixture.h with a victim: whose rows, in both of the user's
 * tenants, and those who may not see them.
 */
#ifndef PIERRE_TESTS_SCOPE_OP_H
#define PIERRE_TESTS_SCOPE_OP_H

#include "op/provision.h"
#include "op/member.h"
#include "op/session.h"
#include "op/usage.h"
#include "op_fixture.h"
#include "store/scope.h"

#define NOT_THERE "00000000-0000-4000-8000-000000000000"
#define ARGS_MAX 16

static struct fixture f;
static struct err err;
static struct user victim, other, pending;
static struct api_key key;
static struct session_tokens session, session_there;
static struct tenant team;
static struct api_key key_there;
static struct invitation invitation;

#define STRANGERS 6
#define OTHER 1
__attribute__((unused))
static struct scope stranger(size_t i)
{
	const struct scope all[STRANGERS] = {
		{ 0 }, of(other.id), of(NULL), of(NOT_THERE),
		{ .kind = SCOPE_TENANT, .id = victim.id }, { .kind = SCOPE_TENANT },
	};

	return all[i];
}

__attribute__((unused))
static struct scope in_team(void)
{
	return (struct scope){ .kind = SCOPE_TENANT, .id = team.id };
}

/* What he may in his personal tenant alone, or in the team. */
static struct scope at(const char *tenant_id)
{
	return (struct scope){ .kind = SCOPE_USER, .id = victim.id, .tenant_id = tenant_id };
}

/* A team of his with a key, a session, and an invitation; his next login is there. */
static void prepare_team(void)
{
	const struct api_key in = {
		.name = "key", .rate_limit_requests = INT_NONE, .expires_in_days = INT_NONE,
	};
	struct actor nobody = f.op.actor;
	struct membership place;
	const char *full;

	f.op.actor = (struct actor){ .source = "test", .user_id = victim.id, .tenant_id = victim.id };
	if (!op_tenant_create(&f.op, of(victim.id), &(struct tenant){
			.name = "Team", .rate_limit_requests = INT_NONE }, &team, &err) ||
	    !op_key_create(&f.op, at(team.id), &in, &key_there, &full, &err) ||
	    !op_session_create(&f.op, &victim, &session_there, &err))
		bail_out("prepare_team", &err);
	f.op.actor.session_id = session_there.session_id;
	if (!op_session_switch(&f.op, team.id, &session_there, &place, &err) ||
	    !op_tenant_enter(&f.op, team.id, TENANT_MEMBERS, &place, &err) ||
	    !op_invitation_create(&f.op, scope_tenant(&f.op), team.id, &(struct invitation){
		.email = other.email, .role = "member" }, &invitation, &err))
		bail_out("prepare_team", &err);
	f.op.actor = nobody;
	by_hand(&f, LOOK_SET_DEFAULT, victim.id, team.id);
}

/* A victim with a key that is being replaced, and a session, active, whose address collides. */
static void prepare(void)
{
	const struct api_key in = {
		.name = "key", .rate_limit_requests = INT_NONE, .expires_in_days = INT_NONE,
	};
	struct key_rotated rotated;
	const char *full;

	victim = make_user(&f, NULL);
	if (!op_session_create(&f.op, &victim, &session, &err) ||
	    !op_key_create(&f.op, of(victim.id), &in, &key, &full, &err) ||
	    !op_key_rotate(&f.op, of(victim.id), key.id, &(struct key_rotate_in){ 86400 }, &rotated, &err))
		bail_out("prepare", &err);
	by_hand(&f, LOOK_SET_SHARED, victim.id, "shared@example.org");
	prepare_team();
}

static void scope_op_open(void)
{
	fixture_open(&f);
	other = make_user(&f, NULL);
	if (!op_user_register(&f.op, &(struct user){ .email = "p@example.org", .password = PASSWORD },
			      &pending, &err))
		bail_out("register", &err);
	prepare();
}

#endif
