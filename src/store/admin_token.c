/* store/admin_token.c - sql/common/admin_token.sql, one transaction with its audit row each. */
#include "config.h"

#include "db/query.h"
#include "store/admin_token.h"
#include "store/audit.h"
#include "store/page.h"
#include "store/scope.h"
#include "store/sql.h"

#define NO_TOKEN "No such admin token"

static bool create_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct admin_token *token = *(const struct admin_token **)arg;

	return db_write(db, SQL_ROW(admin_token_insert, &admin_token_schema, token), NULL, err_r);
}

bool store_admin_token_create(struct db *db, const struct audit_event *event,
			      const struct admin_token *token, struct err *err_r)
{
	return store_commit(db, event, create_tx, &token, err_r);
}

bool store_admin_token_by_hash(struct db *db, const char *hash, struct arena *arena,
			       struct admin_token *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(admin_token_by_hash, .token_hash = db_text(hash)),
		      &admin_token_schema, arena, out, NO_TOKEN, err_r);
}

bool store_admin_token_get(struct db *db, struct scope scope, const char *id, int64_t now,
			   struct arena *arena, struct admin_token *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(admin_token_get, .id = db_text(id),
				   .scope_all = scope_all_param(scope), .now = db_time(now)),
		      &admin_token_schema, arena, out, NO_TOKEN, err_r);
}

bool store_admin_token_list(struct db *db, struct scope scope, const void *filter,
			    const struct page *page, struct arena *arena,
			    struct field_list *out, struct err *err_r)
{
	const struct admin_token_filter *f = filter;

	return db_list(db, SQL_ARGS(admin_token_list, .scope_all = scope_all_param(scope),
				    .include_inactive = db_bool(f->in->include_inactive),
				    .any_prefix = db_bool(!f->in->prefix),
				    .prefix = db_text(f->in->prefix), .now = db_time(f->now),
				    PAGE_ARGS(page)),
		       &admin_token_schema, arena, out, err_r);
}

bool store_admin_token_revoke(struct db *db, struct scope scope, const char *id,
			      const struct audit_event *event, int64_t now, struct err *err_r)
{
	return store_commit_one(db, event, SQL_ARGS(admin_token_revoke, .id = db_text(id),
						    .scope_all = scope_all_param(scope),
						    .now = db_time(now)),
				STORE_NO_ROW, NO_TOKEN, err_r);
}

static bool rotate_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct admin_token_rotation *r = arg;
	int64_t n;

	if (!db_write(db, SQL_ARGS(admin_token_replace, .id = db_text(r->id),
				   .scope_all = scope_all_param(r->scope),
				   .rotated_to = db_text(r->made->id), .now = db_time(r->now),
				   .at_once = db_bool(r->until <= r->now),
				   .until = db_time(r->until)), &n, err_r))
		return false;
	if (n == 0)
		return err_set(err_r, ERR_CONFLICT, "The admin token is revoked, has expired or was "
			       "rotated already: rotate the one that replaced it, or make another");
	return db_write(db, SQL_ROW(admin_token_insert, &admin_token_schema, r->made), NULL, err_r);
}

bool store_admin_token_rotate(struct db *db, const struct audit_event *event,
			      const struct admin_token_rotation *r, struct err *err_r)
{
	struct admin_token_rotation copy = *r;

	return store_commit(db, event, rotate_tx, &copy, err_r);
}

bool store_provisioned_add(struct db *db, const struct provisioned_key *p, struct err *err_r)
{
	return db_write(db, SQL_ROW(provisioned_insert, &provisioned_key_row_schema, p), NULL, err_r);
}

bool store_provisioned_rotate(struct db *db, const char *id, const char *new_id, int64_t now,
			      struct err *err_r)
{
	return db_write(db, SQL_ARGS(provisioned_rotate, .id = db_text(id), .new_id = db_text(new_id),
				     .now = db_time(now)), NULL, err_r);
}

bool store_provisioned_list(struct db *db, struct scope scope, const void *filter,
			    const struct page *page, struct arena *arena,
			    struct field_list *out, struct err *err_r)
{
	const struct provisioned_filter *f = filter;
	int64_t from = f->in->from == TIME_NONE ? 0 : f->in->from;
	int64_t to = f->in->to == TIME_NONE ? TIME_LAST : f->in->to;

	return db_list(db, SQL_ARGS(provisioned_list, .scope_all = scope_all_param(scope),
				    .any_token = db_bool(!f->in->token_id),
				    .token_id = db_text(f->in->token_id), .from = db_time(from),
				    .to = db_time(to), .now = db_time(f->now), PAGE_ARGS(page)),
		       &provisioned_key_row_schema, arena, out, err_r);
}
