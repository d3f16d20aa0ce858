/* store/stats.c - sql/common/stats.sql. */
#include "config.h"

#include "db/query.h"
#include "store/scope.h"
#include "store/sql.h"
#include "store/stats.h"

#define NO_ROW "Nothing was counted"

bool store_stats_connections(struct db *db, struct scope scope, struct arena *arena,
			     struct connection_stats *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(stats_connections, .scope_all = scope_all_param(scope)),
		      &connection_stats_schema, arena, out, NO_ROW, err_r);
}

bool store_stats(struct db *db, struct scope scope, int64_t now, struct arena *arena,
		 struct stats *out, struct err *err_r)
{
	struct user_stats *users = arena_new_struct(arena, struct user_stats);
	struct key_stats *keys = arena_new_struct(arena, struct key_stats);
	struct connection_stats *connections = arena_new_struct(arena, struct connection_stats);

	*out = (struct stats){ .users = users, .api_keys = keys, .connections = connections };
	return db_get(db, SQL_ARGS(stats_users, .scope_all = scope_all_param(scope)),
		      &user_stats_schema, arena, users, NO_ROW, err_r) &&
	       db_get(db, SQL_ARGS(stats_keys, .scope_all = scope_all_param(scope),
				   .now = db_time(now)),
		      &key_stats_schema, arena, keys, NO_ROW, err_r) &&
	       store_stats_connections(db, scope, arena, connections, err_r) &&
	       db_number(db, SQL_ARGS(stats_tenants, .scope_all = scope_all_param(scope)),
			 &out->tenants, err_r);
}
