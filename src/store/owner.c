/*
 * store/owner.c - the owner of a session or key, read in the same row as it, so that one
 * SELECT is enough for a credential; or locked. What a status allows is decided in op/.
 */
#include "config.h"

#include "base/str.h"
#include "db/query.h"
#include "store/owner.h"
#include "store/scope.h"
#include "store/sql.h"

bool store_owner_get(struct db *db, int stmt, const struct db_value *args, size_t n,
		     const struct field_schema *schema, struct arena *arena, void *out,
		     struct user *owner_r, struct tenant_place *place_r, const char *absent,
		     struct err *err_r)
{
	enum db_rc rc = db_query(db, stmt, args, n, err_r);
	bool done;

	if (rc == DB_OK)
		return err_set(err_r, ERR_NOT_FOUND, "%s", absent);
	if (rc != DB_ROW)
		return false;
	owner_r->password_hash = NULL;
	done = db_read(db, schema, arena, out, err_r) &&
		db_read(db, &owner_schema, arena, owner_r, err_r) &&
		db_read(db, &place_schema, arena, place_r, err_r);
	db_finish(db);
	return done;
}

bool store_owner_lock(struct db *db, struct scope scope, const char *user_id,
		      char tier_r[OWNER_WORD], char status_r[OWNER_WORD], struct err *err_r)
{
	enum db_rc rc = db_query(db, SQL_ARGS(key_owner_lock, .user_id = db_text(user_id),
					      SCOPE_ARGS(scope)), err_r);

	if (rc == DB_OK)
		return err_set(err_r, ERR_NOT_FOUND, "No user found");
	if (rc != DB_ROW)
		return false;
	str_copy(tier_r, OWNER_WORD, db_column_text(db, 0));
	str_copy(status_r, OWNER_WORD, db_column_text(db, 1));
	db_finish(db);
	return true;
}
