/*
 * tests/db/case_value.c - values there and back, the shapes of reading,
 * RETURNING, statements that are used again.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "db/args.h"
#include "tests/db/contract.h"

static void put(struct db *db, const struct thing *t)
{
	struct put p = { .thing = *t };
	struct err e = { 0 };

	if (!ok(db_transaction(db, put_thing, &p, &e), "stored"))
		printf("# %s\n", e.message);
}

static bool get(struct db *db, struct arena *arena, const char *id, struct thing *out,
		struct err *e)
{
	return db_get(db, T_THING_GET, DB_ARGS(db_text(id)), &thing_schema, arena, out,
		      "No such thing", e);
}

static void round_trip(struct db *db, struct arena *arena, const struct thing *t)
{
	struct thing back = { 0 };
	struct err e = { 0 };

	put(db, t);
	if (!ok(get(db, arena, t->id, &back, &e), "read back"))
		printf("# %s\n", e.message);
	is_str(back.id, t->id, "id");
	is_int(back.n, t->n, "integer");
	is_str(back.label, t->label, "text");
	ok(back.flag == t->flag, "boolean");
	is_int(back.at, t->at, "moment");
	is_str(strings_join(arena, back.tags, "|"), strings_join(arena, t->tags, "|"),
	       "list of strings");
	ok(!back.tags.items == !t->tags.items && back.tags.n == t->tags.n, "as many");
}

static void values(const struct fixture *f)
{
	struct db *db = fixture_ready(f);
	char *big = arena_alloc(f->arena, 1000001);
	struct thing things[] = {
		{ .id = THING_ID(1), .n = 42, .label = "plain", .flag = true,
		  .at = 1700000000123, .tags = STRINGS("a", "b c") },
		{ .id = THING_ID(2), .n = INT64_MAX, .label = "Zoë \xf0\x9f\x9a\xb4 'q' \"d\" \\ $1 ?1",
		  .at = 0, .tags = STRINGS() },
		{ .id = THING_ID(3), .n = INT64_MIN + 1, .label = "", .at = 253402300799999,
		  .tags = STRINGS("x,y", "{}", "", "NULL", "q\"\\", "Ünï") },
		{ .id = THING_ID(4), .n = INT_NONE, .label = NULL, .at = TIME_NONE },
		{ .id = THING_ID(5), .n = 0, .label = big, .at = 1, .tags = STRINGS("1") },
		{ .id = THING_ID(6), .n = -1, .label = "line\nline\ttab\x01", .at = 951782400000,
		  .tags = STRINGS("line\nline") },
	};

	memset(big, 'x', 1000000);
	for (size_t i = 0; i < sizeof(things) / sizeof(*things); i++)
		round_trip(db, f->arena, &things[i]);
	db_free(&db);
}

static bool put_unset(struct db *db, void *arg, struct err *err_r)
{
	struct db_value args[] = { db_text(THING_ID(1)), db_int(1), db_null(), { .type = DB_UNSET },
				   db_null(), db_null() };

	return *(const bool *)arg ? db_bulk(db, T_THING_INSERT, args, 6, 1, err_r)
				  : db_write(db, T_THING_INSERT, args, 6, NULL, err_r);
}

static bool put_bound(struct db *db, void *arg, struct err *err_r)
{
	struct db_value args[6] = { db_text(THING_ID(2)), db_int(2) };

	db_bind(&test_catalog()->statements[T_THING_INSERT], &thing_schema, arg, args);
	return db_write(db, T_THING_INSERT, args, 6, NULL, err_r);
}

/* Parameters that nobody gave, and those that a row gives. */
static void parameters(const struct fixture *f)
{
	struct db *db = fixture_ready(f);
	struct err e = { 0 };
	struct thing t = { .id = THING_ID(1), .n = 1, .label = "one", .flag = true, .at = 7,
			   .tags = STRINGS("a") }, back;

	ok(!db_transaction(db, put_unset, &(bool){ false }, &e) && e.kind == ERR_INTERNAL &&
	   strstr(e.message, "thing_insert was not given :flag"), "one is unset: %s", e.message);
	ok(!db_transaction(db, put_unset, &(bool){ true }, &e) && e.kind == ERR_INTERNAL &&
	   strstr(e.message, ":flag"), "in one of many rows: %s", e.message);
	ok(db_transaction(db, put_bound, &t, &e), "bound by name %s", e.message);
	ok(get(db, f->arena, THING_ID(2), &back, &e) && back.n == 2, "what is given stays");
	ok(str_eq(back.label, "one") && back.flag && back.at == 7 && strings_have(back.tags, "a"),
	   "the rest is the row's");
	db_free(&db);
}

