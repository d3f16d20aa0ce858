/*
 * model/scope.h - whose rows a call may read and change. Each call on rows that
 * have an owner takes one; op/scope.h makes it from the credential, and
 * store/scope.h puts it into the statement. (The scopes of an API key are another
 * thing: words that mean something to upstreams.)
 */
#ifndef PIERRE_MODEL_SCOPE_H
#define PIERRE_MODEL_SCOPE_H

#include <stdbool.h>

enum scope_kind {
	SCOPE_NOBODY,   /* no row: what a scope is until it is made */
	SCOPE_USER,     /* rows of the user `id`; of what belongs to a tenant, those in tenant_id */
	SCOPE_TENANT,   /* rows of the tenant `id` */
	SCOPE_ALL,      /* rows of all users: for the shell and administrators */
};
struct scope {
	enum scope_kind kind;
	const char *id;
	const char *tenant_id;   /* of SCOPE_USER */
	bool all_tenants;        /* of SCOPE_USER: in whichever tenant they are */
};

#endif
