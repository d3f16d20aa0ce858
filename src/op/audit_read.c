/* op/audit_read.c - pages of the audit trail. */
#include "config.h"

#include "op/audit_read.h"
#include "op/page.h"
#include "store/audit_read.h"

#define ENTRIES(fn) { \
	.row_size = sizeof(struct audit_entry), \
	.created_at = offsetof(struct audit_entry, event.timestamp), \
	.id = offsetof(struct audit_entry, event.id), .read = (fn) }

static const struct page_list audit_list = ENTRIES(store_audit_list),
	tenant_list = ENTRIES(store_audit_list_tenant);

bool op_audit_list(struct op *op, struct scope scope, const struct audit_query *in,
		   struct page_out *out, struct err *err_r)
{
	return field_check(&audit_query_schema, in, err_r) &&
	       op_page(op, scope, &audit_list, in, &in->page, out, err_r);
}

bool op_audit_list_tenant(struct op *op, struct scope scope, const struct audit_query *in,
			  struct page_out *out, struct err *err_r)
{
	return field_check(&audit_tenant_query_schema, in, err_r) &&
	       op_page(op, scope, &tenant_list, in, &in->page, out, err_r);
}
