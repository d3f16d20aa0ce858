/*
 * model/tenant_role.h - what a member may do in a tenant: a role is a set of
 * permissions. It is no order: billing and member each have what the other has not.
 */
#ifndef PIERRE_MODEL_TENANT_ROLE_H
#define PIERRE_MODEL_TENANT_ROLE_H

#include <stdbool.h>

/* Bits. A route names one (struct route), a change asks for it again under its lock. */
enum tenant_permission {
	TENANT_READ        = 1 << 0,   /* see the tenant, its members and its data */
	TENANT_WRITE_DATA  = 1 << 1,   /* change data; make keys and clients */
	TENANT_USAGE       = 1 << 2,   /* see what all members used */
	TENANT_MEMBERS     = 1 << 3,   /* name, members, roles below owner, invitations */
	TENANT_AUDIT       = 1 << 4,   /* read the tenant's audit trail */
	TENANT_CREDENTIALS = 1 << 5,   /* set the tenant's own credentials at providers */
	TENANT_DELETE      = 1 << 6,   /* delete the tenant */
	TENANT_OWN         = 1 << 7,   /* make owners, and act on them */
};

struct tenant_role {
	const char *name;
	unsigned may;
};
extern const struct tenant_role tenant_roles[];   /* name NULL ends them */
extern const char *const tenant_role_words[], *const invited_role_words[];
#define TENANT_OWNER "owner"

/* The permissions of a role; none for a name that is NULL or no role. */
unsigned tenant_role_may(const char *name);
/* The word for a permission, the first one of several: "members". */
const char *tenant_permission_name(unsigned permission);

#endif
