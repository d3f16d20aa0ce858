/*
 * store/audit_read.h - reading the audit trail.
 */
#ifndef PIERRE_STORE_AUDIT_READ_H
#define PIERRE_STORE_AUDIT_READ_H

#include "model/audit_chain.h"
#include "model/scope.h"

struct db;

/* One page of struct audit_entry that fit the filter, a struct audit_query: of all
 * events (SCOPE_ALL), or of what a user did. */
bool store_audit_list(struct db *db, struct scope scope, const void *filter,
		      const struct page *page, struct arena *arena, struct field_list *out,
		      struct err *err_r);
/* The same of what happened in the tenant of the scope. */
bool store_audit_list_tenant(struct db *db, struct scope scope, const void *filter,
			     const struct page *page, struct arena *arena, struct field_list *out,
			     struct err *err_r);

#endif
