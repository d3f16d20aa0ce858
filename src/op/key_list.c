/*
 * op/key_list.c - lists of API keys: a user's own, and an administrator's of those of
 * all users.
 */
#include "config.h"

#include "base/str.h"
#include "base/window.h"
#include "op/key.h"
#include "op/page.h"
#include "op/user.h"
#include "store/key.h"
#include "store/usage.h"

/* --- a user's own ----------------------------------------------------------- */

static const struct page_list key_list = PAGE_LIST(struct api_key, store_key_list);

bool op_key_list(struct op *op, struct scope scope, const struct key_query *in,
		 struct page_out *out, struct err *err_r)
{
	const struct key_filter filter = {
		.query = in, .state = in->state ? in->state : "all", .now = op->now,
	};

	return field_check(&key_query_schema, in, err_r) &&
		op_page(op, scope, &key_list, &filter, &in->page, out, err_r);
}

/* --- those of all users ----------------------------------------------------- */

struct rate_limit key_rate_limit(const struct api_key *key)
{
	const struct tier *tier = tier_find(key->tier);

	if (key->rate_limit_requests == INT_NONE)
		return (struct rate_limit){ tier ? tier->monthly_limit : 0, "month" };
	return (struct rate_limit){ key->rate_limit_requests,
				    key->rate_limit_period ? key->rate_limit_period : "month" };
}

/* What the table does not have. */
static bool complete(struct op *op, struct key_found *keys, size_t n, struct err *err_r)
{
	struct rate_limit *limits = arena_alloc(op->arena, (n + 1) * sizeof(*limits));
	const char **ids = arena_alloc(op->arena, (n + 1) * sizeof(*ids));
	int64_t *counts = arena_alloc(op->arena, (n + 1) * sizeof(*counts));
	bool counted = op->process->usage;

	for (size_t i = 0; i < n; i++)
		ids[i] = keys[i].key.id;
	if (counted && !store_usage_month(op->process->usage, window_id(WINDOW_MONTH, op->now),
					  ids, n, counts, err_r))
		return false;
	for (size_t i = 0; i < n; i++) {
		limits[i] = key_rate_limit(&keys[i].key);
		keys[i].rate_limit = &limits[i];
		keys[i].usage_count = counted ? counts[i] : INT_NONE;
	}
	return true;
}

static const struct page_list found_list = {
	.row_size = sizeof(struct key_found), .created_at = offsetof(struct key_found, key.created_at),
	.id = offsetof(struct key_found, key.id), .read = store_key_search,
};

static const char *state_of(const struct key_query *in)
{
	if (in->state)
		return in->state;
	return str_eq(in->active_only, "false") ? "all" : "active";
}

bool op_key_search(struct op *op, struct scope scope, const struct key_query *in,
		   struct page_out *out, struct err *err_r)
{
	struct key_filter filter = { .query = in, .state = state_of(in), .now = op->now };
	struct user user;

	*out = (struct page_out){ 0 };
	if (!field_check(&key_search_schema, in, err_r))
		return false;
	if (in->user_email && !op_user_get(op, scope, in->user_email, &user, err_r))
		return err_r->kind == ERR_NOT_FOUND;
	filter.user_id = in->user_email ? user.id : NULL;
	return op_page(op, scope, &found_list, &filter, &in->page, out, err_r) &&
		complete(op, (struct key_found *)out->rows.items, out->rows.n, err_r);
}
