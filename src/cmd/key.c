/*
 * cmd/key.c - pierre key ...: API keys from the shell, through the same
 * op/key.c that the REST interface calls.
 */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "cmd/context.h"
#include "cmd/print.h"
#include "cmd/tables.h"
#include "op/key.h"
#include "op/user.h"

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

static bool option_days(const struct context *c, int64_t *days_r, struct err *err_r)
{
	const char *text = cmd_option(c->args, "--expires-in-days");

	*days_r = INT_NONE;
	if (!text || str_int(text, 1, KEY_DAYS_MAX, days_r))
		return true;
	return context_usage(err_r, arena_printf(c->arena, "--expires-in-days takes a number "
						 "from 1 to %d", KEY_DAYS_MAX));
}

static bool option_scopes(const struct context *c, struct strings *out, struct err *err_r)
{
	const char *list = cmd_option(c->args, "--scopes");

	if (list && strpbrk(list, " \t\n"))
		return err_set(err_r, ERR_INVALID,
			       "--scopes takes names with commas between and no blanks: read,write");
	*out = strings_split(c->arena, list ? list : "", ',');
	return true;
}

static bool create(struct context *c, struct err *err_r)
{
	struct api_key in = {
		.name = cmd_option(c->args, "--name"),
		.tier = cmd_option(c->args, "--tier"),
		.rate_limit_requests = INT_NONE,
	};
	struct key_created made;
	struct api_key key;
	struct user user;

	if (!in.name)
		in.name = "shell";
	if (!option_days(c, &in.expires_in_days, err_r) ||
	    !option_scopes(c, &in.scopes, err_r) ||
	    !op_user_get(&c->op, scope_all(&c->op), c->args->operands[0], &user, err_r) ||
	    !op_key_create(&c->op, scope_of(&c->op, user.id), &in, &key, &made.api_key, err_r))
		return false;
	made.key_info = &key;
	print_record(c->args, &key_created_schema, &made);
	return true;
}

static int create_run(const struct cmd_args *a)
{
	return context_run(a, create);
}

static bool list(struct context *c, struct err *err_r)
{
	static const char *const columns[] = {
		"id", "key_prefix", "name", "tier", "is_active", "expires_at", "created_at", NULL,
	};
	struct page_in in = { .limit = PAGE_LIMIT_MAX };
	struct print_rows rows = { 0 };
	struct page_out page;
	struct user user;

	if (!op_user_get(&c->op, scope_all(&c->op), c->args->operands[0], &user, err_r))
		return false;
	do {
		if (!op_key_list(&c->op, scope_of(&c->op, user.id), &in, &page, err_r))
			return false;
		print_rows_add(&rows, c->arena, &page.rows, sizeof(struct api_key));
		in.cursor = page.next_cursor;
	} while (in.cursor);
	return print_list(c->args, &api_key_schema, &rows.list, columns, err_r);
}

static int list_run(const struct cmd_args *a)
{
	return context_run(a, list);
}

static bool revoke(struct context *c, struct err *err_r)
{
	char id[UUID_TEXT];
	struct api_key key;

	if (!uuid_parse(c->args->operands[0], id))
		return err_set(err_r, ERR_NOT_FOUND, "'%s' is not the id of a key",
			       c->args->operands[0]);
	if (!op_key_revoke(&c->op, scope_all(&c->op), id, &key, err_r))
		return false;
	print_record(c->args, &api_key_schema, &key);
	return true;
}

static int revoke_run(const struct cmd_args *a)
{
	return context_run(a, revoke);
}

static const struct cmd_option create_options[] = {
	{ "--name", "NAME", "What the key is for." },
	{ "--tier", "TIER", "trial, starter, professional or enterprise; the user's when left out, never above it." },
	{ "--expires-in-days", "DAYS", "Days until the key ends; the tier's when left out." },
	{ "--scopes", "LIST", "Scopes, with commas between." },
	{ 0 },
};

const struct cmd key_commands[] = {
	{ .words = "key create", .operands = "USER", .min_operands = 1, .max_operands = 1,
	  .stuck = ERR_NOT_FOUND, .next_step = "'pierre user list' shows all users",
	  .needs = NEEDS_SCHEMA, .fn = create_run, .options = create_options,
	  .sentence = "Make an API key for a user; it is shown this once.",
	  .detail = "USER is an id or an e-mail address. The user may end the key earlier and "
		    "take scopes away from it, but not add to it." },
	{ .words = "key list", .operands = "USER", .min_operands = 1, .max_operands = 1,
	  .stuck = ERR_NOT_FOUND, .next_step = "'pierre user list' shows all users",
	  .needs = NEEDS_SCHEMA, .fn = list_run,
	  .sentence = "List a user's API keys, newest first, revoked ones too.",
	  .detail = "USER is an id or an e-mail address." },
	{ .words = "key revoke", .operands = "ID", .min_operands = 1, .max_operands = 1,
	  .stuck = ERR_NOT_FOUND, .next_step = "'pierre key list USER' shows them",
	  .needs = NEEDS_SCHEMA, .fn = revoke_run,
	  .sentence = "Revoke an API key from the next request on." },
	{ 0 },
};