static const struct field other_fields[] = { FIELD(struct thing, id, UUID, 0, NULL), { 0 } };
static const struct field_schema other_schema =
	FIELD_SCHEMA("Other", struct thing, other_fields);

static void reading(const struct fixture *f)
{
	struct db *db = fixture_ready(f);
	struct err e = { 0 };
	struct thing t = { .id = THING_ID(1), .n = 1, .label = "one", .at = TIME_NONE };
	int64_t n = -1;

	ok(!get(db, f->arena, THING_ID(9), &t, &e) && e.kind == ERR_NOT_FOUND, "no row");
	is_str(e.message, "No such thing", "its sentence");
	ok(db_number(db, T_COUNTER_GET, DB_ARGS(db_int(1)), &n, &e) && n == 0, "no number is 0");
	t = (struct thing){ .id = THING_ID(1), .n = 1, .label = "one", .at = TIME_NONE };
	put(db, &t);
	ok(db_number(db, T_THING_COUNT, DB_NO_ARGS, &n, &e) && n == 1, "one number");
	is_int(db_query(db, T_THING_BAD_COLUMNS, DB_NO_ARGS, &e), DB_ROW, "a row");
	ok(!db_read(db, &thing_schema, f->arena, &t, &e) && e.kind == ERR_DATABASE &&
	   strstr(e.message, "label") != NULL, "a missing column is named: %s", e.message);
	ok(!db_read(db, &other_schema, f->arena, &t, &e) && e.kind == ERR_INTERNAL &&
	   strstr(e.message, "gives no rows of Other"), "another row: %s", e.message);
	db_finish(db);
	ok(db_query(db, T_NO_SUCH_TABLE, DB_NO_ARGS, &e) == DB_ERROR && e.kind == ERR_DATABASE,
	   "a wrong statement: %s", e.message);
	ok(db_query(db, T_THING_GET, DB_NO_ARGS, &e) == DB_ERROR && e.kind == ERR_INTERNAL,
	   "too few values: %s", e.message);
	ok(db_query(db, T__COUNT, DB_NO_ARGS, &e) == DB_ERROR && e.kind == ERR_INTERNAL,
	   "no such statement");
	ok(db_number(db, T_THING_COUNT, DB_NO_ARGS, &n, &e) && n == 1, "still usable");
	db_free(&db);
}

struct bulk { int n; };
static bool put_many(struct db *db, void *arg, struct err *err_r)
{
	const struct bulk *b = arg;
	char id[UUID_TEXT];

	for (int i = 0; i < b->n; i++) {
		struct thing t = { .id = id, .n = i, .at = i * SECOND_MS, .flag = i % 2 };

		snprintf(id, sizeof(id), "00000000-0000-4000-8000-%012d", i);
		if (!db_write(db, T_THING_INSERT, THING_ARGS(&t), NULL, err_r))
			return false;
	}
	return true;
}

