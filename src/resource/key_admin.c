/*
 * The administrator's door to keys that exist: find them among those of all users, and
 * revoke one. Bodies are the original's. Rules: op/key.h.
 */
#include "config.h"

#include "op/key.h"
#include "resource/call.h"
#include "resource/list.h"
#include "resource/routes.h"

/* --- find ------------------------------------------------------------------------- */

struct keys_page {
	const struct key_query *filters;
	int64_t count;
	struct page_out page;
};

static const struct field keys_page_fields[] = {
	FIELD(struct keys_page, filters, OBJECT, FIELD_REQUIRED, "What was asked for",
	      .schema = &key_filters_schema),
	FIELD_AS("keys", struct keys_page, page.rows, LIST, FIELD_REQUIRED, "Newest first",
		 .schema = &key_found_schema),
	FIELD(struct keys_page, count, INT, FIELD_REQUIRED, "Keys on this page"),
	ROW_NEXT_CURSOR(struct keys_page, page.next_cursor),
	{ 0 },
};
static const struct field_schema keys_page_schema =
	FIELD_SCHEMA("KeyPage", struct keys_page, keys_page_fields);

struct keys_reply {
	bool success;
	const char *message;
	const struct keys_page *data;
};

static const struct field keys_reply_fields[] = {
	ROW_SUCCESS(struct keys_reply),
	FIELD(struct keys_reply, message, TEXT, FIELD_REQUIRED,
	      "How many there are, for a person"),
	FIELD(struct keys_reply, data, OBJECT, FIELD_REQUIRED, "The page",
	      .schema = &keys_page_schema),
	{ 0 },
};
static const struct field_schema keys_reply_schema =
	FIELD_SCHEMA("KeyListAll", struct keys_reply, keys_reply_fields);

static bool list_keys(struct call *call, struct err *err_r)
{
	struct keys_page page = { .filters = call->query };

	if (!op_key_search(call->op, scope_all(call->op), call->query, &page.page, err_r))
		return false;
	page.count = (int64_t)page.page.rows.n;
	return call_reply(call, &(struct keys_reply){
		.success = true, .data = &page,
		.message = arena_printf(call->req->arena, "%zu %s on this page", page.page.rows.n,
					page.page.rows.n == 1 ? "key" : "keys"),
	});
}

/* --- revoke ----------------------------------------------------------------------- */

struct revoked {
	bool success;
	const char *message;
	const struct api_key *key_info;
};

static const struct field revoked_fields[] = {
	ROW_SUCCESS(struct revoked),
	ROW_MESSAGE(struct revoked),
	FIELD(struct revoked, key_info, OBJECT, FIELD_REQUIRED, "The key as it is now",
	      .schema = &api_key_schema),
	{ 0 },
};
static const struct field_schema revoked_schema =
	FIELD_SCHEMA("KeyRevoked", struct revoked, revoked_fields);

static bool revoke_key(struct call *call, struct err *err_r)
{
	struct api_key key;

	if (!op_key_revoke_for(call->op, scope_all(call->op), call->in, &key, err_r))
		return false;
	return call_reply(call, &(struct revoked){
		.success = true, .key_info = &key,
		.message = key.revoked_at == call->op->now ? "API key revoked"
							   : "The key was revoked before",
	});
}

const struct route key_admin_routes[] = {
	{ .method = HTTP_GET, .pattern = "/admin/list-api-keys", .label = "admin_list_keys",
	  .pool = POOL_SLOW, .guard = GUARD_ADMIN, .permission = "list_keys",
	  .fn = list_keys,
	  .query = &key_search_schema, .status = 200, .out = &keys_reply_schema,
	  .summary = "API keys of all users, the active ones unless another state is asked for" },
	{ .method = HTTP_POST, .pattern = "/admin/revoke-api-key", .label = "admin_revoke_key",
	  .pool = POOL_SLOW, .guard = GUARD_ADMIN, .permission = "revoke_keys",
	  .fn = revoke_key,
	  .body_max = BODY_SMALL, .in = &api_key_revoke_schema, .status = 200,
	  .out = &revoked_schema, .problems = ERR_BIT(ERR_NOT_FOUND),
	  .summary = "Revoke any user's API key; again = the first moment and reason again" },
	{ 0 },
};
