/*
 * resource/routes.h - the table of routes of each resource. routes.c lists
 * them; a new resource is one line here and one there.
 */
#ifndef PIERRE_RESOURCE_ROUTES_H
#define PIERRE_RESOURCE_ROUTES_H

#include "http/route.h"

extern const struct route health_routes[];
extern const struct route verify_routes[];
extern const struct route auth_routes[];
extern const struct route session_routes[];
extern const struct route key_routes[];
extern const struct route usage_routes[];
extern const struct route admin_routes[];
extern const struct route provision_routes[];

#endif
