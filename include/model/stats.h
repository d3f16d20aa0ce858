/* model/stats.h - how much there is of everything, for administrators. */
#ifndef PIERRE_MODEL_STATS_H
#define PIERRE_MODEL_STATS_H

#include "base/field.h"

struct user_stats {
	int64_t total, pending, active, suspended;
};
struct key_stats {
	int64_t total, active, expired, revoked;   /* a revoked one is not expired too */
};
/* Of users at providers, by state (model/connection.h); those that have ended are not there. */
struct connection_stats {
	int64_t total, ok, refreshing, uncertain, degraded, reauth_required, retired, unidentified;
};
struct stats {
	const struct user_stats *users;
	const struct key_stats *api_keys;
	const struct connection_stats *connections;
	int64_t tenants;                           /* of many users, and not deleted */
};
extern const struct field_schema user_stats_schema, key_stats_schema, connection_stats_schema,
	stats_schema;

#endif
