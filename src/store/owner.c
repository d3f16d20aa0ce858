/*
 * store/owner.c - the owner of a session or key, read in the same row as it:
 * one SELECT judges a credential. Knows no rule about status; that is op/.
 */
#include "config.h"

#include "store/owner.h"

#define OWNER(member, kind) \
	FIELD(struct user, member, kind, 0, NULL, .column = "owner_" #member)

static const struct field owner_fields[] = {
	OWNER(id, UUID),
	OWNER(email, TEXT),
	OWNER(email_key, TEXT),
	OWNER(display_name, TEXT),
	OWNER(tier, TEXT),
	OWNER(tenant_id, UUID),
	OWNER(user_status, TEXT),
	OWNER(is_admin, BOOL),
	OWNER(approved_by, UUID),
	OWNER(approved_at, TIME),
	OWNER(created_at, TIME),
	OWNER(updated_at, TIME),
	OWNER(last_active, TIME),
	{ 0 },
};
const struct field_schema owner_schema = FIELD_SCHEMA("Owner", struct user, owner_fields);

bool store_owner_get(struct db *db, int stmt, const struct db_value *args, size_t n,
		     const struct field_schema *schema, struct arena *arena, void *out,
		     struct user *owner_r, const char *absent, struct err *err_r)
{
	enum db_rc rc = db_query(db, stmt, args, n, err_r);
	bool done;

	if (rc == DB_OK)
		return err_set(err_r, ERR_NOT_FOUND, "%s", absent);
	if (rc != DB_ROW)
		return false;
	owner_r->password_hash = NULL;
	done = db_read(db, schema, arena, out, err_r) &&
		db_read(db, &owner_schema, arena, owner_r, err_r);
	db_finish(db);
	return done;
}
