/* resource/stats.c - GET /admin/stats. */
#include "config.h"

#include "op/stats.h"
#include "resource/list.h"
#include "resource/routes.h"

static const struct field_schema stats_reply_schema =
	DATA_REPLY_SCHEMA("StatsReply", stats, "The numbers");

static bool admin_stats(struct call *call, struct err *err_r)
{
	struct stats stats;

	if (!op_stats(call->op, scope_all(call->op), &stats, err_r))
		return false;
	return call_reply(call, &(struct data_reply){
		.success = true, .message = "Counted", .data = &stats,
	});
}

const struct route stats_routes[] = {
	{ .method = HTTP_GET, .pattern = "/admin/stats", .label = "admin_stats",
	  .pool = POOL_SLOW, .guard = GUARD_ADMIN, .permission = PERMISSION_ANY,
	  .fn = admin_stats, .status = 200, .out = &stats_reply_schema,
	  .summary = "How many accounts, API keys and tenants there are" },
	{ 0 },
};
