/*
 * store/tenant.h - a tenant, inside a transaction that is already there.
 */
#ifndef PIERRE_STORE_TENANT_H
#define PIERRE_STORE_TENANT_H

#include "base/err.h"
#include "model/tenant.h"

struct db;

/* The tenant and its owner. A taken slug: ERR_CONFLICT field tenant_slug. */
bool store_tenant_add(struct db *db, const struct tenant *t, const char *owner_id,
		      int64_t now, struct err *err_r);

#endif
