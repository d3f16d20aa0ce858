/* resource/routes.c - the list of resource/routes.h as a table. */
#include "config.h"

#include "resource/call.h"
#include "resource/routes.h"

#define TABLE(name) name##_routes,
const struct route *const route_tables[] = { ROUTES(TABLE) NULL };
