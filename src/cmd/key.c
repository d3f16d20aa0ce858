/*
 * cmd/key.c - pierre key ...: API keys from the shell, through the same
 * op/key.c that the REST interface calls.
 */
#include "config.h"

#include "base/str.h"
#include "cmd/context.h"
#include "cmd/tables.h"
#include "op/key.h"

struct key_created {
	const char *api_key;
	const struct api_key *key_info;
};
static const struct field key_created_fields[] = {
	FIELD(struct key_created, api_key, TEXT, 0, NULL),
	FIELD(struct key_created, key_info, OBJECT, 0, NULL, .schema = &api_key_schema),
	{ 0 },
};
static const struct field_schema key_created_schema =
	FIELD_SCHEMA("ApiKeyCreated", struct key_created, key_created_fields);

static bool create(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct api_key key = *(const struct api_key *)in;
	struct api_key *info = arena_new_struct(c->arena, struct api_key);
	struct key_created *made = out;

	if (!key.name)
		key.name = "shell";
	made->key_info = info;
	return op_key_create(&c->op, scope_of(&c->op, c->user.id), &key, info, &made->api_key,
			     err_r);
}

static const char *const columns[] = {
	"id", "key_prefix", "name", "tier", "is_active", "expires_at", "created_at", NULL,
};
static const struct cmd_list lists[] = { { &api_key_schema, columns, NULL }, { 0 } };

static bool list(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct cmd_page *page = out;

	(void)in;
	return op_key_list(&c->op, scope_of(&c->op, c->user.id), &page->in, &page->out, err_r);
}

static bool revoke(struct context *c, const void *in, void *out, struct err *err_r)
{
	const char *text = c->args->operands[0];
	char id[UUID_TEXT];

	(void)in;
	if (!uuid_parse(text, id))
		return err_set(err_r, ERR_NOT_FOUND, "'%s' is not the id of a key", text);
	return op_key_revoke(&c->op, scope_all(&c->op), id, out, err_r);
}

const struct cmd key_commands[] = {
	{ .words = "key create", CMD_ON_USER, .needs = NEEDS_SCHEMA, .fn = create,
	  .in = &api_key_shell_schema, .record = &key_created_schema,
	  .sentence = "Make an API key for a user and print it, this once only.",
	  .detail = "USER is an id or an e-mail address. The user may end the key earlier and "
		    "take scopes away from it, but not add to it. Without --name it is called "
		    "shell." },
	{ .words = "key list", CMD_ON_USER, .needs = NEEDS_SCHEMA, .fn = list, .lists = lists,
	  .sentence = "List a user's API keys, newest first, revoked ones too.",
	  .detail = "USER is an id or an e-mail address." },
	{ .words = "key revoke", .operands = "ID", .min_operands = 1, .max_operands = 1,
	  .stuck = ERR_NOT_FOUND, .next_step = "'pierre key list USER' shows them",
	  .needs = NEEDS_SCHEMA, .fn = revoke, .record = &api_key_schema,
	  .sentence = "Revoke an API key from the next request on." },
	{ 0 },
};
