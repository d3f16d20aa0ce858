/* store/system_secret.c - sql/common/system_secret.sql. */
#include "config.h"

#include "db/query.h"
#include "store/audit.h"
#include "store/sql.h"
#include "store/system_secret.h"

#define NO_SECRET "There is no secret of this name"

bool store_system_secret_list(struct db *db, const char *after, int64_t limit,
			      struct arena *arena, struct field_list *out, struct err *err_r)
{
	return db_list(db, SQL_ARGS(system_secret_list, .after = db_text(after),
				    .limit = db_int(limit)),
		       &system_secret_schema, arena, out, err_r);
}

bool store_system_secret_get(struct db *db, const char *name, struct arena *arena,
			     struct system_secret *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(system_secret_get, .name = db_text(name)),
		      &system_secret_schema, arena, out, NO_SECRET, err_r);
}

bool store_system_secret_set(struct db *db, const struct audit_event *event,
			     const struct system_secret *s, struct arena *arena,
			     struct system_secret *out, struct err *err_r)
{
	return store_commit_one(db, event, SQL_ROW(system_secret_set, &system_secret_schema, s),
				&system_secret_schema, arena, out, NO_SECRET, err_r);
}

bool store_system_secret_delete(struct db *db, const struct audit_event *event,
				const char *name, struct arena *arena, struct system_secret *out,
				struct err *err_r)
{
	return store_commit_one(db, event, SQL_ARGS(system_secret_delete, .name = db_text(name)),
				&system_secret_schema, arena, out, NO_SECRET, err_r);
}

bool store_system_secret_note(struct db *db, const struct audit_event *event,
			      struct err *err_r)
{
	return store_commit(db, event, NULL, NULL, err_r);
}
