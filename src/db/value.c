/*
 * db/value.c - the current row: its columns, and a struct made of them by its field
 * table.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "db/db_core.h"

int db_columns(struct db *db)
{
	return db->conn ? db->driver->columns(db->conn) : 0;
}

const char *db_column_name(struct db *db, int col)
{
	return db->driver->column_name(db->conn, col);
}

const char *db_column_text(struct db *db, int col)
{
	return db->driver->column_text(db->conn, col);
}

int64_t db_column_int(struct db *db, int col)
{
	const char *text = db_column_text(db, col);

	return text ? strtoll(text, NULL, 10) : INT_NONE;
}

/* --- a row into a struct ---------------------------------------------------- */

static int column_of(struct db *db, const char *name, int columns)
{
	for (int i = 0; i < columns; i++)
		if (strcmp(db_column_name(db, i), name) == 0)
			return i;
	return -1;
}

static bool read_int(const char *text, int64_t *out)
{
	*out = INT_NONE;
	return !text || str_int(text, INT64_MIN, INT64_MAX, out);
}

static bool read_bool(const char *text, bool *out)
{
	*out = text && text[0] == '1';
	return !text || str_eq(text, "0") || str_eq(text, "1");
}

static bool read_time(const char *text, int64_t *out)
{
	*out = TIME_NONE;
	return !text || time_parse(text, out);
}

static bool read_field(const struct field *f, const char *text, struct arena *arena,
		       void *out)
{
	void *member = field_ptr(f, out);

	switch (f->type) {
	case FIELD_INT:
		return read_int(text, member);
	case FIELD_BOOL:
		return read_bool(text, member);
	case FIELD_TIME:
		return read_time(text, member);
	case FIELD_TEXT:
	case FIELD_UUID:
	case FIELD_JSON:
		*(const char **)member = arena_strdup(arena, text);
		return true;
	case FIELD_STRINGS:
		*(struct strings *)member = (struct strings){ 0 };
		return !text || strings_from_json(arena, text, member);
	case FIELD_OBJECT:
	case FIELD_LIST:
		break;
	}
	return true;
}

/* The column of each field, -1 = it is not in the database. NULL: a field has no
 * column. */
static int *find_columns(struct db *db, const struct field_schema *schema, struct err *err_r)
{
	int n = 0, columns = db_columns(db), *found;

	while (schema->fields[n].name)
		n++;
	found = calloc((size_t)n + 1, sizeof(*found));
	if (!found)
		abort();
	for (int i = 0; i < n; i++) {
		const char *column = db_field_column(&schema->fields[i]);

		found[i] = column ? column_of(db, column, columns) : -1;
		if (!column || found[i] >= 0)
			continue;
		err_set(err_r, ERR_DATABASE, "A row for %s has no column %s", schema->name, column);
		free(found);
		return NULL;
	}
	return found;
}

/* A statement has the same columns each time: they are looked for once a handle. */
static const int *columns_of(struct db *db, const struct field_schema *schema, struct err *err_r)
{
	const struct db_catalog *cat = db->options.catalog;
	const struct db_statement *s = &cat->statements[db->stmt];
	size_t row = 0;
	int **columns;

	while (row < DB_ROWS && s->rows[row] != schema)
		row++;
	if (row == DB_ROWS) {
		err_set(err_r, ERR_INTERNAL, "Statement %s gives no rows of %s", s->name,
			schema->name);
		return NULL;
	}
	if (!db->columns)
		db->columns = calloc(cat->n_statements * DB_ROWS, sizeof(*db->columns));
	if (!db->columns)
		abort();
	columns = &db->columns[(size_t)db->stmt * DB_ROWS + row];
	if (!*columns)
		*columns = find_columns(db, schema, err_r);
	return *columns;
}

void db_free_columns(struct db *db)
{
	size_t n = db->columns ? db->options.catalog->n_statements * DB_ROWS : 0;

	for (size_t i = 0; i < n; i++)
		free(db->columns[i]);
	free(db->columns);
	db->columns = NULL;
}

bool db_read(struct db *db, const struct field_schema *schema,
	     struct arena *arena, void *out, struct err *err_r)
{
	const int *columns = columns_of(db, schema, err_r);

	if (!columns)
		return false;
	memset(out, 0, schema->size);   /* also what has no column */
	for (const struct field *f = schema->fields; f->name; f++, columns++)
		if (*columns >= 0 && !read_field(f, db_column_text(db, *columns), arena, out))
			return err_set(err_r, ERR_DATABASE,
				       "Column %s of a row for %s has a value of another type",
				       db_field_column(f), schema->name);
	return true;
}
