/* store/password_reset.c - sql/common/password_reset.sql. */
#include "config.h"

#include "db/query.h"
#include "store/audit.h"
#include "store/login_failure.h"
#include "store/password_reset.h"
#include "store/scope.h"
#include "store/sql.h"

#define NO_USER "No user found"
#define NO_RESET "No such reset token"

static bool create_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct password_reset_new *n = arg;
	const struct password_reset *r = n->reset;
	struct user user;

	return db_get(db, SQL_ARGS(user_touch, .id = db_text(r->user_id),
				   .scope_all = scope_all_param(n->scope),
				   .now = db_time(r->created_at)),
		      &user_schema, n->arena, &user, NO_USER, err_r) &&
	       n->judge(&user, n->arg, err_r) &&
	       db_write(db, SQL_ROW(password_reset_insert, &password_reset_schema, r), NULL, err_r);
}

bool store_password_reset_create(struct db *db, const struct audit_event *event,
				 const struct password_reset_new *n, struct err *err_r)
{
	struct password_reset_new copy = *n;

	return store_commit(db, event, create_tx, &copy, err_r);
}

bool store_password_reset_by_hash(struct db *db, const char *hash, struct arena *arena,
				  struct password_reset *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(password_reset_by_hash, .token_hash = db_text(hash)),
		      &password_reset_schema, arena, out, NO_RESET, err_r);
}

static bool spend_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct password_reset_spend *s = arg;
	const char *user_id = s->reset->user_id;

	return db_write_one(db, SQL_ARGS(password_reset_spend,
					 .token_hash = db_text(s->reset->token_hash),
					 .now = db_time(s->now)), NO_RESET, err_r) &&
	       db_write_one(db, SQL_ARGS(password_reset_password, .user_id = db_text(user_id),
					 .new_hash = db_text(s->new_hash),
					 .now = db_time(s->now)), NO_USER, err_r) &&
	       store_login_failure_apply(db, s->failures, err_r) &&
	       db_write(db, SQL_ARGS(password_reset_others, .user_id = db_text(user_id)), NULL,
			err_r) &&
	       db_write(db, SQL_ARGS(password_reset_sessions, .user_id = db_text(user_id)), NULL,
			err_r);
}

bool store_password_reset_spend(struct db *db, const struct audit_event *event,
				const struct password_reset_spend *s, struct err *err_r)
{
	struct password_reset_spend copy = *s;

	return store_commit(db, event, spend_tx, &copy, err_r);
}
