/*
 * op/vault.h - secrets at rest, for every op that keeps some.
 *
 *   master key -> HKDF SUBKEY_WRAP -> data keys (key_versions) -> a key of each value
 *
 * A value is sealed (auth/seal.h) by the data key of its tenant, or that of all tenants
 * that have none of their own, and says in its first bytes which one that was. So data
 * keys change one row at a time, and every row can be read meanwhile.
 *
 * A vault is what one process keeps of them: the subkeys that wrap, and up to
 * VAULT_KEYS data keys that were unwrapped, for VAULT_KEEP_MS; what is dropped is wiped.
 * So a data key that was retired opens nothing any more within that time, and seals
 * nothing: the FOREIGN KEY of the row that would have it refuses. One whose row is read again,
 * at the latest after VAULT_CURRENT_MS for sealing, and is another one (a failover may lose a
 * data key, and its number be given again) is dropped.
 */
#ifndef PIERRE_OP_VAULT_H
#define PIERRE_OP_VAULT_H

#include "auth/master.h"
#include "auth/seal.h"
#include "op/op.h"

#define VAULT_KEYS 64
#define VAULT_KEEP_MS 60000     /* for opening */
#define VAULT_CURRENT_MS 5000   /* for sealing: then it looks for a newer one */

struct vault;

/* wrap: SUBKEY_WRAP of this host's master keys; copied. */
struct vault *vault_new(const struct master_subkeys *wrap);
/* Wipes. Accepts a pointer to NULL. */
void vault_free(struct vault **v);
/* Drop what was unwrapped, and wipe it. */
void vault_forget(struct vault *v);

/* Seal n bytes in place. key_id: of the data key that is wanted, as that of another
 * column of the same row; 0 = the current one of the tenant (NULL = no tenant), which is
 * then put there. Both are for the columns of one row. Not inside a transaction.
 * ERR_UNAVAILABLE: the database is away, or reason "master_key": this host has not the
 * master key that is in use. */
bool op_seal(struct op *op, const char *tenant_id, const struct seal_place *place,
	     const void *plain, size_t n, int64_t *key_id, const char **sealed_r,
	     struct err *err_r);

/* The data key that op_seal() takes now for a tenant. */
bool op_seal_key(struct op *op, const char *tenant_id, int64_t *key_id_r, struct err *err_r);

/* Open it: *n_r bytes and a NUL, in op->arena; nothing after a failure. ERR_INTERNAL
 * reason "sealed": changed, moved, or its data key was retired. */
bool op_seal_open(struct op *op, const struct seal_place *place, const char *sealed,
		  char **plain_r, size_t *n_r, struct err *err_r);

/* After a row with this key_id could not be written, or opened: was its data key retired
 * since it was sealed, or read, or is its number another one's? Then seal again and write
 * again, or read the row again. */
bool op_seal_outdated(struct op *op, int64_t key_id);

/* That, for what is done in one step. work() seals and writes a row, or reads one and opens
 * it; it puts the key_id of that row into *key_id_r before it can fail for its data key, and
 * is called again when it failed and that was retired. Not inside a transaction. */
typedef bool op_sealed_fn(struct op *op, void *arg, int64_t *key_id_r, struct err *err_r);
bool op_seal_retry(struct op *op, op_sealed_fn *work, void *arg, struct err *err_r);

/* The id of the master key that is in use, by the database, as this process has seen it
 * within VAULT_CURRENT_MS; NULL or "": not known, as before the first data key. */
const char *op_vault_master(struct op *op);

/* The subkeys that it was made of. */
const struct master_subkeys *vault_subkeys(const struct vault *v);

#endif
