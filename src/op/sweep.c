/* op/sweep.c - how long what is kept. */
#include "config.h"

#include "op/audit.h"
#include "op/sweep.h"
#include "op/tenant.h"
#include "store/sweep.h"

static int64_t kept_ms(const struct op *op, enum sweep_kind kind)
{
	switch (kind) {
	case SWEEP_INVITATIONS:
		return TENANT_KEPT_MS;
	case SWEEP_PASSWORD_RESETS:
	case SWEEP_CONNECTS:
		return DAY_MS;
	case SWEEP_TOKEN_USES:
		return op->process->conf->token_usage_days * DAY_MS;
	case SWEEP_CLAIMS:
		return 0;
	case SWEEP__COUNT:
		break;
	}
	return op->now;   /* nothing is older than 1970 */
}

static bool sweep_pages(struct op *op, enum sweep_kind kind, int64_t *n_r, struct err *err_r)
{
	struct audit_event event;
	int64_t n;

	do {
		event = op_audit(op, AUDIT_SYSTEM_MAINTENANCE, NULL);
		if (!store_sweep(op->db, kind, &event, op->now - kept_ms(op, kind), &n, err_r))
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
