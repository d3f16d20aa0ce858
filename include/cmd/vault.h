/*
 * cmd/vault.h - the vault of a command: it needs ENCRYPTION_KEY.
 */
#ifndef PIERRE_CMD_VAULT_H
#define PIERRE_CMD_VAULT_H

#include "cmd/context.h"

/* c->process.vault. ERR_CONFIG: the key is not set, or is not that of the database. */
bool vault_begin(struct context *c, struct err *err_r);
/* Also after vault_begin() has failed. */
void vault_end(struct context *c);

#endif
