/* store/stats.h - counting rows: with SCOPE_ALL all of them, else none. */
#ifndef PIERRE_STORE_STATS_H
#define PIERRE_STORE_STATS_H

#include "base/arena.h"
#include "base/err.h"
#include "model/scope.h"
#include "model/stats.h"

struct db;

bool store_stats(struct db *db, struct scope scope, int64_t now, struct arena *arena,
		 struct stats *out, struct err *err_r);
bool store_stats_connections(struct db *db, struct scope scope, struct arena *arena,
			     struct connection_stats *out, struct err *err_r);

#endif
