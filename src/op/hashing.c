/* hashing.c - bcrypt, with a permit held around it. */
#include "config.h"

#include <time.h>

#include "base/clock.h"
#include "op/hashing.h"

#define COME_BACK_S 1
#define WAIT_MS 1000
#define POLL_NS 2000000

/* Registrations that come in a burst are served one after the other; only a flood that
 * lasts longer than the wait is refused. */
static bool wait_for_permit(struct op *op)
{
	int64_t end = clock_monotonic() + WAIT_MS;

	while (!hashing_begin(op->process->scoreboard, op->process->slot)) {
		if (clock_monotonic() >= end)
			return false;
		nanosleep(&(struct timespec){ .tv_nsec = POLL_NS }, NULL);
	}
	return true;
}

bool op_hashing_begin(struct op *op, struct err *err_r)
{
	if (wait_for_permit(op))
		return true;
	err_reason(err_r, ERR_RATE, "busy",
		   "Too many passwords are being checked at this moment; try again");
	return err_retry(err_r, COME_BACK_S);
}

bool op_password_hash(struct op *op, const char *password, char out[PASSWORD_HASH],
		      struct err *err_r)
{
	bool done;

	if (!op_hashing_begin(op, err_r))
		return false;
	done = password_hash(password, op->process->conf->bcrypt_cost, out, err_r);
	hashing_end(op->process->slot);
	return done;
}
