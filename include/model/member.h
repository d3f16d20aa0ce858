/*
 * model/member.h - who belongs to a tenant, and who is invited to.
 */
#ifndef PIERRE_MODEL_MEMBER_H
#define PIERRE_MODEL_MEMBER_H

#include "base/field.h"

struct member {
	const char *tenant_id, *user_id, *email, *display_name, *user_status;
	const char *role;
	const char *invited_by;        /* NULL = made the tenant, or is not known */
	int64_t joined_at;
};
extern const struct field_schema member_schema;   /* "Member" */
extern const struct field_schema member_patch_schema;

struct invitation {
	const char *id, *tenant_id;
	const char *email_key;         /* canonical form (store/email.h) */
	const char *role;
	const char *token_hash;        /* FIELD_PRIVATE */
	const char *invited_by;
	int64_t expires_at, accepted_at;
	const char *accepted_by;
	int64_t created_at;
	const char *state;             /* pending | accepted | expired, by the clock */
	/* of bodies and the reply that makes it */
	const char *email, *invitation_token;
};
extern const struct field_schema invitation_schema;   /* "Invitation" */
#define INVITATION_MADE FIELD_OWN_VIEW(0)
#define INVITATION_ACCEPT FIELD_OWN_VIEW(1)
extern const struct field_schema invitation_create_schema, invitation_made_schema,
	invitation_accept_schema;

#endif
