/* op/audit_read.c - pages of the audit trail. */
#include "config.h"

#include "op/audit_read.h"
#include "op/page.h"
#include "store/audit_read.h"

static const struct page_list audit_list = {
	.row_size = sizeof(struct audit_entry),
	.created_at = offsetof(struct audit_entry, event.timestamp),
	.id = offsetof(struct audit_entry, event.id),
	.read = store_audit_list,
};

bool op_audit_list(struct op *op, struct scope scope, const struct audit_query *in,
		   struct page_out *out, struct err *err_r)
{
	return field_check(&audit_query_schema, in, err_r) &&
	       op_page(op, scope, &audit_list, in, &in->page, out, err_r);
}
