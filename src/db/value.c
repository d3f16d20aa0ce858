/*
 * db/value.c - rows into values: columns, whole structs by their field table,
 * and the shapes of reading and writing that stores need.
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
	case FIELD_STRINGS:
		*(const char **)member = arena_strdup(arena, text);
		return true;
	case FIELD_OBJECT:
	case FIELD_LIST:
		break;
	}
	return true;
}

static bool in_database(const struct field *f, const char *column)
{
	return column[0] != '\0' && f->type != FIELD_OBJECT && f->type != FIELD_LIST;
}

bool db_read(struct db *db, const struct field_schema *schema,
	     struct arena *arena, void *out, struct err *err_r)
{
	int columns = db_columns(db);

	for (const struct field *f = schema->fields; f->name; f++) {
		const char *column = f->column ? f->column : f->name;
		int col;

		if (!in_database(f, column))
			continue;
		col = column_of(db, column, columns);
		if (col < 0)
			return err_set(err_r, ERR_DATABASE, "A row for %s has no column %s",
				       schema->name, column);
		if (!read_field(f, db_column_text(db, col), arena, out))
			return err_set(err_r, ERR_DATABASE,
				       "Column %s of a row for %s has a value of another type",
				       column, schema->name);
	}
	return true;
}

/* --- the shapes of reading --------------------------------------------------- */

bool db_get(struct db *db, int stmt, const struct db_value *args, size_t n,
	    const struct field_schema *schema, struct arena *arena, void *out,
	    const char *absent, struct err *err_r)
{
	enum db_rc rc = db_query(db, stmt, args, n, err_r);

	if (rc == DB_OK)
		return err_set(err_r, ERR_NOT_FOUND, "%s", absent);
	if (rc != DB_ROW)
		return false;
	if (!db_read(db, schema, arena, out, err_r)) {
		db_finish(db);
		return false;
	}
	rc = db_next(db, err_r);
	db_finish(db);
	if (rc == DB_ROW)
		return err_set(err_r, ERR_DATABASE, "More than one row for one %s",
			       schema->name);
	return rc == DB_OK;
}

struct growing {
	char *items;
	size_t n, cap, size;
};

static void *grow(struct growing *g, struct arena *arena)
{
	char *bigger;

	if (g->n == g->cap) {
		g->cap = g->cap ? g->cap * 2 : 16;
		bigger = arena_alloc(arena, g->cap * g->size);
		if (g->n)
			memcpy(bigger, g->items, g->n * g->size);
		g->items = bigger;
	}
	return g->items + g->size * g->n++;
}

bool db_list(struct db *db, int stmt, const struct db_value *args, size_t n,
	     const struct field_schema *schema, struct arena *arena,
	     struct field_list *out, struct err *err_r)
{
	struct growing g = { .size = schema->size };
	enum db_rc rc = db_query(db, stmt, args, n, err_r);

	while (rc == DB_ROW) {
		if (!db_read(db, schema, arena, grow(&g, arena), err_r)) {
			db_finish(db);
			return false;
		}
		rc = db_next(db, err_r);
	}
	db_finish(db);
	*out = (struct field_list){ .items = g.items, .n = g.n };
	return rc == DB_OK;
}

bool db_number(struct db *db, int stmt, const struct db_value *args, size_t n,
	       int64_t *out, struct err *err_r)
{
	enum db_rc rc = db_query(db, stmt, args, n, err_r);

	*out = 0;
	if (rc == DB_ROW) {
		*out = db_column_int(db, 0);
		db_finish(db);
		return true;
	}
	return rc == DB_OK;
}

bool db_write(struct db *db, int stmt, const struct db_value *args, size_t n,
	      int64_t *changes_r, struct err *err_r)
{
	enum db_rc rc = db_query(db, stmt, args, n, err_r);

	if (rc != DB_OK && rc != DB_ROW)
		return false;
	if (changes_r)
		*changes_r = db_changes(db);
	db_finish(db);
	return true;
}

bool db_write_one(struct db *db, int stmt, const struct db_value *args, size_t n,
		  const char *absent, struct err *err_r)
{
	int64_t changed = 0;

	return db_write(db, stmt, args, n, &changed, err_r) &&
	       (changed == 1 || err_set(err_r, ERR_NOT_FOUND, "%s", absent));
}
