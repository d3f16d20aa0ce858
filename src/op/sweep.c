/* op/sweep.c - how long what is kept. */
#include "config.h"

#include "op/audit.h"
#include "op/connect.h"
#include "op/sweep.h"
#include "op/tenant.h"
#include "store/sweep.h"

static int64_t token_uses(const struct conf *c)
{
	return c->token_usage_days * DAY_MS;
}

/* Kept to their end, beyond it so long, or as an option says; what has none of these is kept
 * for ever. */
static const struct kept {
	bool to_end;
	int64_t ms;
	int64_t (*option)(const struct conf *c);
} kept[SWEEP__COUNT] = {
	[SWEEP_INVITATIONS] = { .ms = TENANT_KEPT_MS },
	[SWEEP_PASSWORD_RESETS] = { .ms = DAY_MS },
	[SWEEP_CONNECTS] = { .ms = CONNECT_KEPT_MS },
	[SWEEP_TOKEN_USES] = { .option = token_uses },
	[SWEEP_CLAIMS] = { .to_end = true },
};

/* What ended before goes. */
static int64_t end_of(const struct op *op, const struct kept *k)
{
	int64_t ms = k->option ? k->option(op->process->conf) : k->ms;

	return k->to_end || ms > 0 ? op->now - ms : 0;   /* nothing is older than 1970 */
}

static bool sweep_pages(struct op *op, enum sweep_kind kind, int64_t *n_r, struct err *err_r)
{
	struct audit_event event;
	int64_t n;

	do {
		event = op_audit(op, AUDIT_SYSTEM_MAINTENANCE, NULL);
		if (!store_sweep(op->db, kind, &event, end_of(op, &kept[kind]), &n, err_r))
			return false;
		*n_r += n;
	} while (n > 0);
	return true;
}

bool op_sweep(struct op *op, int64_t *n_r, struct err *err_r)
{
	bool done = true;

	*n_r = 0;
	/* one that fails each time does not end those behind it */
	for (enum sweep_kind kind = 0; kind < SWEEP__COUNT; kind++)
		done &= sweep_pages(op, kind, n_r, err_r);
	return done;
}
