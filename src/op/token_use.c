/* op/token_use.c - the row that a call by a token leaves. */
#include "config.h"

#include "auth/auth.h"
#include "base/clock.h"
#include "model/token_use.h"
#include "op/audit.h"
#include "op/token_use.h"
#include "store/token_use.h"

#define SUCCESS_END 400   /* a status from here on is a refusal or a failure */

void token_use_begin(struct op *op, const char *action, const char *target, int status)
{
	struct token_use *use;
	char id[UUID_TEXT];

	if (!op->actor.token_id)
		return;
	random_uuid(id);
	use = arena_new_struct(op->arena, struct token_use);
	*use = (struct token_use){
		.id = arena_strdup(op->arena, id), .token_id = op->actor.token_id,
		.action = action, .target_resource = target, .ip_address = op_address(op),
		.user_agent = op_user_agent(op), .request_id = op->client.request_id,
		.timestamp = op->now, .success = true, .status_code = status,
		.response_time_ms = INT_NONE,
	};
	op->actor.use = use;
}

bool token_use_end(struct op *op, int status, struct err *err_r)
{
	struct token_use *use = op->actor.use;

	if (!use || (use->written && use->status_code == status))
		return true;
	use->success = status < SUCCESS_END;
	use->status_code = status;
	use->response_time_ms = clock_now() - op->now;
	return store_token_use(op->db, use, err_r);
}
