/* cmd/vault.c - opens the vault for a command. */
#include "config.h"

#include "auth/auth.h"
#include "auth/seal.h"
#include "cmd/vault.h"
#include "op/data_key.h"
#include "op/instance.h"
#include "op/vault.h"

bool vault_begin(struct context *c, struct err *err_r)
{
	if (!op_instance_is_key(&c->op, err_r))
		return false;
	if (!seal_works())
		return err_set(err_r, ERR_CONFIG, "libgcrypt does not seal here: is it in FIPS mode?");
	c->process.vault = op_vault_open(&c->op);
	return true;
}

void vault_end(struct context *c)
{
	vault_free(&c->process.vault);
}
