/* hashing.c - bcrypt, with a permit held around it. */
#include "config.h"

#include "op/hashing.h"

#define COME_BACK_S 1

static bool take_permit(struct op *op, struct err *err_r)
{
	if (hashing_begin(op->scoreboard, op->slot))
		return true;
	err_reason(err_r, ERR_RATE, "busy",
		   "Too many passwords are being checked at this moment; try again");
	err_r->retry_after = COME_BACK_S;
	return false;
}

bool op_password_hash(struct op *op, const char *password, char out[PASSWORD_HASH],
		      struct err *err_r)
{
	bool done;

	if (!take_permit(op, err_r))
		return false;
	done = password_hash(password, op->conf->bcrypt_cost, out, err_r);
	hashing_end(op->slot);
	return done;
}

bool op_password_verify(struct op *op, const char *password, const char *hash,
			bool *matches_r, struct err *err_r)
{
	if (!take_permit(op, err_r))
		return false;
	*matches_r = password_verify(password, hash, op->conf->bcrypt_cost);
	hashing_end(op->slot);
	return true;
}
