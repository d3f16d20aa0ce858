/*
 * op/ready.c - is the database ready? Every client may ask, so the answer is a class of
 * reasons; the database's own sentence, with its paths and hosts, is for the log.
 */
#include "config.h"

#include "op/ready.h"
#include "store/store.h"

static const struct {
	enum err_kind kind;
	const char *reason, *sentence;
} causes[] = {
	{ ERR_UNAVAILABLE, "unreachable", "The database cannot be reached, or did not answer in time" },
	{ ERR_CONFIG, "refused", "The database refuses this service: its settings are wrong" },
	{ ERR_DATABASE, "failed", "The database answered with an error" },
};

bool op_ready(struct op *op, int64_t timeout_ms, struct err *why_r, struct err *err_r)
{
	if (store_ready(op->db, timeout_ms, why_r))
		return true;
	if (why_r->kind == ERR_UNAVAILABLE && why_r->reason[0]) {   /* a lost file: clients may know */
		*err_r = *why_r;
		return false;
	}
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (causes[i].kind == why_r->kind)
			return err_reason(err_r, ERR_UNAVAILABLE, causes[i].reason, "%s",
					  causes[i].sentence);
	return err_reason(err_r, ERR_UNAVAILABLE, "unknown", "The database cannot be used");
}

const char *op_degraded(struct op *op)
{
	struct err why;

	return store_writable(op->db, &why) ? NULL : arena_strdup(op->arena, why.message);
}
