/* db/driver_sqlite_pragma.c - one PRAGMA. */
#include "config.h"

#include <string.h>

#include "db/driver_sqlite.h"

enum db_rc sqlite_pragma(struct db_conn *c, const char *sql, char *buf, size_t size,
			 struct err *err_r)
{
	enum db_rc outcome = DB_OK;
	sqlite3_stmt *s = NULL;
	const char *text;
	int rc = sqlite3_prepare_v2(c->handle, sql, -1, &s, NULL);

	buf[0] = '\0';
	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc == SQLITE_ROW) {
		text = (const char *)sqlite3_column_text(s, 0);
		strncat(buf, text ? text : "", size - 1);
		rc = sqlite3_step(s);
	}
	if (rc != SQLITE_DONE)
		outcome = sqlite_fail(c, rc, sql, err_r);
	sqlite3_finalize(s);
	return outcome;
}
