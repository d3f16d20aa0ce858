/*
 * db/driver_sqlite_error.c - what SQLite's result codes mean for the caller:
 * one row each, with the sentence and the next step.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "db/driver_sqlite.h"

static const struct cause {
	int code;
	enum db_rc rc;
	enum err_kind kind;
	const char *sentence;
} causes[] = {
	/* extended codes come before the primary code they belong to */
	{ SQLITE_READONLY_DBMOVED, DB_GONE, ERR_UNAVAILABLE, "was moved or replaced" },
	{ SQLITE_BUSY, DB_BUSY, ERR_UNAVAILABLE, "is locked by another process" },
	{ SQLITE_LOCKED, DB_BUSY, ERR_UNAVAILABLE, "is locked by another statement" },
	{ SQLITE_PROTOCOL, DB_BUSY, ERR_UNAVAILABLE, "is locked by another process" },
	{ SQLITE_SCHEMA, DB_BUSY, ERR_UNAVAILABLE, "is changing its schema" },
	{ SQLITE_INTERRUPT, DB_BUSY, ERR_UNAVAILABLE, "did not answer before the deadline" },
	{ SQLITE_FULL, DB_ERROR, ERR_UNAVAILABLE,
	  "cannot grow because the disk is full: free some space, then it goes on by itself" },
	{ SQLITE_READONLY, DB_ERROR, ERR_UNAVAILABLE,
	  "is read-only for this user: make the file and its directory writable" },
	{ SQLITE_PERM, DB_ERROR, ERR_UNAVAILABLE,
	  "may not be used by this user: make the file and its directory writable" },
	{ SQLITE_CANTOPEN, DB_ERROR, ERR_UNAVAILABLE,
	  "cannot be opened: make the file and its directory readable and writable" },
	{ SQLITE_IOERR, DB_ERROR, ERR_UNAVAILABLE,
	  "had an I/O error: look at the kernel's log and check the disk" },
	{ SQLITE_CORRUPT, DB_ERROR, ERR_DATABASE, "is damaged: stop the service and restore a backup" },
	{ SQLITE_NOTADB, DB_ERROR, ERR_DATABASE, "is not an SQLite database: check DATABASE_URL" },
	{ SQLITE_NOMEM, DB_ERROR, ERR_UNAVAILABLE, "got no memory" },
};

static const struct cause file_limit = {
	SQLITE_IOERR_WRITE, DB_ERROR, ERR_UNAVAILABLE,
	"cannot grow past this process's limit: raise LimitFSIZE= (ulimit -f)"
};

/* Of the write-ahead log's file, into which all is written first. */
static int wal_errno(const struct db_conn *c)
{
	sqlite3_file *wal = NULL;
	int error = 0;

	sqlite3_file_control(c->handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
	if (wal && wal->pMethods && wal->pMethods->xFileControl)
		wal->pMethods->xFileControl(wal, SQLITE_FCNTL_LAST_ERRNO, &error);
	return error;
}

bool sqlite_is_limited(const struct db_conn *c, int rc)
{
	return rc == SQLITE_IOERR_WRITE && c->handle && wal_errno(c) == EFBIG;
}

static const struct cause *cause_of(int rc)
{
	for (size_t i = 0; i < sizeof(causes) / sizeof(*causes); i++)
		if (causes[i].code == rc || causes[i].code == (rc & 0xff))
			return &causes[i];
	return NULL;
}

/* "UNIQUE constraint failed: users.email_key" -> what stands behind ": " */
static enum db_rc unique_violation(struct db_conn *c, struct err *err_r)
{
	const char *text = sqlite3_errmsg(c->handle);
	const char *name = strstr(text, ": ");

	db_conflict(c->catalog, DB_SQLITE, name ? name + 2 : text, err_r);
	return DB_CONFLICT;
}

enum db_rc sqlite_fail(struct db_conn *c, int rc, const char *doing, struct err *err_r)
{
	const struct cause *cause = cause_of(rc);

	if (sqlite_is_limited(c, rc))
		cause = &file_limit;
	if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
	    rc == SQLITE_CONSTRAINT_ROWID)
		return unique_violation(c, err_r);
	if (cause) {
		err_set(err_r, cause->kind, "The database %.300s %s", c->path, cause->sentence);
		return cause->rc;
	}
	err_set(err_r, ERR_DATABASE, "SQLite refused %s: %.300s (%d)", doing,
		c->handle ? sqlite3_errmsg(c->handle) : sqlite3_errstr(rc), rc);
	return DB_ERROR;
}
