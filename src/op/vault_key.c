/* op/vault_key.c - data keys: wrapped, unwrapped, made. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "auth/seal.h"
#include "base/clock.h"
#include "op/audit.h"
#include "op/vault_key.h"
#include "store/data_key.h"

#define ID_TEXT 24

/* --- wrapping ------------------------------------------------------------------------- */

static struct seal_place place_of(const struct data_key *key, char id[ID_TEXT])
{
	snprintf(id, ID_TEXT, "%lld", (long long)key->id);
	return (struct seal_place){ "key_versions", "wrapped", id, { key->tenant_id } };
}

bool vault_key_wrap(const struct master_subkey *by, const struct subkey *plain,
		    struct arena *arena, struct data_key *key, struct err *err_r)
{
	struct seal_key wrap = { 0, by->key };
	char id[ID_TEXT];
	const struct seal_place place = place_of(key, id);
	bool done;

	key->master_id = arena_strdup(arena, by->id);
	done = seal(&wrap, &place, plain->bytes, sizeof(plain->bytes), arena, &key->wrapped, err_r);
	explicit_bzero(&wrap, sizeof(wrap));
	return done;
}

static bool has_no_master(struct err *err_r)
{
	return err_reason(err_r, ERR_UNAVAILABLE, "master_key", "This host has not the master key that is "
			  "in use: give it the ENCRYPTION_KEY of the other hosts and restart it");
}

bool vault_key_unwrap(const struct master_subkeys *by, const struct data_key *key,
		      struct arena *arena, struct subkey *out, struct err *err_r)
{
	const struct subkey *master = master_subkey_find(by, key->master_id);
	struct seal_key wrap = { .id = 0 };
	char id[ID_TEXT], *plain;
	const struct seal_place place = place_of(key, id);
	size_t n;
	bool done;

	*out = (struct subkey){ .set = false };
	if (!master)
		return has_no_master(err_r);
	wrap.key = *master;
	done = seal_open(&wrap, &place, key->wrapped, arena, &plain, &n, err_r);
	explicit_bzero(&wrap, sizeof(wrap));
	if (!done || n != sizeof(out->bytes))
		return err_reason(err_r, ERR_INTERNAL, "sealed", "Data key %lld does not open: its row was "
				  "changed", (long long)key->id);
	memcpy(out->bytes, plain, n);
	explicit_bzero(plain, n);
	out->set = true;
	return true;
}

/* --- making ---------------------------------------------------------------------------- */

struct making {
	const struct op *op;
	const struct master_subkeys *by;
};

static const struct master_subkey *by_id(const struct master_subkeys *by, const char *id)
{
	const struct subkey *key = master_subkey_find(by, id);

	return key == &by->of[1].key ? &by->of[1] : key ? &by->of[0] : NULL;
}

static bool fill(struct data_key *key, void *arg, struct err *err_r)
{
	const struct making *m = arg;
	const struct master_subkey *by = by_id(m->by, key->master_id);
	struct subkey plain = { .set = true };
	bool done;

	if (!by)
		return has_no_master(err_r);
	random_bytes(plain.bytes, sizeof(plain.bytes));
	done = vault_key_wrap(by, &plain, m->op->arena, key, err_r);
	explicit_bzero(&plain, sizeof(plain));
	return done;
}

bool vault_key_create(struct op *op, const struct master_subkeys *by, const char *tenant_id,
		      int64_t seen, struct data_key *out, struct err *err_r)
{
	struct making making = { op, by };
	struct data_key_new n = { .seen = seen, .fill = fill, .arg = &making, .arena = op->arena };
	struct audit_event event = op_audit(op, AUDIT_DATA_KEY_CREATED, tenant_id);

	*out = (struct data_key){ .tenant_id = tenant_id, .created_at = op->now };
	return store_data_key_create(op->db, &event, &n, out, err_r);
}

static bool has_served(const struct op *op, const struct data_key *key)
{
	const struct conf *c = op->process->conf;

	return (c->data_key_days > 0 && op->now - key->created_at >= c->data_key_days * DAY_MS) ||
	       (c->data_key_seals > 0 && key->seals >= c->data_key_seals);
}

/* Not in the name of the user whose secret is being sealed. */
static struct op by_itself(const struct op *op)
{
	struct op self = *op;

	self.actor = (struct actor){ .source = "vault" };
	self.client = (struct op_client){ .remote_addr = NULL };
	self.claim = NULL;   /* committed at once, whatever becomes of the request */
	return self;
}

bool vault_key_current(struct op *op, const struct master_subkeys *by, const char *tenant_id,
		       struct data_key *out, struct err *err_r)
{
	struct op self = by_itself(op);
	bool found = store_data_key_current(op->db, tenant_id, op->arena, out, err_r);

	if (found && !has_served(op, out))
		return true;
	if (!found && err_r->kind != ERR_NOT_FOUND)
		return false;
	return vault_key_create(&self, by, found ? out->tenant_id : NULL, found ? out->id : 0, out,
				err_r);
}
