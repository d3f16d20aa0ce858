/*
 * op/vault_key.h - data keys as the vault needs them: wrapped and unwrapped by the
 * subkeys of the master keys that this host has, and made when there is none, or when
 * the last one has served its time.
 */
#ifndef PIERRE_OP_VAULT_KEY_H
#define PIERRE_OP_VAULT_KEY_H

#include "auth/master.h"
#include "model/data_key.h"
#include "op/op.h"

/* Sets master_id and wrapped. */
bool vault_key_wrap(const struct master_subkey *by, const struct subkey *plain,
		    struct arena *arena, struct data_key *key, struct err *err_r);
/* ERR_UNAVAILABLE reason "master_key": this host has not the master key that wraps it.
 * ERR_INTERNAL reason "sealed": the row was changed. */
bool vault_key_unwrap(const struct master_subkeys *by, const struct data_key *key,
		      struct arena *arena, struct subkey *out, struct err *err_r);

/* A new one for a tenant (NULL: for all that have none), unless the last one is not `seen`
 * any more (0 = none): then another process was faster, and *out is that one's. By the
 * master key that wraps the others. */
bool vault_key_create(struct op *op, const struct master_subkeys *by, const char *tenant_id,
		      int64_t seen, struct data_key *out, struct err *err_r);

/* The one that seals for a tenant (NULL = none), made when there is none, or when it is
 * older than DATA_KEY_DAYS or has sealed DATA_KEY_SEALS. */
bool vault_key_current(struct op *op, const struct master_subkeys *by, const char *tenant_id,
		       struct data_key *out, struct err *err_r);

#endif
