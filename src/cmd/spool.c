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
	FIELD(struct spool_found, unknown, INT, 0,
	      "Of those that are left: files of connections that are not in this database"),
	{ 0 },
};
static const struct field_schema found_schema =
	FIELD_SCHEMA("SpoolFound", struct spool_found, found_fields);

static bool store(void *arg, const struct refresh_answer *a, struct err *err_r)
{
	bool written;

	if (op_answer_is_known(arg, a, err_r))
		return op_answer_store(arg, a, &written, err_r);
	return err_r->kind == ERR_NOT_FOUND
		? err_set(err_r, ERR_NOT_FOUND, "Its connection is not in this database") : false;
}

static bool all_done(const struct spool_found *f, struct err *err_r)
{
	if (f->unknown > 0)
		return err_set(err_r, ERR_DATABASE, "%lld files were kept, %lld of connections that are not in this "
			       "database: is it the right one, and not older than they are?", (long long)f->kept,
			       (long long)f->unknown);
	return f->kept == 0 || err_set(err_r, ERR_DATABASE, "%lld files were kept: the log says why", (long long)f->kept);
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
	return done && all_done(out, err_r);
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
		    "itself when it starts. Files that are stored go; it may be run again. The others stay, and the "
		    "exit status is 1. Those that do not open need the master key of the host that wrote them, as "
		    "ENCRYPTION_KEY or ENCRYPTION_KEY_PREVIOUS. Those of connections that are not in this database need "
		    "the one that has them. Where the connection or its user was deleted on purpose, move the file to the "
		    "SPOOL_DIR of a service that runs, owned by its user: it revokes the tokens where the provider can end "
		    "one alone, and deletes the file." },
	{ 0 },
};
