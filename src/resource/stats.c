/* resource/stats.c - GET /admin/stats. */
#include "config.h"

#include "op/stats.h"
#include "resource/call.h"
#include "resource/routes.h"

struct stats_reply {
	bool success;
	const char *message;
	const struct stats *data;
};

static const struct field stats_reply_fields[] = {
	ROW_SUCCESS(struct stats_reply),
	ROW_MESSAGE(struct stats_reply),
	FIELD(struct stats_reply, data, OBJECT, FIELD_REQUIRED, "The numbers",
	      .schema = &stats_schema),
	{ 0 },
};
static const struct field_schema stats_reply_schema =
	FIELD_SCHEMA("StatsReply", struct stats_reply, stats_reply_fields);

static bool admin_stats(struct call *call, struct err *err_r)
{
	struct stats stats;

	if (!op_stats(call->op, scope_all(call->op), &stats, err_r))
		return false;
	return call_reply(call, &(struct stats_reply){
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
