/*
 * cmd/keys.c - pierre keys ...: the keys that seal secrets, beside a running service.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/str.h"
#include "cmd/fail.h"
#include "cmd/tables.h"
#include "cmd/vault.h"
#include "op/data_key.h"
#include "op/sealed_walk.h"
#include "op/tenant.h"

/* What all of them take, each its part. */
struct keys_options {
	const char *tenant;
	bool dry_run;
	int64_t rate;
};

#define TENANT \
	FIELD(struct keys_options, tenant, TEXT, FIELD_NULLABLE, \
	      "Only of this tenant (id or slug), not of all", .value_word = "TENANT")
#define DRY_RUN \
	FIELD(struct keys_options, dry_run, BOOL, 0, "Say what would be done, and change nothing")
#define RATE \
	FIELD(struct keys_options, rate, INT, FIELD_NULLABLE, \
	      "Most rows a second that are sealed again, so that the service has the rest; 1000 when left out", \
	      .value_word = "ROWS", .min = 1, .max = 1000000)

static const struct field rotate_fields[] = { TENANT, DRY_RUN, { 0 } };
static const struct field rewrap_fields[] = { TENANT, DRY_RUN, RATE, { 0 } };
static const struct field tenant_fields[] = { TENANT, { 0 } };
static const struct field change_fields[] = { DRY_RUN, { 0 } };
static const struct field_schema status_schema =
	FIELD_SCHEMA("KeysStatus", struct keys_options, tenant_fields);
static const struct field_schema rotate_schema =
	FIELD_SCHEMA("KeysRotate", struct keys_options, rotate_fields);
static const struct field_schema retire_schema =
	FIELD_SCHEMA("KeysRetire", struct keys_options, rotate_fields);
static const struct field_schema rewrap_schema =
	FIELD_SCHEMA("KeysRewrap", struct keys_options, rewrap_fields);
static const struct field_schema check_schema =
	FIELD_SCHEMA("KeysCheck", struct keys_options, tenant_fields);
static const struct field_schema change_schema =
	FIELD_SCHEMA("KeysChange", struct keys_options, change_fields);

#define RATE_DEFAULT 1000

/* The id of the tenant that was named; NULL: none was. */
static bool tenant_of(struct context *c, const struct keys_options *options, const char **id_r,
		      struct err *err_r)
{
	struct tenant tenant = { .id = NULL };
	bool done = !options->tenant || op_tenant_get(&c->op, scope_all(&c->op), options->tenant,
						      &tenant, err_r);

	*id_r = tenant.id;
	return done;
}

/* All data keys, or those that the tenant which was named has of its own. */
static bool list_keys(struct context *c, const struct keys_options *options,
		      struct field_list *out, struct err *err_r)
{
	const char *tenant;
	struct data_key *keys;
	size_t n = 0;

	if (!tenant_of(c, options, &tenant, err_r) ||
	    !op_data_key_list(&c->op, scope_all(&c->op), out, err_r))
		return false;
	keys = (struct data_key *)(uintptr_t)out->items;
	for (size_t i = 0; i < out->n; i++)
		if (!tenant || str_eq(keys[i].tenant_id, tenant))
			keys[n++] = keys[i];
	out->n = n;
	return true;
}

/* --- status ------------------------------------------------------------------------- */

static const char *const columns[] = {
	"id", "tenant_id", "state", "rows", "seals", "master", "created_at", NULL,
};
static const struct cmd_list lists[] = { { &data_key_shown_schema, columns, NULL }, { 0 } };

static bool status(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct cmd_page *page = out;
	bool done = vault_begin(c, err_r) && list_keys(c, in, &page->out.rows, err_r);

	vault_end(c);
	return done;
}

/* --- rotate ---------------------------------------------------------------------------- */

