/* store/token_use.c - rows of calls: sql/common/admin_token.sql. */
#include "config.h"

#include "db/query.h"
#include "db/transaction.h"
#include "store/page.h"
#include "store/scope.h"
#include "store/sql.h"
#include "store/token_use.h"

/* *there_r: an earlier transaction has written it. */
static bool add(struct db *db, const struct token_use *row, bool *there_r, struct err *err_r)
{
	int64_t n;

	if (!db_write(db, SQL_ROW(token_use_insert, &token_use_schema, row), &n, err_r))
		return false;
	*there_r = n == 0;
	if (*there_r)
		return true;
	if (!db_write(db, SQL_ARGS(admin_token_used, .token_id = db_text(row->token_id),
				   .ip_address = db_text(row->ip_address),
				   .now = db_time(row->timestamp)), &n, err_r))
		return false;
	return n > 0 || err_reason(err_r, ERR_AUTH_INVALID, "revoked",
				   "The token was revoked, or has expired");
}

bool store_token_use_add(struct db *db, const struct token_use *use, const char *target,
			 struct err *err_r)
{
	struct token_use row = *use;
	bool there;

	if (!row.target_resource)
		row.target_resource = target;
	return add(db, &row, &there, err_r);
}

static bool end_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct token_use *use = arg;
	bool there;

	return add(db, use, &there, err_r) &&
	       (!there || db_write(db, SQL_ROW(token_use_outcome, &token_use_schema, use), NULL, err_r));
}

bool store_token_use(struct db *db, struct token_use *use, struct err *err_r)
{
	return db_transaction(db, end_tx, use, err_r);
}

bool store_token_use_list(struct db *db, struct scope scope, const void *filter,
			  const struct page *page, struct arena *arena, struct field_list *out,
			  struct err *err_r)
{
	const struct token_use_filter *f = filter;
	int64_t from = f->in->from == TIME_NONE ? 0 : f->in->from;
	int64_t to = f->in->to == TIME_NONE ? TIME_LAST : f->in->to;

	return db_list(db, SQL_ARGS(token_use_list, .token_id = db_text(f->token_id),
				    .scope_all = scope_all_param(scope), .from = db_time(from),
				    .to = db_time(to), PAGE_ARGS(page)),
		       &token_use_schema, arena, out, err_r);
}
