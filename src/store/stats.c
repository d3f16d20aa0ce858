/* store/stats.c - sql/common/stats.sql. */
#include "config.h"

#include "db/query.h"
#include "store/scope.h"
#include "store/sql.h"
#include "store/stats.h"

#define NO_ROW "Nothing was counted"

bool store_stats(struct db *db, struct scope scope, int64_t now, struct arena *arena,
		 struct stats *out, struct err *err_r)
{
	struct user_stats *users = arena_new_struct(arena, struct user_stats);
	struct key_stats *keys = arena_new_struct(arena, struct key_stats);

	*out = (struct stats){ .users = users, .api_keys = keys };
	return db_get(db, SQL_ARGS(stats_users, .scope_all = scope_all_param(scope)),
		      &user_stats_schema, arena, users, NO_ROW, err_r) &&
	       db_get(db, SQL_ARGS(stats_keys, .scope_all = scope_all_param(scope),
				   .now = db_time(now)),
		      &key_stats_schema, arena, keys, NO_ROW, err_r) &&
	       db_number(db, SQL_ARGS(stats_tenants, .scope_all = scope_all_param(scope)),
			 &out->tenants, err_r);
}
