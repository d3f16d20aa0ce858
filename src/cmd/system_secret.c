/* cmd/system_secret.c - pierre secret ...: secrets of the service itself. */
#include "config.h"

#include "cmd/secret.h"
#include "cmd/tables.h"
#include "cmd/vault.h"
#include "op/system_secret.h"

struct show_options {
	bool reveal;
};
static const struct field show_fields[] = {
	FIELD(struct show_options, reveal, BOOL, 0, "Show the value too; the audit trail says so"),
	{ 0 },
};
static const struct field_schema show_schema =
	FIELD_SCHEMA("SecretShow", struct show_options, show_fields);

static const char *const columns[] = { "name", "key_id", "created_at", "updated_at", NULL };
static const struct cmd_list lists[] = { { &system_secret_schema, columns, NULL }, { 0 } };

static bool list(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct cmd_page *page = out;

	(void)in;
	return op_system_secret_list(&c->op, scope_all(&c->op), &page->in, &page->out, err_r);
}

static bool show(struct context *c, const void *in, void *out, struct err *err_r)
{
	const struct show_options *options = in;
	bool done = (!options->reveal || vault_begin(c, err_r)) &&
		    op_system_secret_show(&c->op, scope_all(&c->op), c->args->operands[0],
					  options->reveal, out, err_r);

	vault_end(c);
	return done;
}

static bool set(struct context *c, const void *in, void *out, struct err *err_r)
{
	const char *value;
	bool done;

	(void)in;
	done = secret_read(c->args, c->password_fd, &value, err_r) && vault_begin(c, err_r) &&
	       op_system_secret_set(&c->op, scope_all(&c->op), c->args->operands[0], value, out, err_r);
	vault_end(c);
	return done;
}

static bool delete(struct context *c, const void *in, void *out, struct err *err_r)
{
	(void)in;
	return op_system_secret_delete(&c->op, scope_all(&c->op), c->args->operands[0], out, err_r);
}

#define ON_SECRET .operands = "NAME", .min_operands = 1, .max_operands = 1, \
	.needs = NEEDS_SCHEMA, .stuck = ERR_NOT_FOUND, .next_step = "'pierre secret list' shows them"

const struct cmd system_secret_commands[] = {
	{ .words = "secret list", .operands = "", .needs = NEEDS_SCHEMA, .fn = list, .lists = lists,
	  .sentence = "List the secrets of the service, without their values.",
	  .detail = "They are stored sealed by a data key. No REST route shows or changes them." },
	{ .words = "secret show", ON_SECRET, .fn = show, .in = &show_schema,
	  .record = &system_secret_shown_schema,
	  .sentence = "Show a secret of the service; its value only with --reveal." },
	{ .words = "secret set", ON_SECRET, .fn = set, .value = true,
	  .record = &system_secret_schema,
	  .sentence = "Set a secret of the service: make it, or give it another value.",
	  .detail = "The value is asked for on the terminal, or is the first line of --value-file." },
	{ .words = "secret delete", ON_SECRET, .fn = delete, .record = &system_secret_schema,
	  .sentence = "Delete a secret of the service." },
	{ 0 },
};
