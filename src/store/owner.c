/*
 * store/owner.c - the owner of a session or key, read in the same row as it, so that one
 * SELECT is enough for a credential. What a status allows is decided in op/.
 */
#include "config.h"

#include "db/query.h"
#include "store/owner.h"

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
