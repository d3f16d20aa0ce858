/*
 * password.c - changing a password: by its user, who gives the current one (throttled
 * like a login, and not counted when it was right), and by the shell.
 */
#include "config.h"

#include "op/audit.h"
#include "op/cache.h"
#include "op/throttle.h"
#include "op/hashing.h"
#include "op/user.h"
#include "store/login_failure.h"
#include "store/user.h"

struct change {
	struct op *op;
	struct scope scope;
	const struct password_update_in *in;
	struct user user;
	struct throttle throttle;
	bool matched;
	char hash[PASSWORD_HASH];   /* of the new one */
};

/* Both hashes under one permit: a request without a permit counts as no attempt. */
static bool judge_and_hash(struct change *c, struct err *err_r)
{
	struct op *op = c->op;
	bool done;

	if (!op_hashing_begin(op, err_r))
		return false;
	done = throttle_count(op, &c->throttle, err_r);
	if (done) {
		c->matched = password_verify(c->in->current_password,
					     c->user.password_hash, op->process->conf->bcrypt_cost);
		done = !c->matched || password_hash(c->in->new_password,
						    op->process->conf->bcrypt_cost, c->hash, err_r);
	}
	hashing_end(op->process->slot);
	return done;
}

static bool wrong_password(struct change *c, struct err *err_r)
{
	struct audit_event event =
		op_audit(c->op, AUDIT_AUTHENTICATION_FAILED, c->user.id);

	if (!store_login_refused(c->op->db, &event, NULL, err_r))
		return false;
	return err_field(err_r, ERR_AUTH_INVALID, "current_password",
			 "The current password is wrong");
}

static bool write_new(struct change *c, struct err *err_r)
{
	struct audit_event event = op_audit(c->op, AUDIT_PASSWORD_CHANGED, c->user.id);
	struct login_failure_update taken_back = throttle_refund(&c->throttle);
	bool done = store_user_password(c->op->db, &(struct password_write){
		.scope = c->scope, .user_id = c->user.id, .old_hash = c->user.password_hash,
		.new_hash = c->hash, .keep_session = c->op->actor.session_id,
		.now = c->op->now, .event = &event, .failures = &taken_back,
	}, err_r);

	op_changed(c->op, c->user.id);   /* other sessions have ended */
	return done;
}

static bool check(const struct op *op, struct scope scope,
		  const struct password_update_in *in, struct err *err_r)
{
	if (scope.kind != SCOPE_USER)
		return err_set(err_r, ERR_AUTH_REQUIRED, "Log in to change your password");
	if (!in->current_password)
		return err_field(err_r, ERR_REQUIRED, "current_password",
				 "The current password is needed");
	return password_check(in->new_password, op->process->conf->password_min, "new_password",
			      err_r);
}

bool op_password_update(struct op *op, struct scope scope, const struct password_update_in *in,
			struct err *err_r)
{
	struct change c = { .op = op, .scope = scope, .in = in };

	if (!check(op, scope, in, err_r) ||
	    !store_user_by_id(op->db, scope, scope.id, op->arena, &c.user, err_r))
		return false;
	throttle_init(&c.throttle, op, c.user.email_key);
	if (!throttle_allows(op, &c.throttle, err_r) || !judge_and_hash(&c, err_r))
		return false;
	return c.matched ? write_new(&c, err_r) : wrong_password(&c, err_r);
}

bool op_password_set(struct op *op, struct scope scope, const char *user_id,
		     const char *password, struct err *err_r)
{
	char hash[PASSWORD_HASH], id[UUID_TEXT];
	struct audit_event event;
	struct user user;
	bool done;

	if (!uuid_parse(user_id, id))
		return err_set(err_r, ERR_NOT_FOUND, "No user found");
	if (!password_check(password, op->process->conf->password_min, "password", err_r) ||
	    !store_user_by_id(op->db, scope, id, op->arena, &user, err_r) ||
	    !op_password_hash(op, password, hash, err_r))
		return false;
	event = op_audit(op, AUDIT_PASSWORD_CHANGED, user.id);
	done = store_user_password(op->db, &(struct password_write){
		.scope = scope, .user_id = user.id, .new_hash = hash, .now = op->now, .event = &event,
	}, err_r);
	op_changed(op, user.id);
	return done;
}
