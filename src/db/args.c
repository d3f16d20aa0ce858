/*
 * db/args.c - what a statement is given: a row by its field table, and whether
 * anything is missing.
 */
#include "config.h"

#include "base/str.h"
#include "db/args.h"
#include "db/db_core.h"

/* --- a row into parameters ---------------------------------------------------- */

const char *db_field_column(const struct field *f)
{
	const char *column = f->column ? f->column : f->name;

	if (f->flags & FIELD_INPUT || f->type == FIELD_OBJECT || f->type == FIELD_LIST)
		return NULL;
	return column[0] ? column : NULL;
}

static struct db_value value_of(const struct field *f, const void *row)
{
	const void *member = field_cptr(f, row);

	switch (f->type) {
	case FIELD_TEXT:
	case FIELD_UUID:
	case FIELD_JSON:
		return db_text(*(const char *const *)member);
	case FIELD_STRINGS:
		return db_strings(*(const struct strings *)member);
	case FIELD_INT:
		return db_int(*(const int64_t *)member);
	case FIELD_TIME:
		return db_time(*(const int64_t *)member);
	case FIELD_BOOL:
		return db_bool(*(const bool *)member);
	case FIELD_OBJECT:
	case FIELD_LIST:
		break;
	}
	return (struct db_value){ .type = DB_UNSET };
}

struct db_value *db_bind(const struct db_statement *stmt, const struct field_schema *schema,
			 const void *row, struct db_value *args)
{
	for (const struct field *f = schema->fields; f->name; f++)
		for (unsigned i = 0; i < stmt->params; i++)
			if (args[i].type == DB_UNSET && str_eq(stmt->names[i], db_field_column(f)))
				args[i] = value_of(f, row);
	return args;
}

/* --- before it runs ------------------------------------------------------------- */

static bool all_set(const struct db_statement *s, const struct db_value *values, size_t n,
		    struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (values[i].type == DB_UNSET)
			return err_set(e, ERR_INTERNAL, "Statement %s was not given :%s", s->name,
				       s->names ? s->names[i % s->params] : "?");
	return true;
}

bool db_may_run(const struct db *db, int stmt, const struct db_value *values, size_t n,
		size_t n_rows, struct err *e)
{
	const struct db_catalog *cat = db->options.catalog;
	const struct db_statement *s;

	if (stmt < 0 || (size_t)stmt >= cat->n_statements)
		return err_set(e, ERR_INTERNAL, "Statement %d is not in the catalog", stmt);
	s = &cat->statements[stmt];
	if (n != s->params)
		return err_set(e, ERR_INTERNAL, "Statement %s takes %u values, not %zu",
			       s->name, s->params, n);
	if (s->writes && !db->tx.active)
		return err_set(e, ERR_INTERNAL, "Statement %s writes outside a transaction",
			       s->name);
	return all_set(s, values, n * n_rows, e);
}
