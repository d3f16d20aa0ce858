/*
 * op/data_key.h - the keys that seal secrets, and the master key, for the shell and the
 * start of the service. What is retired, or wrapped anew, changes no row that has a secret.
 */
#ifndef PIERRE_OP_DATA_KEY_H
#define PIERRE_OP_DATA_KEY_H

#include "auth/master.h"
#include "model/data_key.h"
#include "model/scope.h"
#include "op/op.h"

/* --- for the shell: with scope_all() and op->process->vault ----------------------------- */

/* Of struct data_key, all there are, by id. */
bool op_data_key_list(struct op *op, struct scope scope, struct field_list *out,
		      struct err *err_r);
/* The same without master and rows: those cost a look into each table. */
bool op_data_key_states(struct op *op, struct scope scope, struct field_list *out,
			struct err *err_r);
/* A new one seals from here on: for a tenant, from then on with its own, or for all that have
 * none (NULL). Other processes follow within VAULT_CURRENT_MS. */
bool op_data_key_rotate(struct op *op, struct scope scope, const char *tenant_id,
			struct data_key *out, struct err *err_r);
/* Drop one for good; dry: only see that it can be done. ERR_CONFLICT: it is the current one, or
 * rows need it. */
bool op_data_key_retire(struct op *op, struct scope scope, bool dry, const struct data_key *key,
			struct err *err_r);

/* --- the master key ---------------------------------------------------------------------- */

/* The vault of a process that has the master key. */
struct vault *op_vault_open(const struct op *op);
/* At a start: the master key opens the data key that seals for all; the first one is
 * made. */
bool op_vault_check(struct op *op, struct err *err_r);

/* The subkey for a purpose of the master key that is in use. ERR_CONFIG: ENCRYPTION_KEY
 * is not set, or is not that one. */
bool op_master_subkey(struct op *op, enum subkey_purpose purpose, struct subkey *out,
		      struct err *err_r);

/* Make ENCRYPTION_KEY the master key in place of ENCRYPTION_KEY_PREVIOUS: all data keys,
 * all heads of the audit trail and the key check, in one transaction. dry: only see that
 * it can be done. ERR_CONFIG: one of the two is not set, or does not fit; ERR_CONFLICT:
 * it is the master key already. */
struct master_changed {
	int64_t data_keys, audit_heads;
	bool done;
};
extern const struct field_schema master_changed_schema;
bool op_master_rotate(struct op *op, struct scope scope, bool dry, struct master_changed *out,
		      struct err *err_r);

#endif
