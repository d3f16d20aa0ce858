/* cmd/spool.c - pierre spool ...: new tokens in the files of a host that never returns. */
#include "config.h"

#include <string.h>

#include "auth/subkey.h"
#include "cmd/tables.h"
#include "cmd/vault.h"
#include "op/connect_call.h"
#include "op/spool.h"
#include "provider/providers.h"

static const struct field found_fields[] = {
	FIELD(struct spool_found, stored, INT, 0, "Answers that were stored, or of which newer ones were"),
	FIELD(struct spool_found, kept, INT, 0, "Files that are left: they do not open, or cannot be stored"),
	FIELD(struct spool_found, held, INT, 0, "Files that a running service holds"),
	{ 0 },
};
static const struct field_schema found_schema =
	FIELD_SCHEMA("SpoolFound", struct spool_found, found_fields);

static bool store(void *arg, const struct refresh_answer *a, struct err *err_r)
{
	bool written;

	return op_answer_store(arg, a, &written, err_r);
}

static bool walk(struct context *c, const struct master_subkeys *keys, struct spool_found *out,
		 struct err *err_r)
{
	struct spool spool;
	bool done;

	if (!spool_open(c->args->operands[0], keys, &spool, err_r))
		return false;
	done = spool_each(&spool, c->op.arena, store, &c->op, out, err_r);
	spool_close(&spool);
	return done && (out->kept == 0 ||
			err_set(err_r, ERR_DATABASE, "%lld files were kept: the log says why", (long long)out->kept));
}

static bool import(struct context *c, const void *in, void *out, struct err *err_r)
{
	const struct conf *conf = c->args->conf;
	struct master_subkeys keys;
	bool done;

	(void)in;
	c->process.providers = providers_read(c->arena, conf->providers_file, err_r);
	if (!c->process.providers || !vault_begin(c, err_r))
		return false;
	master_subkeys_derive(conf->encryption_key.bytes, conf->encryption_key_previous.set
			      ? conf->encryption_key_previous.bytes : NULL, SUBKEY_SPOOL, &keys);
	done = walk(c, &keys, out, err_r);
	explicit_bzero(&keys, sizeof(keys));
	vault_end(c);
	return done;
}

const struct cmd spool_commands[] = {
	{ .words = "spool import", .operands = "DIR", .min_operands = 1, .max_operands = 1,
	  .needs = NEEDS_SCHEMA, .fn = import, .record = &found_schema,
	  .sentence = "Store the new tokens that wait in the SPOOL_DIR of another host.",
	  .detail = "For a host that does not come back: copy its directory here. A host that does stores them "
		    "itself when it starts. Files that are stored go; it may be run again. Files that do not open stay, and "
		    "the exit status is 1: they need the master key of the host that wrote them, as ENCRYPTION_KEY or "
		    "ENCRYPTION_KEY_PREVIOUS." },
	{ 0 },
};
