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
#include "auth/auth.h"
#include "op/audit.h"
#include "op/instance.h"
#include "op/data_key.h"
#include "op/vault.h"
#include "op_fixture.h"
#include "store/connection.h"
#include "store/provider_app.h"
#include "store/scope.h"

#define NOT_THERE "00000000-0000-4000-8000-000000000000"
#define ARGS_MAX 24

static struct fixture f;
static struct err err;
static struct user victim, other, pending;
static struct api_key key;
static struct session_tokens session, session_there;
static struct tenant team;
static struct api_key key_there;
static struct invitation invitation;
static const char *app_ids[3], *connection_ids[2];   /* of the user, the team, the server */
static int64_t data_key_id;

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

static const char *new_id(void)
{
	char id[UUID_TEXT];

	random_uuid(id);
	return arena_strdup(f.arena, id);
}

/* An application of each owner; tokens of the victim in the personal tenant, and of another
 * user in the team. */
static void prepare_connection(void)
{
	struct connection c = {
		.phase = PHASE_IDLE, .state = CONNECTION_OK, .sealed_access = "x", .sealed_refresh = "x",
		.token_type = "Bearer",
		.lease_until = TIME_NONE, .state_since = T0, .expires_at = TIME_NONE,
		.scopes_asked = strings_empty, .scopes_granted = strings_empty, .last_used_at = TIME_NONE, .refreshed_at = T0,
		.retry_at = TIME_NONE, .first_refused_at = TIME_NONE, .ended_at = TIME_NONE,
		.connected_at = T0, .created_at = T0, .updated_at = T0,
	};

	const struct seal_place place = { "provider_apps", "sealed_secret", NOT_THERE, { 0 } };
	const char *sealed;

	struct instance instance;
	bool open;

	memset(f.conf.encryption_key.bytes, 1, sizeof(f.conf.encryption_key.bytes));
	f.conf.encryption_key.set = true;
	f.process.vault = op_vault_open(&f.op);
	if (!op_instance_ensure(&f.op, &instance, &err) ||
	    !op_instance_check_key(&f.op, &open, &err) || !op_vault_check(&f.op, &err) ||
	    !op_seal(&f.op, NULL, &place, "x", 1, &data_key_id, &sealed, &err))
		bail_out("prepare_connection", &err);
	c.key_id = data_key_id;
	for (int i = 0; i < 3; i++) {
		static const char *const owners[] = { APP_USER, APP_TENANT, APP_SERVER };
		const struct audit_event made = op_audit(&f.op, AUDIT_APP_CREATED, NULL);
		const struct provider_app app = {
			.id = app_ids[i] = new_id(), .owner = owners[i], .provider = "strava",
			.user_id = i == 0 ? victim.id : NULL, .tenant_id = i == 1 ? team.id : NULL,
			.client_id = "1", .scopes = strings_empty, .sealed_secret = "x", .key_id = data_key_id, .state = APP_OK, .state_since = T0,
			.last_success_at = TIME_NONE, .window_at = TIME_NONE, .degraded_until = TIME_NONE,
			.created_at = T0, .updated_at = T0,
		};

		if (!store_provider_app_add(f.db, EVERY, &made, &app, f.arena, &err))
			bail_out("prepare_connection", &err);
	}
	for (int i = 0; i < 2; i++) {
		const struct audit_event made = op_audit(&f.op, AUDIT_TOKENS_SET, NULL);

		connection_ids[i] = c.id = new_id();
		c.user_id = i == 0 ? victim.id : pending.id;
		c.tenant_id = i == 0 ? victim.id : team.id;
		c.provider = i == 0 ? "strava" : "garmin";
		if (!store_connection_add(f.db, &made, &c, &err))
			bail_out("prepare_connection", &err);
	}
}

/* A victim with a key that is being replaced, and a session, active, whose address collides. */
static void make_victim(void)
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

static void prepare(void)
{
	make_victim();
	prepare_connection();
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
