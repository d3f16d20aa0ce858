/*
 * cmd/key.c - pierre key ...: API keys from the shell, through the same
 * op/key.c that the REST interface calls.
 */
#include "config.h"

#include "base/str.h"
#include "cmd/context.h"
#include "cmd/fail.h"
#include "cmd/key_import.h"
#include "cmd/tables.h"
#include "model/user.h"
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

/* --- list ------------------------------------------------------------------------ */

struct list_options {
	const char *state, *tier;
	bool all;
};
static const struct field list_fields[] = {
	FIELD(struct list_options, state, TEXT, 0, "Only keys in this state",
	      .values = key_state_words),
	FIELD(struct list_options, tier, TEXT, 0, "Only keys of this tier", .values = tier_words),
	FIELD(struct list_options, all, BOOL, 0, "The keys of all users"),
	{ 0 },
};
static const struct field_schema list_schema =
	FIELD_SCHEMA("KeyList", struct list_options, list_fields);

static const char *const columns[] = {
	"id", "key_prefix", "name", "tier", "is_active", "expires_at", "created_at", NULL,
}, *const all_columns[] = {
	"id", "user_email", "key_prefix", "name", "tier", "is_active", "expires_at", "created_at",
	NULL,
};
enum { LIST_USERS, LIST_ALL, LIST__COUNT };
static const struct cmd_list lists[] = {
	[LIST_USERS] = { &api_key_schema, columns, NULL },
	[LIST_ALL] = { &key_found_schema, all_columns, NULL },
	[LIST__COUNT] = { 0 },
};

static bool list(struct context *c, const void *in, void *out, struct err *err_r)
{
	const struct list_options *options = in;
	struct cmd_page *page = out;
	const struct key_query query = {
		.page = page->in, .state = options->state, .tier = options->tier,
		.active_only = "false",
	};
	struct user user;

	if (options->all == (c->args->n_operands == 1))
		return fail_usage(err_r, "Name the USER whose keys to list, or give --all");
	if (options->all) {
		page->list = &lists[LIST_ALL];
		return op_key_search(&c->op, scope_all(&c->op), &query, &page->out, err_r);
	}
	return op_user_get(&c->op, scope_all(&c->op), c->args->operands[0], &user, err_r) &&
	       op_key_list(&c->op, scope_of(&c->op, user.id), &query, &page->out, err_r);
}

/* --- end ------------------------------------------------------------------------- */

static bool key_id(const struct context *c, char id[UUID_TEXT], struct err *err_r)
{
	const char *text = c->args->operands[0];

	return uuid_parse(text, id) ||
	       err_set(err_r, ERR_NOT_FOUND, "'%s' is not the id of a key", text);
}

static bool revoke(struct context *c, const void *in, void *out, struct err *err_r)
{
	char id[UUID_TEXT];

	(void)in;
	return key_id(c, id, err_r) && op_key_revoke(&c->op, scope_all(&c->op), id, out, err_r);
}

struct rotated {
	const char *api_key, *replaces;
	const struct api_key *key_info;
	int64_t old_expires_at;
};
static const struct field rotated_fields[] = {
	FIELD(struct rotated, api_key, TEXT, 0, NULL),
	FIELD(struct rotated, replaces, UUID, 0, NULL),
	FIELD(struct rotated, old_expires_at, TIME, 0, NULL),
	FIELD(struct rotated, key_info, OBJECT, 0, NULL, .schema = &api_key_schema),
	{ 0 },
};
static const struct field_schema rotated_schema =
	FIELD_SCHEMA("ApiKeyRotated", struct rotated, rotated_fields);

static bool rotate(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct key_rotated *made = arena_new_struct(c->arena, struct key_rotated);
	char id[UUID_TEXT];

	if (!key_id(c, id, err_r) ||
	    !op_key_rotate(&c->op, scope_all(&c->op), id, in, made, err_r))
		return false;
	*(struct rotated *)out = (struct rotated){
		made->full, made->old.id, &made->key, made->old.expires_at,
	};
	return true;
}

struct expired {
	int64_t expired;
};
static const struct field expired_fields[] = {
	FIELD(struct expired, expired, INT, 0, "Keys that were made inactive now"),
	{ 0 },
};
static const struct field_schema expired_schema =
	FIELD_SCHEMA("KeysExpired", struct expired, expired_fields);

static bool expire(struct context *c, const void *in, void *out, struct err *err_r)
{
	(void)in;
	return op_key_expire(&c->op, &((struct expired *)out)->expired, err_r);
}

const struct cmd key_commands[] = {
	{ .words = "key create", CMD_ON_USER, .needs = NEEDS_SCHEMA, .fn = create,
	  .in = &api_key_shell_schema, .record = &key_created_schema,
	  .sentence = "Make an API key for a user and print it, this once only.",
	  .detail = "USER is an id or an e-mail address. The user may end the key earlier and "
		    "take scopes away from it, but not add to it. Without --name it is called "
		    "shell." },
	{ .words = "key list", .operands = "[USER]", .max_operands = 1,
	  .stuck = ERR_NOT_FOUND, .next_step = "'pierre user list' shows all users",
	  .needs = NEEDS_SCHEMA, .fn = list, .in = &list_schema, .lists = lists,
	  .sentence = "List a user's API keys, or with --all those of all users, newest first.",
	  .detail = "USER is an id or an e-mail address. Keys of every state are listed when no "
		    "--state is given. expired are those past their end that were not revoked." },
	{ .words = "key revoke", .operands = "ID", .min_operands = 1, .max_operands = 1,
	  .stuck = ERR_NOT_FOUND, .next_step = "'pierre key list USER' shows them",
	  .needs = NEEDS_SCHEMA, .fn = revoke, .record = &api_key_schema,
	  .sentence = "Revoke an API key from the next request on." },
	{ .words = "key rotate", .operands = "ID", .min_operands = 1, .max_operands = 1,
	  .stuck = ERR_NOT_FOUND, .next_step = "'pierre key list --all' shows them",
	  .needs = NEEDS_SCHEMA, .fn = rotate, .in = &key_rotate_schema, .record = &rotated_schema,
	  .sentence = "Replace an API key by another one, which is shown this once.",
	  .detail = "The new key has the rights and the end of the old one, and both take from one "
		    "quota until the old one ends. Until then neither can be replaced." },
	{ .words = "key import", .operands = "FILE", .min_operands = 1, .max_operands = 1,
	  .needs = NEEDS_SCHEMA, .fn = key_import, .in = &key_import_options,
	  .record = &key_import_record,
	  .stuck = ERR_INVALID, .next_step = "correct them and import the file again",
	  .sentence = "Import API keys of another program by their hashes, a JSON object a line.",
	  .detail = "Each line has user_email, name and hash, which is sha256-plain: and the SHA-256 "
		    "of the whole key in hex; it may have tier, description, metadata, scopes, allowed_cidrs, "
		    "rate_limit_requests, rate_limit_period and expires_at. 500 lines are imported "
		    "together or, when one of them is wrong, not at all; keys that are there already "
		    "are left as they are, so a file may be imported again. Those that another user "
		    "has, or that have ended, are told, and the former are an error. A key that "
		    "Pierre made is not known by this hash; it stays its owner's. Such keys work within 3 "
		    "seconds, in the header X-API-Key whatever they begin with." },
	{ .words = "key expire", .operands = "", .needs = NEEDS_SCHEMA, .fn = expire,
	  .record = &expired_schema,
	  .sentence = "Make the API keys inactive whose end is over.",
	  .detail = "The service does so each minute; an expired key is refused before and "
		    "afterwards." },
	{ 0 },
};
