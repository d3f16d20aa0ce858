/*
 * db/args.h - the parameters of a statement, by name.
 *
 * sql/embed.awk makes for each statement a union of its parameters and an array
 * as long, and two constants. For `WHERE id = :id AND user_id = :user_id`:
 *
 *   union sql_key_end {
 *           struct {
 *                   struct { } by_name1; struct db_value id;
 *                   struct { } by_name2; struct db_value user_id;
 *           };
 *           struct db_value all[2];
 *   };
 *   enum { SQL_key_end = SQL_KEY_END, SQL_key_end_PARAMS = 2 };
 *
 * The macros below give what the functions of db/query.h take as (stmt, args, n).
 * A name that is wrong, given twice or forgotten does not compile, and neither does
 * a value without a name (by_name1 takes none). tests/lint/sql_args.t tries each.
 */
#ifndef PIERRE_DB_ARGS_H
#define PIERRE_DB_ARGS_H

#include "db/catalog.h"
#include "db/value.h"

/*
 * db_write(db, SQL_ARGS(key_end, .id = db_text(id), .user_id = db_text(owner)), ...)
 * A statement without parameters: SQL_ARGS(instance_lock).
 */
#define SQL_ARGS(name, ...) SQL_##name, SQL_VALUES(name, __VA_ARGS__).all, SQL_##name##_PARAMS

/* The same from a row: each parameter that has the name of a column of `schema`
 * and is not given here has the value of that field. What is then missing is
 * refused when it runs. */
#define SQL_ROW(name, schema, row, ...) SQL_##name, \
	db_bind(&sql_catalog.statements[SQL_##name], schema, row, \
		(union sql_##name){ { __VA_ARGS__ } }.all), \
	SQL_##name##_PARAMS

/* db_bulk(db, SQL_ROWS(usage_row_insert, rows, n), err): `rows` are n unions of
 * this statement; a pointer to another type does not compile. */
#define SQL_ROWS(name, rows, n) SQL_##name, \
	(const struct db_value *)_Generic((rows), union sql_##name *: (rows), \
					  const union sql_##name *: (rows)), \
	SQL_##name##_PARAMS, (n)

/* One of those rows: SQL_VALUES(usage_row_insert, .route = db_text(route), ...) */
#define SQL_VALUES(name, ...) ((union sql_##name[]){ { { __VA_ARGS__ } } })[ \
	DB_EACH_ONCE(DB_COUNT(__VA_ARGS__), SQL_##name##_PARAMS)]
#define DB_EACH_ONCE(given, takes) (0 * sizeof(struct { int unused; \
	_Static_assert((given) == (takes), "each parameter of a statement is given once"); }))

/* Fill what is DB_UNSET in args and has the name of a column of schema from the
 * fields of row; texts stay those of row. Returns args. */
struct db_value *db_bind(const struct db_statement *stmt, const struct field_schema *schema,
			 const void *row, struct db_value *args);

/* How many: up to 24. */
#define DB_COUNT(...) DB_COUNT_(__VA_ARGS__ __VA_OPT__(,) 24, 23, 22, 21, 20, 19, 18, 17, \
	16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define DB_COUNT_(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, \
	count, ...) count

#endif
