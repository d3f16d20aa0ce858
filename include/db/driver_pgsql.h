/*
 * db/driver_pgsql.h - what the files of the PostgreSQL driver share. For
 * src/db/driver_pgsql*.c only.
 *
 * Everything goes through libpq's asynchronous calls, and every wait is a
 * poll() with a deadline: libpq's own waits have none, and neither
 * statement_timeout nor tcp_user_timeout fires when a server is frozen.
 */
#ifndef PIERRE_DB_DRIVER_PGSQL_H
#define PIERRE_DB_DRIVER_PGSQL_H

#include <libpq-fe.h>

#include "db/db_private.h"

struct db_conn {
	struct arena *home;        /* lives as long as the connection          */
	struct arena *values;      /* parameters, then mapped texts of one row */
	PGconn *pg;                /* NULL once the connection is of no use    */
	PGresult *result;          /* of the current query, NULL = none        */
	int row;
	int64_t changes;
	bool *prepared;            /* by statement number                      */
	bool prepare;
	const struct db_catalog *catalog;
	const char *where;         /* "host:port/database", for sentences      */
};

/* --- driver_pgsql_connect.c ------------------------------------------------ */

/* Try the URL's hosts in turn, each with its share of the time that is left.
 * NULL with a sentence: ERR_CONFIG when the settings are wrong (password,
 * database, URL), ERR_UNAVAILABLE when the server is. */
PGconn *pgsql_connect(const char *url, int64_t deadline, struct err *err_r);

/* Does libpq understand it, and is no part of the password elsewhere? */
bool pgsql_url_check(const char *url, struct err *err_r);

/* --- driver_pgsql_wait.c --------------------------------------------------- */

enum pgsql_wait { PGSQL_READY, PGSQL_LATE, PGSQL_LOST };

/* Wait for poll events on the socket; never longer than until the deadline. */
enum pgsql_wait pgsql_wait_for(PGconn *pg, short events, int64_t deadline);

/* Send what is queued and read every result of it. *result_r is the first
 * error, else the last result (the caller clears it); NULL unless READY. */
enum pgsql_wait pgsql_results(PGconn *pg, int64_t deadline, PGresult **result_r);

/* The same for what was queued as COPY ... FROM STDIN, with its text. */
enum pgsql_wait pgsql_copy_in(PGconn *pg, const char *text, size_t n, int64_t deadline,
			      PGresult **result_r);

/* Neither rows nor a success without any. */
bool pgsql_is_error(const PGresult *result);

/* --- driver_pgsql_copy.c --------------------------------------------------- */

enum db_rc pgsql_bulk(struct db_conn *c, int stmt, const struct db_value *values,
		      size_t n_columns, size_t n_rows, int64_t deadline, struct err *err_r);

/* --- driver_pgsql_error.c -------------------------------------------------- */

/* "host:port/database" of a connection, sound or not. */
const char *pgsql_where(const PGconn *pg, struct arena *arena);

/* One text in simple-query mode, no rows wanted. `committing`: losing the
 * connection leaves the outcome open. */
enum db_rc pgsql_command(struct db_conn *c, const char *sql, bool committing,
			 int64_t deadline, PGresult **result_r, struct err *err_r);

/* The outcome of a result that is an error; breaks the connection off when it
 * is of no more use. */
enum db_rc pgsql_refused(struct db_conn *c, const PGresult *result, struct err *err_r);

/* The outcome of a wait that did not end in READY; breaks the connection off. */
enum db_rc pgsql_lost(struct db_conn *c, enum pgsql_wait how, bool committing,
		      struct err *err_r);

/* The sentence for an attempt to connect that failed. */
void pgsql_connect_error(PGconn *pg, enum pgsql_wait how, struct err *err_r);

/* --- driver_pgsql_map.c ---------------------------------------------------- */

/* A value as libpq's text parameter. False: not a list of strings. */
bool pgsql_param(const struct db_value *v, struct arena *arena, const char **out);

/* A column's text in the common form, by the type's OID. */
const char *pgsql_text(Oid type, const char *text, struct arena *arena);

#endif
