/*
 * The one list of all routes: dispatch, the OpenAPI document and nginx's
 * split into pools read it. Nothing else belongs here.
 */
#include "config.h"

#include "resource/call.h"
#include "resource/routes.h"

const struct route *const route_tables[] = {
	health_routes,
	verify_routes,
	auth_routes,
	session_routes,
	key_routes,
	usage_routes,
	admin_routes,
	provision_routes,
	NULL,
};
