/* model/member.c - fields of a member and of an invitation. */
#include "config.h"

#include "model/member.h"
#include "model/tenant_role.h"
#include "model/user.h"

static const struct field member_fields[] = {
	FIELD(struct member, tenant_id, UUID, FIELD_PRIVATE, NULL),
	FIELD(struct member, user_id, UUID, 0, "The user"),
	FIELD(struct member, email, TEXT, 0, "The user's address"),
	FIELD(struct member, display_name, TEXT, FIELD_NULLABLE, "What to call the person"),
	FIELD(struct member, user_status, TEXT, 0, "pending, active or suspended",
	      .values = user_status_words),
	FIELD(struct member, role, TEXT, FIELD_MUST(FIELD_PATCH) | FIELD_AUDIT,
	      "What the member may do here: viewer reads; member also changes data; billing reads, and "
	      "sees what was used; admin may all but delete the tenant and act on owners; owner all",
	      .values = tenant_role_words),
	FIELD(struct member, invited_by, UUID, FIELD_NULLABLE, "Who invited"),
	FIELD(struct member, joined_at, TIME, 0, "Since when"),
	{ 0 },
};
const struct field_schema member_schema = FIELD_SCHEMA("Member", struct member, member_fields);
const struct field_schema member_patch_schema =
	FIELD_VIEW("MemberPatch", struct member, member_fields, FIELD_PATCH);

static const char *const state_words[] = { "pending", "accepted", "expired", NULL };

static const struct field invitation_fields[] = {
	FIELD_AS("invitation_id", struct invitation, id, UUID, INVITATION_MADE, "The invitation",
		 .column = "id"),
	FIELD(struct invitation, tenant_id, UUID, INVITATION_MADE, "The tenant"),
	FIELD_AS("email", struct invitation, email_key, TEXT, INVITATION_MADE | FIELD_AUDIT,
		 "Only the account with this address may accept", .column = "email_key"),
	FIELD(struct invitation, email, TEXT, FIELD_INPUT | FIELD_MUST(FIELD_CREATE),
	      "Address of the account that may accept; it need not exist yet", .min = 1,
	      .max = EMAIL_MAX),
	FIELD(struct invitation, role, TEXT, FIELD_MUST(FIELD_CREATE) | INVITATION_MADE | FIELD_AUDIT,
	      "What the account becomes here; an owner is made of a member",
	      .values = invited_role_words),
	FIELD(struct invitation, token_hash, TEXT, FIELD_PRIVATE, NULL),
	FIELD(struct invitation, invitation_token, TEXT, FIELD_SECRET | FIELD_INPUT |
	      INVITATION_MADE | FIELD_MUST(INVITATION_ACCEPT),
	      "Shown this once: hand it over, Pierre sends no mail"),
	FIELD(struct invitation, invited_by, UUID, 0, "Who invited"),
	FIELD(struct invitation, state, TEXT, 0, "pending, accepted or expired", .column = "",
	      .values = state_words),
	FIELD(struct invitation, expires_at, TIME, INVITATION_MADE, "It cannot be accepted from here on"),
	FIELD(struct invitation, accepted_at, TIME, FIELD_NULLABLE, "When it was accepted"),
	FIELD(struct invitation, accepted_by, UUID, FIELD_NULLABLE, "The account that accepted"),
	FIELD(struct invitation, created_at, TIME, INVITATION_MADE, "When it was made"),
	{ 0 },
};
const struct field_schema invitation_schema =
	FIELD_SCHEMA("Invitation", struct invitation, invitation_fields);
const struct field_schema invitation_create_schema =
	FIELD_VIEW("InvitationCreate", struct invitation, invitation_fields, FIELD_CREATE);
const struct field_schema invitation_made_schema =
	FIELD_VIEW("InvitationMade", struct invitation, invitation_fields, INVITATION_MADE);
const struct field_schema invitation_accept_schema =
	FIELD_VIEW("InvitationAccept", struct invitation, invitation_fields, INVITATION_ACCEPT);