static bool rotate(struct context *c, const void *in, void *out, struct err *err_r)
{
	const struct keys_options *options = in;
	struct data_key *key = out;
	const char *tenant;
	bool done;

	*key = (struct data_key){ .created_at = TIME_NONE };
	done = tenant_of(c, options, &tenant, err_r) && vault_begin(c, err_r);
	key->tenant_id = tenant;
	if (done && !options->dry_run)
		done = op_data_key_rotate(&c->op, scope_all(&c->op), tenant, key, err_r);
	key->state = options->dry_run ? "not made" : "current";
	key->master = "-";
	vault_end(c);
	return done;
}

/* --- check, rewrap ------------------------------------------------------------------------ */

struct walked {
	int64_t rows, resealed, faults;
};
static const struct field walked_fields[] = {
	FIELD(struct walked, rows, INT, 0, "Rows with a secret"),
	FIELD(struct walked, resealed, INT, 0, "Rows that the current data key has sealed again"),
	FIELD(struct walked, faults, INT, 0, "Rows with a secret that does not open"),
	{ 0 },
};
static const struct field_schema walked_schema =
	FIELD_SCHEMA("KeysWalked", struct walked, walked_fields);

static void progress(const struct sealed_walk *w)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%" PRId64 " rows, %" PRId64 " sealed again ", w->rows, w->resealed);
}

static void fault(const struct sealed_walk *w, const char *table, const char *row_id,
		  const char *sentence)
{
	struct err err;

	(void)w;
	err_set(&err, ERR_INTERNAL, "%s %s: %s", table, row_id, sentence);
	fail_tell(&err);
}

static bool walk(struct context *c, struct sealed_walk *w, struct walked *out,
		 struct err *err_r)
{
	bool done = op_sealed_walk(&c->op, scope_all(&c->op), w, err_r);

	if (isatty(STDERR_FILENO))
		fputc('\n', stderr);
	*out = (struct walked){ w->rows, w->resealed, w->faults };
	return done;
}

static bool walk_all(struct context *c, const struct keys_options *options, bool reseal,
		     struct walked *out, struct err *err_r)
{
	struct sealed_walk w = {
		.reseal = reseal, .dry = options->dry_run, .progress = progress, .fault = fault,
		.rate = options->rate == INT_NONE ? RATE_DEFAULT : options->rate,
	};
	bool done = tenant_of(c, options, &w.tenant_id, err_r) && vault_begin(c, err_r) &&
		    walk(c, &w, out, err_r);

	vault_end(c);
	return done && (out->faults == 0 ||
			err_set(err_r, ERR_DATABASE, "%lld rows have a secret that does not open",
				(long long)out->faults));
}

static bool rewrap(struct context *c, const void *in, void *out, struct err *err_r)
{
	return walk_all(c, in, true, out, err_r);
}

static bool check(struct context *c, const void *in, void *out, struct err *err_r)
{
	return walk_all(c, in, false, out, err_r);
}

/* --- retire ---------------------------------------------------------------------------------- */

struct retired {
	int64_t retired, kept;
};
static const struct field retired_fields[] = {
	FIELD(struct retired, retired, INT, 0, "Data keys that were dropped"),
	FIELD(struct retired, kept, INT, 0, "Old data keys that rows still need"),
	{ 0 },
};
static const struct field_schema retired_schema =
	FIELD_SCHEMA("KeysRetired", struct retired, retired_fields);

static bool is_meant(const struct context *c, const struct data_key *key)
{
	int64_t id;

	if (c->args->n_operands == 0)
		return str_eq(key->state, "old");
	return str_int(c->args->operands[0], 1, INT64_MAX, &id) && id == key->id;
}

/* Without an id, those that rows need are left. */
static bool retire_one(struct context *c, const struct data_key *key, bool dry,
		       struct retired *out, struct err *err_r)
{
	if (op_data_key_retire(&c->op, scope_all(&c->op), dry, key, err_r)) {
		out->retired++;
		return true;
	}
	out->kept++;
	return c->args->n_operands == 0 && err_r->kind == ERR_CONFLICT;
}

static bool retire_all(struct context *c, const struct keys_options *options, struct retired *out,
		       struct err *err_r)
{
	const struct data_key *keys;
	struct field_list list;

