/*
 * driver_pgsql_copy.c - many rows in one go, by COPY ... FROM STDIN in its
 * text format. Values are mapped as parameters are.
 */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "db/driver_pgsql.h"

#define VALUE_TYPICAL 16   /* bytes: reserved at once, not by doubling */

static void add_escaped(struct strbuf *b, const char *s)
{
	static const char special[] = "\b\f\n\r\t\v\\", letters[] = "bfnrtv\\";

	while (*s) {
		size_t n = strcspn(s, special);
		char pair[2] = { '\\' };

		strbuf_add(b, s, n);
		s += n;
		if (!*s)
			return;
		pair[1] = letters[strchr(special, *s) - special];
		strbuf_add(b, pair, 2);
		s++;
	}
}

static bool add_value(struct strbuf *b, const struct db_value *v, struct arena *arena)
{
	const char *text;

	if (v->type == DB_TEXT)
		text = v->s;
	else if (!pgsql_param(v, arena, &text))
		return false;
	if (text)
		add_escaped(b, text);
	else
		strbuf_add(b, "\\N", 2);
	return true;
}

static bool copy_text(struct strbuf *b, const struct db_value *values, size_t n_columns,
		      size_t n_rows, struct arena *arena)
{
	strbuf_grow(b, n_rows * n_columns * VALUE_TYPICAL);
	for (size_t row = 0; row < n_rows; row++)
		for (size_t i = 0; i < n_columns; i++) {
			if (!add_value(b, &values[row * n_columns + i], arena))
				return false;
			strbuf_add(b, i + 1 < n_columns ? "\t" : "\n", 1);
		}
	return true;
}

enum db_rc pgsql_bulk(struct db_conn *c, int stmt, const struct db_value *values,
		      size_t n_columns, size_t n_rows, int64_t deadline, struct err *err_r)
{
	const struct db_statement *s = &c->catalog->statements[stmt];
	struct strbuf b = { .arena = c->values };
	PGresult *r = NULL;
	enum pgsql_wait w;
	enum db_rc rc = DB_OK;

	arena_reset(c->values);
	if (!c->pg)
		return pgsql_lost(c, PGSQL_LOST, false, err_r);
	if (n_rows == 0)
		return DB_OK;
	if (!copy_text(&b, values, n_columns, n_rows, c->values)) {
		err_set(err_r, ERR_DATABASE, "%s: a value is no JSON array of strings", s->name);
		return DB_ERROR;
	}
	if (!PQsendQuery(c->pg, s->sql[DB_PGSQL]))
		return pgsql_lost(c, PGSQL_LOST, false, err_r);
	w = pgsql_copy_in(c->pg, b.s, b.len, deadline, &r);
	if (w != PGSQL_READY)
		return pgsql_lost(c, w, false, err_r);
	if (PQresultStatus(r) != PGRES_COMMAND_OK) {
		rc = pgsql_refused(c, r, err_r);
		if (rc == DB_ERROR)
			err_prefix(err_r, "%s", s->name);
	}
	PQclear(r);
	c->changes = (int64_t)n_rows;
	return rc;
}