static void lists(const struct fixture *f)
{
	struct db *db = fixture_ready(f);
	struct field_list list = { 0 };
	struct err e = { 0 };
	const struct thing *t;
	int wrong = 0;

	ok(db_list(db, T_THING_LIST, DB_NO_ARGS, &thing_schema, f->arena, &list, &e) &&
	   list.n == 0, "an empty list");
	ok(db_transaction(db, put_many, &(struct bulk){ 1000 }, &e), "one statement 1000 times");
	ok(db_list(db, T_THING_LIST, DB_NO_ARGS, &thing_schema, f->arena, &list, &e), "listed");
	is_int((int64_t)list.n, 1000, "1000 rows");
	t = list.items;
	for (size_t i = 0; i < list.n; i++)
		wrong += t[i].n != (int64_t)i || t[i].at != (int64_t)i * SECOND_MS ||
			 t[i].flag != (i % 2 == 1) || t[i].label != NULL;
	is_int(wrong, 0, "every row as it was stored");
	is_int(db_query(db, T_THING_LIST, DB_NO_ARGS, &e), DB_ROW, "left after one row");
	is_int(db_query(db, T_THING_LIST, DB_NO_ARGS, &e), DB_ROW, "asked again");
	is_int(db_column_int(db, 1), 0, "from the first row");
	is_str(db_column_name(db, 1), "n", "name of a column");
	is_int(db_columns(db), 6, "number of columns");
	db_finish(db);
	db_finish(db);
	ok(db_next(db, &e) != DB_ROW, "no row after the end");
	db_free(&db);
}

struct copied { int rows; int64_t n[4], changes; const char *label[4]; struct arena *arena; };
static bool copy_things(struct db *db, void *arg, struct err *err_r)
{
	struct copied *c = arg;
	enum db_rc rc;

	c->rows = 0;
	rc = db_query(db, T_THING_COPY, DB_ARGS(db_text(THING_ID(1)), db_text(THING_ID(2)),
						db_text(THING_ID(3))), err_r);
	c->changes = db_affected(db);
	for (; rc == DB_ROW; rc = db_next(db, err_r)) {
		struct thing t;

		if (!db_read(db, &thing_schema, c->arena, &t, err_r))
			return false;
		c->n[c->rows] = t.n;
		c->label[c->rows++] = t.label;
	}
	return rc == DB_OK;
}

static bool update_all(struct db *db, void *arg, struct err *err_r)
{
	return db_write(db, T_THING_UPDATE, DB_ARGS(db_int(100)), arg, err_r);
}

static bool count_up(struct db *db, void *arg, struct err *err_r)
{
	return db_number(db, T_COUNTER_ADD, DB_ARGS(db_int(7), db_int(3)), arg, err_r);
}

static void returning(const struct fixture *f)
{
	struct db *db = fixture_ready(f);
	struct copied c = { .arena = f->arena };
	struct err e = { 0 };
	int64_t n = 0;

	put(db, &(struct thing){ .id = THING_ID(1), .n = 5, .label = "x", .at = 0 });
	if (!ok(db_transaction(db, copy_things, &c, &e), "two rows with RETURNING"))
		printf("# %s\n", e.message);
	is_int(c.rows, 2, "both handed out");
	is_int(c.changes, 2, "both counted");
	is_int(c.n[0] + c.n[1], 13, "their numbers");
	is_str(c.label[0], "x+", "their texts");
	ok(db_transaction(db, update_all, &n, &e), "update");
	is_int(n, 3, "rows touched");
	ok(db_transaction(db, count_up, &n, &e) && n == 3, "upsert, first");
	ok(db_transaction(db, count_up, &n, &e) && n == 6, "upsert, again");
	db_free(&db);
}

static void facts(const struct fixture *f)
{
	struct db *db = fixture_ready(f);
	struct db_facts facts;
	struct err e = { 0 };

	ok(db_ping(db, &e), "ping");
	ok(db_facts_read(db, f->arena, &facts, &e), "facts");
	ok(facts.backend && facts.library && facts.encoding && facts.where, "named");
	ok(strstr(facts.encoding, f->backend == DB_SQLITE ? "UTF-8" : "UTF8") != NULL, "encoding");
	if (f->backend == DB_SQLITE) {
		is_str(facts.journal, "wal", "journal");
		is_str(facts.synchronous, "full", "synchronous");
	} else {
		ok(facts.server != NULL && facts.connections_free != INT_NONE, "server");
	}
	db_free(&db);
}

const struct test_case value_cases[] = {
	{ "values there and back", ON_BOTH, values },
	{ "parameters", ON_BOTH, parameters },
	{ "shapes of reading", ON_BOTH, reading },
	{ "lists", ON_BOTH, lists },
	{ "returning", ON_BOTH, returning },
	{ "facts", ON_BOTH, facts },
	{ 0 },
};
