/*
 * store/constraint.c - which JSON field a violated constraint means: those of
 * 0001 to 0008, and those that sql/schema/ names.
 * Ids are made by the program; a conflict on one is not the client's fault,
 * and its row is here for the sentence.
 */
#include "config.h"

#include "store/constraint.h"

const struct db_constraint store_constraints[] = {
	{ "users_email_key_key", "users.email_key", "email", EMAIL_TAKEN },
	{ "users_pkey", "users.id", "id", "A user with this id already exists" },
	{ "tenants_slug_key", "tenants.slug", "tenant_slug",
	  "A tenant with this slug already exists" },
	{ "tenants_pkey", "tenants.id", "tenant_id", "A tenant with this id already exists" },
	{ "tenant_users_pkey", "tenant_users.tenant_id, tenant_users.user_id", "user_id",
	  "The user is a member of this tenant already: change the role" },
	{ "sessions_pkey", "sessions.id", "session_id",
	  "A session with this id already exists" },
	{ "sessions_access_hash_key", "sessions.access_hash", "access_token",
	  "This access token was drawn twice" },
	{ "login_failures_pkey", "login_failures.account_hash, login_failures.network",
	  "email", "Another login to this account from this network is being judged" },
	{ "api_keys_key_prefix_key", "api_keys.key_prefix", "key_prefix",
	  "An API key with this public id already exists" },
	{ "api_keys_pkey", "api_keys.id", "id", "An API key with this id already exists" },
	{ "audit_events_pkey", "audit_events.id", "audit_events.id",
	  "This change was already written down" },
	{ "changes_pkey", "changes.position, changes.subject", "changes",
	  "This change was already noted" },
	{ "instance_pkey", "instance.id", "instance",
	  "The database has its identity already" },
	{ "known_time_pkey", "known_time.id", "known_time",
	  "The time was made known by another process" },
	{ "quota_leases_pkey",
	  "quota_leases.subject, quota_leases.kind, quota_leases.window_id",
	  "limit", "This limit is being leased by another process" },
	{ "budget_windows_pkey",
	  "budget_windows.subject, budget_windows.part, budget_windows.seconds, budget_windows.window_id",
	  "budget", "This budget is being taken from by another process" },
	{ "usage_counters_pkey",
	  "usage_counters.key_id, usage_counters.hour_at, usage_counters.route",
	  "usage", "This hour is being counted by another process" },
	{ "usage_routes_pkey", "usage_routes.key_id, usage_routes.month_at, usage_routes.route",
	  "usage", "This route is being counted by another process" },
	{ "usage_positions_pkey",
	  "usage_positions.month_at, usage_positions.host_id, usage_positions.ring",
	  "usage", "This ring is being recorded by another process" },
#include "store/constraint_rows.h"   /* of sql/schema/, written beside each constraint */
	{ .pgsql = NULL },
};
