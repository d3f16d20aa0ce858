/* op/data_key.c - data keys: listed, rotated, retired. */
#include "config.h"

#include "base/str.h"
#include "op/audit.h"
#include "op/data_key.h"
#include "op/vault.h"
#include "op/vault_key.h"
#include "store/data_key.h"
#include "store/sealed.h"

static bool may(const struct op *op, struct scope scope, struct err *err_r)
{
	if (scope.kind != SCOPE_ALL)
		return err_set(err_r, ERR_FORBIDDEN, "Data keys are for the shell alone");
	return op->process->vault ||
	       err_set(err_r, ERR_INTERNAL, "This process has no key for secrets");
}

/* --- list ------------------------------------------------------------------------------ */

static bool is_last(const struct data_key *keys, size_t n, size_t at)
{
	for (size_t i = at + 1; i < n; i++)
		if (str_eq(keys[i].tenant_id, keys[at].tenant_id))
			return false;
	return true;
}

/* Whose option has it. */
static const char *master_of(const struct master_subkeys *keys, const char *master_id)
{
	static const char *const options[MASTER_KEYS] = { "ENCRYPTION_KEY", "ENCRYPTION_KEY_PREVIOUS" };

	for (size_t i = 0; i < MASTER_KEYS; i++)
		if (keys->of[i].key.set && str_eq(keys->of[i].id, master_id))
			return options[i];
	return "unknown";
}

bool op_data_key_states(struct op *op, struct scope scope, struct field_list *out,
			struct err *err_r)
{
	struct data_key *keys;

	if (!may(op, scope, err_r) || !store_data_key_list(op->db, op->arena, out, err_r))
		return false;
	keys = (struct data_key *)(uintptr_t)out->items;
	for (size_t i = 0; i < out->n; i++)
		keys[i].state = is_last(keys, out->n, i) ? "current" : "old";
	return true;
}

bool op_data_key_list(struct op *op, struct scope scope, struct field_list *out,
		      struct err *err_r)
{
	struct data_key *keys;

	if (!op_data_key_states(op, scope, out, err_r))
		return false;
	keys = (struct data_key *)(uintptr_t)out->items;
	for (size_t i = 0; i < out->n; i++) {
		keys[i].master = master_of(vault_subkeys(op->process->vault), keys[i].master_id);
		if (!store_sealed_count(op->db, keys[i].id, &keys[i].rows, err_r))
			return false;
	}
	return true;
}

/* --- rotate, retire ---------------------------------------------------------------------- */

/* The last one of the tenant itself; 0 = it has none. */
static int64_t last_of(const struct field_list *list, const char *tenant_id)
{
	const struct data_key *keys = list->items;
	int64_t id = 0;

	for (size_t i = 0; i < list->n; i++)
		if (str_eq(keys[i].tenant_id, tenant_id))
			id = keys[i].id;
	return id;
}

bool op_data_key_rotate(struct op *op, struct scope scope, const char *tenant_id,
			struct data_key *out, struct err *err_r)
{
	struct field_list list;

	return may(op, scope, err_r) && store_data_key_list(op->db, op->arena, &list, err_r) &&
	       vault_key_create(op, vault_subkeys(op->process->vault), tenant_id,
				last_of(&list, tenant_id), out, err_r);
}

#define TRIES 5   /* rows that come and go while a data key is dropped */

static bool is_unused(struct op *op, const struct data_key *key, struct err *err_r)
{
	int64_t rows;

	if (!store_sealed_count(op->db, key->id, &rows, err_r))
		return false;
	return rows == 0 ||
	       err_set(err_r, ERR_CONFLICT, "Data key %lld is needed by %lld rows: 'pierre keys rewrap' "
		       "moves them to the current one first", (long long)key->id, (long long)rows);
}

/* What was sealed by it since is refused by the FOREIGN KEY of that row, which may be sealed
 * anew by the time it is looked for. */
static bool drop(struct op *op, const struct audit_event *event, const struct data_key *key,
		 struct err *err_r)
{
	for (int tries = TRIES; !store_data_key_retire(op->db, event, key->id, err_r);) {
		struct err refused = *err_r;

		if (err_r->kind != ERR_DATABASE || !is_unused(op, key, err_r))
			return false;
		*err_r = refused;
		if (--tries == 0)
			return false;
	}
	vault_forget(op->process->vault);
	return true;
}

bool op_data_key_retire(struct op *op, struct scope scope, bool dry, const struct data_key *key,
			struct err *err_r)
{
	struct audit_event event = op_audit(op, AUDIT_DATA_KEY_RETIRED,
					    arena_printf(op->arena, "%lld", (long long)key->id));

	if (!may(op, scope, err_r))
		return false;
	if (str_eq(key->state, "current"))
		return err_set(err_r, ERR_CONFLICT, "Data key %lld seals new secrets: 'pierre keys rotate' "
			       "makes another first", (long long)key->id);
	if (!is_unused(op, key, err_r))
		return false;
	if (dry)
		return true;
	return drop(op, &event, key, err_r);
}
