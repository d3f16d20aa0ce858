/* model/stats.c - fields of the numbers. */
#include "config.h"

#include "model/stats.h"

static const struct field user_stats_fields[] = {
	FIELD(struct user_stats, total, INT, 0, "All accounts"),
	FIELD(struct user_stats, pending, INT, 0, "Those that wait for approval"),
	FIELD(struct user_stats, active, INT, 0, "Those that may log in"),
	FIELD(struct user_stats, suspended, INT, 0, "Those that are suspended"),
	{ 0 },
};
const struct field_schema user_stats_schema =
	FIELD_SCHEMA("UserStats", struct user_stats, user_stats_fields);

static const struct field key_stats_fields[] = {
	FIELD(struct key_stats, total, INT, 0, "All API keys"),
	FIELD(struct key_stats, active, INT, 0, "Neither revoked nor expired"),
	FIELD(struct key_stats, expired, INT, 0, "Past their end, and not revoked"),
	FIELD(struct key_stats, revoked, INT, 0, "Revoked"),
	{ 0 },
};
const struct field_schema key_stats_schema =
	FIELD_SCHEMA("KeyStats", struct key_stats, key_stats_fields);

static const struct field connection_stats_fields[] = {
	FIELD(struct connection_stats, total, INT, 0, "All connections of users to providers"),
	FIELD(struct connection_stats, ok, INT, 0, "Tokens can be given out"),
	FIELD(struct connection_stats, refreshing, INT, 0, "A refresh is under way"),
	FIELD(struct connection_stats, uncertain, INT, 0, "The refresh token may be spent"),
	FIELD(struct connection_stats, degraded, INT, 0, "The last refresh failed; it is tried again"),
	FIELD(struct connection_stats, reauth_required, INT, 0, "The user must connect again"),
	FIELD(struct connection_stats, retired, INT, 0, "The provider has ended"),
	FIELD(struct connection_stats, unidentified, INT, 0, "Not known yet whose account it is"),
	{ 0 },
};
const struct field_schema connection_stats_schema =
	FIELD_SCHEMA("ConnectionStats", struct connection_stats, connection_stats_fields);

static const struct field stats_fields[] = {
	FIELD(struct stats, users, OBJECT, 0, "Accounts", .schema = &user_stats_schema),
	FIELD(struct stats, api_keys, OBJECT, 0, "API keys", .schema = &key_stats_schema),
	FIELD(struct stats, connections, OBJECT, 0, "Connections to providers",
	      .schema = &connection_stats_schema),
	FIELD(struct stats, tenants, INT, 0,
	      "Tenants that are not deleted, without the personal one of each user"),
	{ 0 },
};
const struct field_schema stats_schema = FIELD_SCHEMA("Stats", struct stats, stats_fields);
