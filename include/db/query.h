/*
 * db/query.h - running statements, and the shapes of reading and writing that
 * stores need. One statement is active at a time: finish reading before you start
 * the next.
 */
#ifndef PIERRE_DB_QUERY_H
#define PIERRE_DB_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/field.h"
#include "db/value.h"

struct db;

enum db_rc {
	DB_OK,        /* done, no (more) row                                   */
	DB_ROW,       /* a row is there: read columns, then db_next()          */
	DB_CONFLICT,  /* a constraint refused; err.field names the field       */
	DB_BUSY,      /* a lock or a serialization failure: run again          */
	DB_GONE,      /* connection lost, nothing committed                    */
	DB_UNCERTAIN, /* connection lost during COMMIT                         */
	DB_ERROR,     /* wrong statement, full disk, refused: do not retry     */
};

/* Run statement number `stmt` of the catalog up to its first row; SQL_ARGS() and
 * SQL_ROW() of db/args.h give stmt, args and n. A value that is DB_UNSET is refused
 * with the parameter's name (our bug).
 * DB_ROW: columns can be read; go on with db_next() or db_finish().
 * DB_OK: no row. Anything else: err_r is filled (kinds: CONFLICT ->
 * ERR_CONFLICT with field, BUSY/GONE -> ERR_UNAVAILABLE, UNCERTAIN ->
 * ERR_UNCERTAIN, ERROR -> ERR_DATABASE). A writing statement outside a
 * transaction is refused (our bug). Writing statements with RETURNING are
 * run to completion before the first row is handed out. */
enum db_rc db_query(struct db *db, int stmt, const struct db_value *args,
		    size_t n, struct err *err_r);
enum db_rc db_next(struct db *db, struct err *err_r);
void db_finish(struct db *db);          /* drop what is left of the rows; idempotent */
int64_t db_affected(const struct db *db); /* rows touched by the last writing statement */

/* Valid until the next db_next/db_finish/db_query; copy what you keep. */
int db_columns(struct db *db);
const char *db_column_name(struct db *db, int col);
const char *db_column_text(struct db *db, int col);  /* NULL = SQL NULL; moments in the fixed form */
int64_t db_column_int(struct db *db, int col);       /* INT_NONE = SQL NULL; booleans 0/1 */

/* Current row -> struct, by column name; texts are copied to the arena. The
 * schema is one of the statement's rows. A field with the column "" is not in the
 * database. False (ERR_DATABASE) when another field has no column. */
bool db_read(struct db *db, const struct field_schema *schema,
	     struct arena *arena, void *out, struct err *err_r);

/* The three shapes of reading that stores need. All leave no statement active. */
/* exactly one row or ERR_NOT_FOUND with `absent` as its sentence */
bool db_get(struct db *db, int stmt, const struct db_value *args, size_t n,
	    const struct field_schema *schema, struct arena *arena, void *out,
	    const char *absent, struct err *err_r);
/* all rows, in order */
bool db_list(struct db *db, int stmt, const struct db_value *args, size_t n,
	     const struct field_schema *schema, struct arena *arena,
	     struct field_list *out, struct err *err_r);
/* one integer of one row; no row = 0 */
bool db_number(struct db *db, int stmt, const struct db_value *args, size_t n,
	       int64_t *out, struct err *err_r);
/* run a writing statement, *changes_r (may be NULL) = rows touched */
bool db_write(struct db *db, int stmt, const struct db_value *args, size_t n,
	      int64_t *changes_r, struct err *err_r);
/* the same for one that touches one row; none = ERR_NOT_FOUND with `absent` */
bool db_write_one(struct db *db, int stmt, const struct db_value *args, size_t n,
		  const char *absent, struct err *err_r);

/* Many rows at once, inside a transaction: `values` are n_rows times what the
 * statement takes; SQL_ROWS() of db/args.h gives all four. An INSERT on SQLite,
 * COPY ... FROM STDIN on PostgreSQL. */
bool db_bulk(struct db *db, int stmt, const struct db_value *values, size_t n_columns,
	     size_t n_rows, struct err *err_r);

#endif
