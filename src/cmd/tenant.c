/*
 * cmd/tenant.c - pierre tenant ... and pierre member ...: tenants and their members from
 * the shell, through the same op/ that the REST interface calls.
 */
#include "config.h"

#include "base/str.h"
#include "cmd/context.h"
#include "cmd/tables.h"
#include "op/member.h"
#include "op/user.h"

/* The tenant that the first operand names, by id or slug. */
static bool named(struct context *c, struct tenant *out, struct err *err_r)
{
	return op_tenant_get(&c->op, scope_all(&c->op), c->args->operands[0], out, err_r);
}

/* --- tenants ---------------------------------------------------------------------------- */

static bool create(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct tenant tenant = *(const struct tenant *)in;

	tenant.name = c->args->operands[1];
	return op_tenant_create(&c->op, scope_of(&c->op, c->user.id), &tenant, out, err_r);
}

static const char *const columns[] = {
	"tenant_id", "slug", "kind", "plan", "is_active", "deleted_at", "created_at", NULL,
};
static const struct cmd_list lists[] = { { &tenant_schema, columns, NULL }, { 0 } };

static bool list(struct context *c, const void *in, void *out, struct err *err_r)
{
	const struct tenant_query *options = in;
	struct cmd_page *page = out;
	struct tenant_query query = *options;

	query.page = page->in;
	return op_tenant_list(&c->op, scope_all(&c->op), &query, &page->out, err_r);
}

static bool show(struct context *c, const void *in, void *out, struct err *err_r)
{
	(void)in;
	return named(c, out, err_r);
}

static bool suspend(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct tenant t;

	(void)in;
	return named(c, &t, err_r) && op_tenant_suspend(&c->op, scope_all(&c->op), t.id, out, err_r);
}

static bool resume(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct tenant t;

	(void)in;
	return named(c, &t, err_r) && op_tenant_resume(&c->op, scope_all(&c->op), t.id, out, err_r);
}

static bool restore(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct tenant t;

	(void)in;
	return named(c, &t, err_r) && op_tenant_restore(&c->op, scope_all(&c->op), t.id, out, err_r);
}

struct delete_options {
	bool remove_members;
};
static const struct field delete_fields[] = {
	FIELD(struct delete_options, remove_members, BOOL, 0, "Also while others belong to it"),
	{ 0 },
};
static const struct field_schema delete_schema =
	FIELD_SCHEMA("TenantDeleteOptions", struct delete_options, delete_fields);

static bool delete(struct context *c, const void *in, void *out, struct err *err_r)
{
	const struct delete_options *options = in;
	struct tenant t;

	return named(c, &t, err_r) &&
	       op_tenant_delete(&c->op, scope_all(&c->op), t.id, t.slug, options->remove_members,
				err_r) &&
	       op_tenant_get(&c->op, scope_all(&c->op), t.id, out, err_r);
}

/* --- members ------------------------------------------------------------------------------ */

static const char *const member_columns[] = {
	"user_id", "email", "role", "user_status", "joined_at", NULL,
};
static const struct cmd_list member_lists[] = { { &member_schema, member_columns, NULL }, { 0 } };

static bool member_list(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct cmd_page *page = out;
	struct tenant t;

	(void)in;
	return named(c, &t, err_r) &&
	       op_member_list(&c->op, scope_all(&c->op), t.id, &page->in, &page->out, err_r);
}

/* The tenant and the user of the first two operands. */
static bool both_named(struct context *c, struct tenant *t, struct user *user, struct err *err_r)
{
	return named(c, t, err_r) &&
	       op_user_get(&c->op, scope_all(&c->op), c->args->operands[1], user, err_r);
}

static bool member_add(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct tenant t;
	struct user user;

	(void)in;
	return both_named(c, &t, &user, err_r) &&
	       op_member_add(&c->op, scope_all(&c->op), t.id, user.id, c->args->operands[2], out, err_r);
}

static bool member_role(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct tenant t;
	struct user user;

	(void)in;
	return both_named(c, &t, &user, err_r) &&
	       op_member_set_role(&c->op, scope_all(&c->op), t.id, user.id, c->args->operands[2], out,
				  err_r);
}

static bool member_remove(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct tenant t;
	struct user user;

	(void)in;
	*(struct tenant *)out = (struct tenant){ 0 };
	return both_named(c, &t, &user, err_r) &&
	       op_member_remove(&c->op, scope_all(&c->op), t.id, user.id, err_r) &&
	       op_tenant_get(&c->op, scope_all(&c->op), t.id, out, err_r);
}

