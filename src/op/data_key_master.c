/* op/data_key_master.c - which master key is in use, and its change. */
#include "config.h"

#include <string.h>

#include "op/audit.h"
#include "op/audit_hash.h"
#include "op/audit_link.h"
#include "op/data_key.h"
#include "op/instance.h"
#include "op/vault.h"
#include "op/vault_key.h"
#include "store/audit_chain.h"
#include "store/data_key.h"
#include "store/master_key.h"

static const struct field changed_fields[] = {
	FIELD(struct master_changed, data_keys, INT, 0, "Data keys that it wraps"),
	FIELD(struct master_changed, audit_heads, INT, 0, "Heads of the audit trail that it signs"),
	FIELD(struct master_changed, done, BOOL, 0, "No after --dry-run"),
	{ 0 },
};
const struct field_schema master_changed_schema =
	FIELD_SCHEMA("MasterChanged", struct master_changed, changed_fields);

static void derive(const struct conf *c, enum subkey_purpose purpose, struct master_subkeys *out)
{
	const struct conf_key *previous = &c->encryption_key_previous;

	master_subkeys_derive(c->encryption_key.bytes, previous->set ? previous->bytes : NULL, purpose,
			      out);
}

bool op_master_subkey(struct op *op, enum subkey_purpose purpose, struct subkey *out,
		      struct err *err_r)
{
	struct master_subkeys keys;
	const struct subkey *found;
	const char *id;

	if (!op_instance_is_key(op, err_r) ||
	    !store_data_key_master(op->db, op->arena, &id, err_r))
		return false;
	derive(op->process->conf, purpose, &keys);
	found = master_subkey_find(&keys, id);
	if (found)
		*out = *found;
	explicit_bzero(&keys, sizeof(keys));
	return found || err_field(err_r, ERR_CONFIG, "ENCRYPTION_KEY", "The data keys are wrapped by "
				  "another master key than ENCRYPTION_KEY");
}

/* --- what has the master key itself: the check of a start, and commands ------------------- */

struct vault *op_vault_open(const struct op *op)
{
	struct master_subkeys keys;
	struct vault *v;

	derive(op->process->conf, SUBKEY_WRAP, &keys);
	v = vault_new(&keys);
	explicit_bzero(&keys, sizeof(keys));
	return v;
}

bool op_vault_check(struct op *op, struct err *err_r)
{
	struct op_process process = *op->process;
	struct op with = *op;
	int64_t key_id;
	bool done;

	with.process = &process;
	process.vault = op_vault_open(op);
	done = op_seal_key(&with, NULL, &key_id, err_r);
	vault_free(&process.vault);
	return done;
}

/* --- the change ------------------------------------------------------------------------- */

/* What the two callbacks of the transaction work with. */
struct change {
	struct op *op;
	struct master_subkeys wrap, head;   /* [0] new, [1] old */
};

static bool wrap(struct data_key *key, void *arg, struct err *err_r)
{
	const struct change *c = arg;
	struct subkey plain;
	bool done = vault_key_unwrap(&c->wrap, key, c->op->arena, &plain, err_r) &&
		    vault_key_wrap(&c->wrap.of[0], &plain, c->op->arena, key, err_r);

	explicit_bzero(&plain, sizeof(plain));
	return done;
}

/* One that was changed by hand must not become a good one. */
static bool sign(struct audit_head *head, void *arg, struct err *err_r)
{
	const struct change *c = arg;
	char mac[SHA256_HEX];

	if (!audit_head_holds(&c->head.of[1].key, head, c->op->arena) &&
	    !audit_head_holds(&c->head.of[0].key, head, c->op->arena))
		return err_set(err_r, ERR_DATABASE, "The head of the audit chain %s was not written by this "
			       "service; 'pierre audit verify' shows what was changed", head->chain);
	audit_head_mac(&c->head.of[0].key, head, c->op->arena, mac);
	head->mac = arena_strdup(c->op->arena, mac);
	return true;
}

static bool try_all(struct op *op, struct change *c, struct master_changed *out,
		    struct err *err_r)
{
	struct field_list keys, heads;

	if (!store_data_key_list(op->db, op->arena, &keys, err_r) ||
	    !store_audit_heads(op->db, op->arena, &heads, err_r))
		return false;
	for (size_t i = 0; i < keys.n; i++)
		if (!wrap(&((struct data_key *)(uintptr_t)keys.items)[i], c, err_r))
			return false;
	for (size_t i = 0; i < heads.n; i++)
		if (!sign(&((struct audit_head *)(uintptr_t)heads.items)[i], c, err_r))
			return false;
	*out = (struct master_changed){ (int64_t)keys.n, (int64_t)heads.n, false };
	return true;
}

static bool commit(struct op *op, struct change *c, const struct instance_checks *checks,
		   struct master_changed *out, struct err *err_r)
{
	struct audit_event event = op_audit(op, AUDIT_MASTER_KEY_CHANGED, NULL);
	struct master_rotation m = {
		.old_check = checks->previous, .new_check = checks->current,
		.wrap = wrap, .sign = sign, .arg = c, .arena = op->arena,
	};

	if (!store_master_rotate(op->db, &event, &m, err_r))
		return false;
	*out = (struct master_changed){ m.keys, m.heads, true };
	return true;
}

bool op_master_rotate(struct op *op, struct scope scope, bool dry, struct master_changed *out,
		      struct err *err_r)
{
	struct instance_checks checks;
	struct change c = { .op = op };
	bool done;

	if (scope.kind != SCOPE_ALL)
		return err_set(err_r, ERR_FORBIDDEN, "The master key is for the shell alone");
	if (!op_instance_may_change_key(op, &checks, err_r))
		return false;
	derive(op->process->conf, SUBKEY_WRAP, &c.wrap);
	derive(op->process->conf, SUBKEY_AUDIT_HEAD, &c.head);
	done = dry ? try_all(op, &c, out, err_r) : commit(op, &c, &checks, out, err_r);
	explicit_bzero(&c, sizeof(c));
	return done;
}
