/* store/audit_read.c - pages of the audit trail. */
#include "config.h"

#include "db/query.h"
#include "store/audit_read.h"
#include "store/page.h"
#include "store/scope.h"
#include "store/sql.h"

#define FILTER_ARGS(q) \
	.by_type = db_text((q)->event_type), \
	.by_severity = db_text((q)->severity), .by_target = db_text((q)->target), \
	.by_result = db_text((q)->result), \
	.from_at = db_time((q)->from == TIME_NONE ? 0 : (q)->from), \
	.to_at = db_time((q)->to == TIME_NONE ? TIME_LAST : (q)->to)

bool store_audit_list(struct db *db, struct scope scope, const void *filter,
		      const struct page *page, struct arena *arena, struct field_list *out,
		      struct err *err_r)
{
	const struct audit_query *q = filter;

	if (scope.kind == SCOPE_ALL)
		return db_list(db, SQL_ARGS(audit_list, .scope_all = scope_all_param(scope),
					    .by_user = db_text(q->user_id), .by_tenant = db_text(q->tenant_id),
					    FILTER_ARGS(q), PAGE_ARGS(page)),
			       &audit_entry_schema, arena, out, err_r);
	return db_list(db, SQL_ARGS(audit_list_own, .scope_user = scope_user_param(scope),
				    .by_tenant = db_text(q->tenant_id), FILTER_ARGS(q), PAGE_ARGS(page)),
		       &audit_entry_schema, arena, out, err_r);
}

bool store_audit_list_tenant(struct db *db, struct scope scope, const void *filter,
			     const struct page *page, struct arena *arena, struct field_list *out,
			     struct err *err_r)
{
	const struct audit_query *q = filter;

	return db_list(db, SQL_ARGS(audit_list_tenant, .scope_tenant = scope_tenant_param(scope),
				    .by_user = db_text(q->user_id), FILTER_ARGS(q), PAGE_ARGS(page)),
		       &audit_entry_schema, arena, out, err_r);
}
