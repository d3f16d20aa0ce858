/* db/conflict.c - which field a violated constraint means, for the drivers. */
#include "config.h"

#include "base/str.h"
#include "db/db_core.h"

void db_conflict(const struct db_catalog *cat, enum db_backend b,
		 const char *name, struct err *err_r)
{
	static const char *const audit_id[DB_BACKENDS] = {
		[DB_SQLITE] = "audit_events.id",
		[DB_PGSQL] = "audit_events_pkey",
	};
	const struct db_constraint *c = cat->constraints;

	if (str_eq(name, audit_id[b])) {
		err_reason(err_r, ERR_CONFLICT, DB_REASON_AUDIT, "This change was made already");
		return;
	}
	for (; c && c->pgsql; c++) {
		if (str_eq(name, b == DB_SQLITE ? c->sqlite : c->pgsql)) {
			err_field(err_r, ERR_CONFLICT, c->field, "%s", c->message);
			return;
		}
	}
	err_set(err_r, ERR_CONFLICT, "The change conflicts with what is there (%.200s)", name);
}
