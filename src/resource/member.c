/*
 * Members of a tenant and invitations. Rules: op/member.h.
 */
#include "config.h"

#include "model/tenant_role.h"
#include "op/member.h"
#include "resource/call.h"
#include "resource/list.h"
#include "resource/routes.h"

/* --- members -------------------------------------------------------------------------- */

static const struct field_schema member_list_schema =
	LIST_SCHEMA("MemberList", "members", member, "Who belongs to it, newest first");

static bool member_list(struct call *call, struct err *err_r)
{
	struct page_out out;

	if (!op_member_list(call->op, scope_tenant(call->op), call->params[0], call->query, &out, err_r))
		return false;
	return call_reply(call, &out);
}

static bool member_update(struct call *call, struct err *err_r)
{
	const struct member *in = call->in;
	struct member out;

	if (!op_member_set_role(call->op, scope_tenant(call->op), call->params[0], call->params[1],
				in->role, &out, err_r))
		return false;
	return call_reply(call, &out);
}

static bool member_delete(struct call *call, struct err *err_r)
{
	if (!op_member_remove(call->op, scope_tenant(call->op), call->params[0], call->params[1], err_r))
		return false;
	return call_reply(call, NULL);
}

/* --- invitations ---------------------------------------------------------------------- */

static bool invitation_create(struct call *call, struct err *err_r)
{
	struct invitation out;

	if (!op_invitation_create(call->op, scope_tenant(call->op), call->params[0], call->in, &out,
				  err_r))
		return false;
	return call_reply(call, &out);
}

static const struct field_schema invitation_list_schema =
	LIST_SCHEMA("InvitationList", "invitations", invitation, "Newest first, ended ones too");

static bool invitation_list(struct call *call, struct err *err_r)
{
	struct page_out out;

	if (!op_invitation_list(call->op, scope_tenant(call->op), call->params[0], call->query, &out,
				err_r))
		return false;
	return call_reply(call, &out);
}

static bool invitation_delete(struct call *call, struct err *err_r)
{
	if (!op_invitation_delete(call->op, scope_tenant(call->op), call->params[0], call->params[1],
				  err_r))
		return false;
	return call_reply(call, NULL);
}

static bool invitation_accept(struct call *call, struct err *err_r)
{
	const struct invitation *in = call->in;
	struct membership out;

	if (!op_invitation_accept(call->op, in->invitation_token, &out, err_r))
		return false;
	return call_reply(call, &out);
}

#define MEMBERS { PLACE_NAMED, TENANT_MEMBERS, "members" }
#define READ { PLACE_NAMED, TENANT_READ, "read" }

const struct route member_routes[] = {
	{ .method = HTTP_GET, .pattern = "/api/tenants/{id}/members", .label = "member_list",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION, .tenant = READ, .fn = member_list,
	  .query = &page_in_schema, .status = 200, .out = &member_list_schema,
	  .summary = "Who belongs to a tenant" },
	{ .method = HTTP_PATCH, .pattern = "/api/tenants/{id}/members/{user_id}",
	  .label = "member_update", .pool = POOL_SLOW, .guard = GUARD_SESSION, .tenant = MEMBERS,
	  .fn = member_update, .body_max = BODY_SMALL, .in = &member_patch_schema, .status = 200,
	  .out = &member_schema, .problems = ERR_BIT(ERR_CONFLICT),
	  .summary = "Give a member another role; owners are made and changed by owners" },
	{ .method = HTTP_DELETE, .pattern = "/api/tenants/{id}/members/{user_id}",
	  .label = "member_delete", .pool = POOL_SLOW, .guard = GUARD_SESSION, .tenant = READ,
	  .fn = member_delete, .status = 204, .problems = ERR_BIT(ERR_CONFLICT),
	  .summary = "Remove a member (with the permission members), or leave: sessions there end, and "
		     "keys there are revoked" },
	{ .method = HTTP_POST, .pattern = "/api/tenants/{id}/invitations",
	  .label = "invitation_create", .pool = POOL_SLOW, .guard = GUARD_SESSION,
	  .tenant = MEMBERS, .fn = invitation_create, .idempotent = true, .body_max = BODY_SMALL,
	  .in = &invitation_create_schema, .status = 201, .out = &invitation_made_schema,
	  .problems = ERR_BIT(ERR_CONFLICT),
	  .summary = "Invite an e-mail address; no mail is sent, the token is shown once" },
	{ .method = HTTP_GET, .pattern = "/api/tenants/{id}/invitations", .label = "invitation_list",
	  .pool = POOL_SLOW, .guard = GUARD_SESSION, .tenant = MEMBERS, .fn = invitation_list,
	  .query = &page_in_schema, .status = 200, .out = &invitation_list_schema,
	  .summary = "Who was invited" },
	{ .method = HTTP_DELETE, .pattern = "/api/tenants/{id}/invitations/{invitation_id}",
	  .label = "invitation_delete", .pool = POOL_SLOW, .guard = GUARD_SESSION,
	  .tenant = MEMBERS, .fn = invitation_delete, .status = 204,
	  .summary = "Take an invitation back" },
	{ .method = HTTP_POST, .pattern = "/api/tenants/invitations/accept",
	  .label = "invitation_accept", .pool = POOL_SLOW, .guard = GUARD_SESSION,
	  .fn = invitation_accept, .idempotent = true, .etag = ETAG_VERSION, .body_max = BODY_SMALL, .in = &invitation_accept_schema,
	  .status = 200, .out = &membership_schema,
	  .problems = ERR_BIT(ERR_NOT_FOUND) | ERR_BIT(ERR_CONFLICT),
	  .summary = "Join a tenant by the token of an invitation to your address" },
	{ 0 },
};
