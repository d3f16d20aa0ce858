/* model/tenant_role.c - the roles of tenants, their permissions, their words. */
#include "config.h"

#include "base/str.h"
#include "model/tenant_role.h"

#define VIEWER TENANT_READ
#define MEMBER (VIEWER | TENANT_WRITE_DATA)
#define ADMIN (MEMBER | TENANT_USAGE | TENANT_MEMBERS | TENANT_AUDIT | TENANT_CREDENTIALS)

#define INVITED(ROLE) \
	ROLE("admin", ADMIN) \
	ROLE("member", MEMBER) \
	ROLE("viewer", VIEWER) \
	ROLE("billing", TENANT_READ | TENANT_USAGE)
#define ROLES(ROLE) \
	ROLE(TENANT_OWNER, ADMIN | TENANT_DELETE | TENANT_OWN) \
	INVITED(ROLE)
#define ROW(name, may) { name, may },
#define WORD(name, may) name,

const struct tenant_role tenant_roles[] = { ROLES(ROW) { NULL, 0 } };
const char *const tenant_role_words[] = { ROLES(WORD) NULL };
const char *const invited_role_words[] = { INVITED(WORD) NULL };

static const char *const permissions[] = {
	"read", "write_data", "usage", "members", "audit", "credentials", "delete", "own",
};

unsigned tenant_role_may(const char *name)
{
	const struct tenant_role *role = tenant_roles;

	while (role->name && !str_eq(role->name, name))
		role++;
	return role->may;
}

const char *tenant_permission_name(unsigned permission)
{
	for (unsigned i = 0; i < sizeof(permissions) / sizeof(permissions[0]); i++)
		if (permission & 1U << i)
			return permissions[i];
	return "";
}
