/*
 * resource/routes.h - the one list of all routes: a resource is its line here, and
 * NAME_routes in its file. Dispatch, the OpenAPI document and nginx's split into pools
 * read them.
 */
#ifndef PIERRE_RESOURCE_ROUTES_H
#define PIERRE_RESOURCE_ROUTES_H

#include "http/route.h"

#define ROUTES(OF) \
	OF(health) \
	OF(verify) \
	OF(auth) \
	OF(session) \
	OF(user) \
	OF(key) \
	OF(usage) \
	OF(audit) \
	OF(tenant) \
	OF(member) \
	OF(tenant_admin) \
	OF(admin) \
	OF(stats) \
	OF(admin_token) \
	OF(password_reset) \
	OF(provider_app) \
	OF(connection) \
	OF(connect) \
	OF(proxy) \
	OF(provision) \
	OF(key_admin)

#define ROUTES_OF(name) extern const struct route name##_routes[];
ROUTES(ROUTES_OF)

#endif