#define ON_TENANT .operands = "TENANT", .min_operands = 1, .max_operands = 1, \
	.stuck = ERR_NOT_FOUND, .next_step = "'pierre tenant list' shows all tenants"
#define ON_MEMBER(more, n) .operands = "TENANT USER" more, .min_operands = (n), .max_operands = (n), \
	.stuck = ERR_NOT_FOUND, .next_step = "'pierre member list TENANT' shows the members"
#define ID_OR_SLUG " TENANT is an id or a slug."
#define ROLES "ROLE is viewer (reads), member (also changes data), billing (reads, and sees what " \
	"was used), admin (all but deleting the tenant and acting on owners) or owner."

const struct cmd tenant_commands[] = {
	{ .words = "tenant create", .operands = "USER NAME", .min_operands = 2, .max_operands = 2,
	  .on_user = true, .needs = NEEDS_SCHEMA, .fn = create, .in = &tenant_shell_schema,
	  .record = &tenant_schema, .stuck = ERR_NOT_FOUND,
	  .next_step = "'pierre user list' shows all users",
	  .sentence = "Make a team that a user owns.",
	  .detail = "USER is an id or an e-mail address. Without --plan it is the user's tier, without "
		    "--slug one is made of NAME." },
	{ .words = "tenant list", .operands = "", .needs = NEEDS_SCHEMA, .fn = list,
	  .in = &tenant_filter_schema, .lists = lists,
	  .sentence = "List the tenants, newest first, personal ones too." },
	{ .words = "tenant show", ON_TENANT, .needs = NEEDS_SCHEMA, .fn = show,
	  .record = &tenant_schema, .sentence = "Show a tenant.", .detail = ID_OR_SLUG },
	{ .words = "tenant suspend", ON_TENANT, .needs = NEEDS_SCHEMA, .fn = suspend,
	  .record = &tenant_schema,
	  .sentence = "Suspend a tenant: its sessions end, its keys are refused from the next request on.",
	  .detail = ID_OR_SLUG " Keys work again once it is resumed." },
	{ .words = "tenant resume", ON_TENANT, .needs = NEEDS_SCHEMA, .fn = resume,
	  .record = &tenant_schema, .sentence = "Let a suspended tenant work again.",
	  .detail = ID_OR_SLUG },
	{ .words = "tenant delete", ON_TENANT, .needs = NEEDS_SCHEMA, .fn = delete,
	  .in = &delete_schema, .record = &tenant_schema,
	  .sentence = "Delete a team: its keys are revoked and its sessions end.",
	  .detail = ID_OR_SLUG " Its rows, its slug and its domain stay for 30 days, in which "
		    "'pierre tenant restore' takes it back." },
	{ .words = "tenant restore", ON_TENANT, .needs = NEEDS_SCHEMA, .fn = restore,
	  .record = &tenant_schema,
	  .sentence = "Take a team back that was deleted in the last 30 days.",
	  .detail = ID_OR_SLUG " Its members are what they were. Keys that were revoked stay so, and a team that was "
		    "suspended is suspended again: 'pierre tenant resume' resumes it." },
	{ .words = "member list", ON_TENANT, .needs = NEEDS_SCHEMA, .fn = member_list,
	  .lists = member_lists, .sentence = "List who belongs to a tenant, newest first.",
	  .detail = ID_OR_SLUG },
	{ .words = "member add", ON_MEMBER(" ROLE", 3), .needs = NEEDS_SCHEMA, .fn = member_add,
	  .record = &member_schema, .sentence = "Make a user a member of a team, without an invitation.",
	  .detail = ID_OR_SLUG " " ROLES },
	{ .words = "member role", ON_MEMBER(" ROLE", 3), .needs = NEEDS_SCHEMA, .fn = member_role,
	  .record = &member_schema, .sentence = "Give a member of a team another role.",
	  .detail = ID_OR_SLUG " " ROLES },
	{ .words = "member remove", ON_MEMBER("", 2), .needs = NEEDS_SCHEMA, .fn = member_remove,
	  .record = &tenant_schema,
	  .sentence = "Remove a member from a team: sessions there end, keys there are revoked.",
	  .detail = ID_OR_SLUG " The last active owner cannot be removed." },
	{ 0 },
};
