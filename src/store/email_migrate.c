/*
 * store/email_migrate.c - the function of migration 0008. The rows of failed
 * logins stay under the older keys, until they are forgotten.
 */
#include "config.h"

#include "db/query.h"
#include "store/email.h"
#include "store/sql.h"
#include "store/user.h"

static const struct field spelling_fields[] = {
	FIELD(struct user, id, UUID, 0, NULL),
	FIELD(struct user, email, TEXT, 0, NULL),
	{ 0 },
};
const struct field_schema spelling_schema =
	FIELD_SCHEMA("Spelling", struct user, spelling_fields);

/* An address that is not taken now keeps its key. */
static bool share(struct db *db, struct arena *arena, const struct user *user,
		  struct err *err_r)
{
	const char *key;
	struct err refused;

	if (!email_canonical(arena, user->email, &key, &refused))
		return true;
	return db_write(db, SQL_ARGS(user_set_shared, .id = db_text(user->id),
				     .email_key = db_text(key)), NULL, err_r);
}

/* All are shared at first, and then those that are alone taken. */
static bool convert(struct db *db, struct arena *arena, struct err *err_r)
{
	struct field_list list;

	if (!db_list(db, SQL_ARGS(user_list_not_ascii), &spelling_schema, arena, &list,
		     err_r))
		return false;
	for (size_t i = 0; i < list.n; i++)
		if (!share(db, arena, (const struct user *)list.items + i, err_r))
			return false;
	return db_write(db, SQL_ARGS(user_take_shared), NULL, err_r);
}

bool migrate_email_keys(struct db *db, void *arg, struct err *err_r)
{
	struct arena *arena = arena_new();
	bool done = convert(db, arena, err_r);

	(void)arg;
	arena_free(&arena);
	return done;
}
