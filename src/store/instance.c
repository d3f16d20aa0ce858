/*
 * store/instance.c - the one row that says what this database is, and the setup
 * of the first admin, which spends a token kept there.
 */
#include "config.h"

#include "db/query.h"
#include "store/audit.h"
#include "store/instance.h"
#include "store/sql.h"
#include "store/user.h"

bool store_instance_get(struct db *db, struct arena *arena, struct instance *out,
			struct err *err_r)
{
	return db_get(db, SQL_ARGS(instance_get), &instance_schema, arena, out,
		      "The database has no identity yet; `pierre serve` gives it one",
		      err_r);
}

bool store_instance_ensure(struct db *db, const struct audit_event *event,
			   const char *database_id, struct arena *arena,
			   struct instance *out, struct err *err_r)
{
	if (store_instance_get(db, arena, out, err_r))
		return true;
	if (err_r->kind != ERR_NOT_FOUND)
		return false;
	if (store_commit_one(db, event, SQL_ARGS(instance_insert,
						 .database_id = db_text(database_id),
						 .now = db_time(event->timestamp)),
			     &instance_schema, arena, out, "", err_r))
		return true;
	/* another process was first */
	return err_r->kind == ERR_CONFLICT && store_instance_get(db, arena, out, err_r);
}

bool store_instance_key_check(struct db *db, const struct audit_event *event,
			      const char *key_check, struct arena *arena,
			      struct instance *out, struct err *err_r)
{
	if (store_commit_one(db, event, SQL_ARGS(instance_set_key_check,
						 .key_check = db_text(key_check)),
			     &instance_schema, arena, out, "There is a key check already", err_r))
		return true;
	return err_r->kind == ERR_NOT_FOUND && store_instance_get(db, arena, out, err_r);
}

static bool refuse_if_admin(struct db *db, struct err *err_r)
{
	bool exists;

	if (!store_admin_exists(db, &exists, err_r))
		return false;
	return !exists || err_set(err_r, ERR_CONFLICT, "An admin already exists");
}

struct setup {
	const char *token_hash;
	int64_t at;                 /* end of the token, or now */
	const struct user *admin;   /* NULL: only the token is written */
};

static bool set_token(struct db *db, void *arg, struct err *err_r)
{
	const struct setup *s = arg;

	return db_write(db, SQL_ARGS(instance_lock), NULL, err_r) &&
	       refuse_if_admin(db, err_r) &&
	       db_write(db, SQL_ARGS(instance_set_setup_token, .hash = db_text(s->token_hash),
				     .expires_at = db_time(s->at)), NULL, err_r);
}

bool store_setup_token(struct db *db, const struct audit_event *event,
		       const char *hash, int64_t expires_at, struct err *err_r)
{
	struct setup s = { hash, expires_at, NULL };

	return store_commit(db, event, set_token, &s, err_r);
}

static bool setup_admin(struct db *db, void *arg, struct err *err_r)
{
	const struct setup *s = arg;
	int64_t spent;

	if (!db_write(db, SQL_ARGS(instance_lock), NULL, err_r) ||
	    !refuse_if_admin(db, err_r) ||
	    !db_write(db, SQL_ARGS(instance_spend_setup_token, .hash = db_text(s->token_hash),
				   .now = db_time(s->at)), &spent, err_r))
		return false;
	if (spent == 0)
		return err_field(err_r, ERR_AUTH_INVALID, "setup_token",
				 "The setup token is wrong, spent or too old; "
				 "`pierre admin setup-token` prints a new one");
	return store_user_add(db, s->admin, err_r);
}

bool store_admin_setup(struct db *db, const struct audit_event *event,
		       const char *token_hash, const struct user *admin,
		       struct err *err_r)
{
	struct setup s = { token_hash, event->timestamp, admin };

	return store_commit(db, event, setup_admin, &s, err_r);
}
