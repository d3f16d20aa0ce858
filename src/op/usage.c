/* op/usage.c - usage rows and refusals on their way into shared memory. */
#include "config.h"

#include <time.h>

#include "base/mask.h"
#include "base/str.h"
#include "op/audit.h"
#include "op/usage.h"
#include "shm/ring.h"
#include "shm/stat.h"

#define FULL_MS 50            /* a full ring is waited for this long */
#define SLOW_NS 1000000       /* a pause before each row of a ring that is nearly full */

/* --- a request that is let through ------------------------------------------------ */

/* When more than half of the ring is full, a request makes its worker wait, the longer
 * the fuller the ring is. So clients slow down to what the recorder can do, and after a
 * stall of a second or two no request is refused. */
static void slow_down(const struct op *op)
{
	size_t depth = ring_depth(op->process->segment, op_block(op));
	long over = (long)depth - RING_ROWS / 2;

	if (over > 0)
		nanosleep(&(struct timespec){ .tv_nsec = SLOW_NS / (RING_ROWS / 2) * over }, NULL);
}

static bool push(struct op *op, const struct usage_record *rec)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	slow_down(op);
	for (int i = 0; !ring_push(op->process->segment, op_block(op), rec); i++) {
		if (i == FULL_MS)
			return false;
		ring_wake_recorder(op->process->segment);
		nanosleep(&pause, NULL);
	}
	return true;
}

#define COPY(member, text) str_copy(rec.member, sizeof(rec.member), (text))

static bool cannot_write(struct err *err_r)
{
	err_set(err_r, ERR_UNAVAILABLE, "The request could not be written down; try again");
	return err_retry(err_r, 1);
}

bool op_usage_ready(const struct op *op, struct err *err_r)
{
	return !op->result.late || cannot_write(err_r);
}

bool op_usage_record(struct op *op, const struct usage_of *use, struct err *err_r)
{
	struct usage_record rec;

	rec.time_ms = op->now;
	rec.cost = use->cost;
	COPY(request_id, op->client.request_id);
	COPY(key_id, use->by->key_id);
	COPY(user_id, use->by->owner->id);
	COPY(tenant_id, use->by->tenant_id);
	mask_copy(rec.route, sizeof(rec.route), use->route);   /* a path may begin with a key */
	COPY(method, use->method);
	COPY(address, op_address(op));
	COPY(user_agent, op->client.user_agent);
	if (op->process->segment && push(op, &rec)) {
		op->result.recorded = ring_head_seq(op->process->segment, op_block(op));
		return true;
	}
	stat_add(op->process->segment, op_block(op), STAT_RING_FULL, 1);
	return cannot_write(err_r);
}

/* --- a refusal ----------------------------------------------------------------------- */

static const struct {
	enum err_kind kind;
	const char *reason;            /* NULL = whichever */
	enum stat_counter counter;
} refusals[] = {
	{ ERR_AUTH_REQUIRED, NULL, STAT_REFUSED_MISSING },
	{ ERR_AUTH_INVALID, "revoked", STAT_REFUSED_REVOKED },
	{ ERR_AUTH_INVALID, NULL, STAT_REFUSED_UNKNOWN },
	{ ERR_AUTH_EXPIRED, NULL, STAT_REFUSED_EXPIRED },
	{ ERR_FORBIDDEN, NULL, STAT_REFUSED_SUSPENDED },
	{ ERR_RATE, NULL, STAT_REFUSED_LIMIT },
};

void op_usage_refused(const struct op *op, const struct err *err)
{
	enum stat_counter counter = STAT_REFUSED_UNAVAILABLE;

	if (!op->process->segment)
		return;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (err->kind == refusals[i].kind &&
		    (!refusals[i].reason || str_eq(err->reason, refusals[i].reason))) {
			counter = refusals[i].counter;
			break;
		}
	stat_add(op->process->segment, op_block(op), counter, 1);
}
