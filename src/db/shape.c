/*
 * db/shape.c - the shapes of reading and writing that stores need.
 */
#include "config.h"

#include <string.h>

#include "db/db_core.h"

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
		*changes_r = db_affected(db);
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
