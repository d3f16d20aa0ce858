/*
 * store/scope.h - a scope (model/scope.h) as parameters of a statement, which holds
 * it itself, in one of these forms on both backends:
 *   user_id = :scope_user                    rows of one user; of every other kind: none
 *   (user_id = :scope_user OR :scope_all)    the same, or with SCOPE_ALL the row of any user
 *   :scope_all                               with SCOPE_ALL any row; of every other kind: none
 *   (tenant_id = :scope_tenant OR :scope_all)  rows of one tenant, or with SCOPE_ALL of any
 * What a user has in a tenant is of the tenant of the scope, beside the first two:
 *   (COALESCE(tenant_id, user_id) = :scope_place OR :scope_places)
 * What a user, a tenant or the server has:
 *   (user_id = :scope_user OR tenant_id = :scope_tenant OR (owner = 'server' AND :scope_all))
 * With OR the row is found by its id, so its index is used either way. No
 * NULL ever means "all". tests/lint/sql_scope.t has the statements without.
 */
#ifndef PIERRE_STORE_SCOPE_H
#define PIERRE_STORE_SCOPE_H

#include "db/value.h"
#include "model/scope.h"

/* The two parameters, and both at once. */
static inline struct db_value scope_user_param(struct scope s)
{
	return db_text(s.kind == SCOPE_USER ? s.id : NULL);
}
static inline struct db_value scope_all_param(struct scope s)
{
	return db_bool(s.kind == SCOPE_ALL);
}
static inline struct db_value scope_tenant_param(struct scope s)
{
	return db_text(s.kind == SCOPE_TENANT ? s.id : NULL);
}
static inline struct db_value scope_place_param(struct scope s)
{
	return db_text(s.kind == SCOPE_USER ? s.tenant_id : NULL);
}
static inline struct db_value scope_places_param(struct scope s)
{
	return db_bool(s.kind == SCOPE_ALL || (s.kind == SCOPE_USER && s.all_tenants));
}
#define TENANT_ARGS(s) .scope_tenant = scope_tenant_param(s), .scope_all = scope_all_param(s)
#define PLACE_ARGS(s) .scope_place = scope_place_param(s), .scope_places = scope_places_param(s)
#define SCOPE_ARGS(s) .scope_user = scope_user_param(s), .scope_all = scope_all_param(s)

#endif
