/* hashing.c - bcrypt, with a permit held around it. */
#include "config.h"

#include "op/hashing.h"

#define COME_BACK_S 1

bool op_hashing_begin(struct op *op, struct err *err_r)
{
	if (hashing_begin(op->scoreboard, op->slot))
		return true;
	err_reason(err_r, ERR_RATE, "busy",
		   "Too many passwords are being checked at this moment; try again");
	if (err_r)
		err_r->retry_after = COME_BACK_S;
	return false;
}

bool op_password_hash(struct op *op, const char *password, char out[PASSWORD_HASH],
		      struct err *err_r)
{
	bool done;

	if (!op_hashing_begin(op, err_r))
		return false;
	done = password_hash(password, op->conf->bcrypt_cost, out, err_r);
	hashing_end(op->slot);
	return done;
}
