/*
 * Login by e-mail and password: first the throttle, then a permit to hash, then the
 * password is hashed, whether or not there is such an account. Nothing is hashed inside
 * a transaction.
 */
#include "config.h"

#include <string.h>

#include "op/audit.h"
#include "op/throttle.h"
#include "op/hashing.h"
#include "op/owner.h"
#include "op/session_pair.h"
#include "store/email.h"
#include "store/login_failure.h"
#include "store/session.h"
#include "store/user.h"

struct login {
	struct op *op;
	const char *password;
	struct user *user;
	bool exists;
	struct throttle throttle;
	bool matched;
	char new_hash[PASSWORD_HASH];   /* "" = the stored one is kept */
};

/* An attempt is counted for the account, however its address is spelled. */
static bool find_user(struct login *l, const char *email, struct err *err_r)
{
	struct err err;

	l->exists = store_user_by_email(l->op->db, email, l->op->arena, l->user, &err);
	throttle_init(&l->throttle, l->op, l->exists ? l->user->email_key
					       : email_key(l->op->arena, email));
	if (l->exists || err.kind == ERR_NOT_FOUND)
		return true;
	*err_r = err;
	return false;
}

/* The same work for every outcome, except that a stale hash is made again. */
static bool judge_password(struct login *l, struct err *err_r)
{
	int64_t cost = l->op->process->conf->bcrypt_cost;
	const char *hash = l->exists ? l->user->password_hash : NULL;

	l->matched = password_verify(l->password, hash, cost);
	if (!l->matched || !password_is_stale(hash, cost))
		return true;
	return password_hash(l->password, cost, l->new_hash, err_r);
}

/* Attempts are counted while the permit is held, so that a request without a permit is
 * no failure. */
static bool count_and_judge(struct login *l, struct err *err_r)
{
	struct op *op = l->op;
	bool done;

	if (!op_hashing_begin(op, err_r))
		return false;
	done = throttle_count(op, &l->throttle, err_r) && judge_password(l, err_r);
	hashing_end(op->process->slot);
	return done;
}

/* Failures name the account only when there is one: people type passwords
 * into the wrong field. */
static struct audit_event failed_event(const struct login *l)
{
	return op_audit(l->op, AUDIT_AUTHENTICATION_FAILED,
			l->exists ? l->user->id : NULL);
}

static bool wrong_password(struct login *l, struct err *err_r)
{
	struct audit_event event = failed_event(l);

	if (!store_login_refused(l->op->db, &event, NULL, err_r))
		return false;
	return err_reason(err_r, ERR_AUTH_INVALID, "credentials",
			  "Invalid email or password");
}

/* The password was right, so the attempt is not counted. */
static bool inactive(struct login *l, const struct err *why, struct err *err_r)
{
	struct login_failure_update c = throttle_refund(&l->throttle);
	struct audit_event event = failed_event(l);

	if (!store_login_refused(l->op->db, &event, &c, err_r))
		return false;
	*err_r = *why;
	return false;
}

static bool let_in(struct login *l, struct session_tokens *out, struct err *err_r)
{
	struct login_failure_update c = throttle_success(&l->throttle);
	struct session_login login = {
		.hash_seen = l->user->password_hash,
		.hash_kept = l->new_hash[0] ? l->new_hash : l->user->password_hash,
		.failures = &c,
	};

	if (!session_create(l->op, l->user, &login, out, err_r))
		return false;
	l->user->password_hash = arena_strdup(l->op->arena, login.hash_kept);
	return true;
}

bool op_login(struct op *op, const struct login_in *in, struct session_tokens *out,
	      struct user *user_r, struct err *err_r)
{
	struct login l = { .op = op, .password = in->password, .user = user_r };
	struct err why;

	if (!find_user(&l, in->email, err_r) ||
	    !throttle_allows(op, &l.throttle, err_r) ||
	    !count_and_judge(&l, err_r))
		return false;
	if (!l.matched)
		return wrong_password(&l, err_r);
	if (!owner_check(user_r->user_status, &why))
		return inactive(&l, &why, err_r);
	return let_in(&l, out, err_r);
}
