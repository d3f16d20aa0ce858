/* op/password_reset.c - a forgotten password. */
#include "config.h"

#include <string.h>

#include "auth/token.h"
#include "op/audit.h"
#include "op/cache.h"
#include "op/hashing.h"
#include "op/password_reset.h"
#include "op/role.h"
#include "op/throttle.h"
#include "store/password_reset.h"

#define RESET_MS (3600 * SECOND_MS)

/* --- make ------------------------------------------------------------------------- */

static bool judge(struct user *user, void *arg, struct err *err_r)
{
	const struct op *op = arg;

	if (!role_check(op, user, err_r))
		return false;
	return !op->actor.token_id || user_role(user) == ROLE_USER ||
	       err_reason(err_r, ERR_FORBIDDEN, "role", "An admin token resets no password of an "
			  "administrator: ask one to do it");
}

bool op_password_reset_create(struct op *op, struct scope scope, const char *user_id,
			      struct password_reset *out, struct err *err_r)
{
	char text[TOKEN_TEXT], hash[SHA256_HEX], id[UUID_TEXT], user[UUID_TEXT];
	struct audit_event event;

	if (!uuid_parse(user_id, user))
		return err_set(err_r, ERR_NOT_FOUND, "No user found");
	random_uuid(id);
	token_reset_generate(text, hash);
	*out = (struct password_reset){
		.id = arena_strdup(op->arena, id), .user_id = arena_strdup(op->arena, user),
		.token_hash = arena_strdup(op->arena, hash), .created_by = op->actor.user_id,
		.created_at = op->now, .expires_at = op->now + RESET_MS,
		.reset_token = arena_strdup(op->arena, text),
	};
	explicit_bzero(text, sizeof(text));
	event = op_audit(op, AUDIT_PASSWORD_RESET_ISSUED, out->user_id);
	return store_password_reset_create(op->db, &event, &(struct password_reset_new){
		.scope = scope, .reset = out, .judge = judge, .arg = op, .arena = op->arena,
	}, err_r);
}

/* --- spend ------------------------------------------------------------------------- */

struct spend {
	struct op *op;
	const struct password_reset_in *in;
	struct password_reset reset;
	struct throttle throttle;
	char hash[PASSWORD_HASH];
};

static bool unknown(struct err *err_r)
{
	return err_reason(err_r, ERR_AUTH_INVALID, "unknown", "The reset token is wrong or spent: "
			  "ask an administrator for a new one");
}

/* What is wrong stays counted. */
static bool find(struct spend *s, struct err *err_r)
{
	char hash[SHA256_HEX];

	token_hash(s->in->reset_token, hash);
	if (!throttle_count(s->op, &s->throttle, err_r))
		return false;
	if (!store_password_reset_by_hash(s->op->db, hash, s->op->arena, &s->reset, err_r))
		return err_r->kind == ERR_NOT_FOUND ? unknown(err_r) : false;
	return s->reset.expires_at > s->op->now ||
	       err_reason(err_r, ERR_AUTH_EXPIRED, "expired", "The reset token has expired: ask an "
			  "administrator for a new one");
}

/* Whose token it was is who acts. */
static bool write_new(struct spend *s, struct err *err_r)
{
	struct login_failure_update refund = throttle_refund(&s->throttle);
	struct audit_event event = op_audit(s->op, AUDIT_PASSWORD_RESET, s->reset.user_id);
	bool done;

	event.user_id = s->reset.user_id;
	done = store_password_reset_spend(s->op->db, &event, &(struct password_reset_spend){
		.reset = &s->reset, .new_hash = s->hash, .now = s->op->now, .failures = &refund,
	}, err_r);
	op_changed(s->op, s->reset.user_id);
	return done || (err_r->kind == ERR_NOT_FOUND ? unknown(err_r) : false);
}

/* Tokens are guessed from a network, not of an account. */
static void throttle_of(struct spend *s)
{
	char network[NETWORK_TEXT];

	throttle_network(s->op->client.remote_addr, network);
	throttle_init(&s->throttle, s->op,
		      arena_printf(s->op->arena, "reset tokens from %s", network));
}

bool op_password_reset_spend(struct op *op, const struct password_reset_in *in,
			     struct err *err_r)
{
	struct spend s = { .op = op, .in = in };

	if (!field_check(&password_reset_in_schema, in, err_r) ||
	    !password_check(in->new_password, op->process->conf->password_min, "new_password",
			    err_r))
		return false;
	throttle_of(&s);
	return throttle_allows(op, &s.throttle, err_r) && find(&s, err_r) &&
	       op_password_hash(op, in->new_password, s.hash, err_r) && write_new(&s, err_r);
}