	if (!list_keys(c, options, &list, err_r))
		return false;
	keys = list.items;
	for (size_t i = 0; i < list.n; i++)
		if (is_meant(c, &keys[i]) && !retire_one(c, &keys[i], options->dry_run, out, err_r))
			return false;
	return c->args->n_operands == 0 || out->retired > 0 ||
	       err_set(err_r, ERR_NOT_FOUND, "%s no data key %s",
		       options->tenant ? "This tenant has" : "There is", c->args->operands[0]);
}

static bool retire(struct context *c, const void *in, void *out, struct err *err_r)
{
	bool done = vault_begin(c, err_r) && retire_all(c, in, out, err_r);

	vault_end(c);
	return done;
}

/* --- master ------------------------------------------------------------------------------------ */

static bool master(struct context *c, const void *in, void *out, struct err *err_r)
{
	const struct keys_options *options = in;

	return op_master_rotate(&c->op, scope_all(&c->op), options->dry_run, out, err_r);
}

const struct cmd keys_commands[] = {
	{ .words = "keys status", .operands = "", .needs = NEEDS_SCHEMA, .fn = status,
	  .in = &status_schema, .lists = lists,
	  .sentence = "List the data keys, which seal secrets, and how many rows need each.",
	  .detail = "The current one of a tenant, or of all tenants that have none of their own, seals; "
		    "old ones only open. master is the option that has the master key by which the data "
		    "key is wrapped. With --tenant those that are its own: none where it has that of all." },
	{ .words = "keys check", .operands = "", .needs = NEEDS_SCHEMA, .fn = check,
	  .in = &check_schema, .record = &walked_schema,
	  .sentence = "Open every secret, and say which do not open.",
	  .detail = "Reads all rows with a secret beside the running service and changes nothing. The "
		    "exit status is 1 when one does not open: put its row back from a backup, or have its owner set it "
		    "anew." },
	{ .words = "keys rotate", .operands = "", .needs = NEEDS_SCHEMA, .fn = rotate,
	  .in = &rotate_schema, .record = &data_key_shown_schema,
	  .sentence = "Make a new data key, which seals secrets from here on.",
	  .detail = "Processes that run take it within 5 seconds. What older keys have sealed is still "
		    "opened by them. With --tenant the tenant has data keys of its own from then on. The "
		    "service makes a new one by itself after DATA_KEY_DAYS or DATA_KEY_SEALS." },
	{ .words = "keys rewrap", .operands = "", .needs = NEEDS_SCHEMA, .fn = rewrap,
	  .in = &rewrap_schema, .record = &walked_schema,
	  .sentence = "Seal again by the current data key what older ones have sealed.",
	  .detail = "Beside the running service, which reads and writes all rows meanwhile. When it was "
		    "stopped, run it again: what is done needs nothing." },
	{ .words = "keys retire", .operands = "[ID]", .max_operands = 1, .needs = NEEDS_SCHEMA,
	  .fn = retire, .in = &retire_schema, .record = &retired_schema,
	  .stuck = ERR_NOT_FOUND, .next_step = "'pierre keys status' shows them",
	  .sentence = "Drop old data keys that no row needs, or the one with this id, for good.",
	  .detail = "With --tenant those that are its own. One that a row needs is refused, by the database "
		    "too. A backup from before needs the rows of key_versions that are in it." },
	{ .words = "keys master", .operands = "", .needs = NEEDS_SCHEMA, .fn = master,
	  .in = &change_schema, .record = &master_changed_schema,
	  .sentence = "Change the master key from ENCRYPTION_KEY_PREVIOUS to ENCRYPTION_KEY.",
	  .detail = "First give both to each host, the new one as ENCRYPTION_KEY and the old one as "
		    "ENCRYPTION_KEY_PREVIOUS, and restart it: it goes on with the old one. This command "
		    "then wraps all data keys anew, signs the heads of the audit trail and ties the new key "
		    "to the database, in one transaction. Then take ENCRYPTION_KEY_PREVIOUS away and restart "
		    "each host again. Keep the old key for backups from before." },
	{ 0 },
};
