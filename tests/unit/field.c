/*
 * tests/unit/field.c - views of one field table, what a row judges, and that the
 * tables of our records are sound.
 */
#include "config.h"

#include "base/str.h"
#include "http/json.h"
#include "model/key.h"
#include "model/user.h"
#include "resource/call.h"
#include "tap.h"

struct shoe {
	const char *id, *name, *note, *hash, *size_word;
	struct strings tags;
	int64_t pairs, sold_at, days;
	bool old;
};

#define SHOE_GIFT FIELD_OWN_VIEW(9)
static const char *const sizes[] = { "small", "large", NULL };

static bool no_x(const char *text, const char *name, struct err *err_r)
{
	return !strchr(text, 'x') || err_field(err_r, ERR_INVALID, name, "%s has an x", name);
}

static const struct field shoe_fields[] = {
	FIELD(struct shoe, id, UUID, 0, NULL),
	FIELD(struct shoe, name, TEXT, FIELD_MUST(FIELD_CREATE) | FIELD_PATCH, NULL, .min = 2,
	      .max = 4, .check = no_x),
	FIELD(struct shoe, note, TEXT, FIELD_NULLABLE | FIELD_CREATE | FIELD_PATCH, NULL),
	FIELD(struct shoe, hash, TEXT, FIELD_PRIVATE | FIELD_CREATE | SHOE_GIFT, NULL),   /* in no view */
	FIELD(struct shoe, size_word, TEXT, FIELD_CREATE | FIELD_MUST(SHOE_GIFT), NULL,
	      .values = sizes),
	FIELD(struct shoe, tags, STRINGS, FIELD_PATCH, NULL, .max = 2, .check = no_x),
	FIELD(struct shoe, pairs, INT, FIELD_CREATE | FIELD_PATCH, NULL, .min = 1, .max = 9),
	FIELD(struct shoe, sold_at, TIME, FIELD_NULLABLE, NULL),
	FIELD(struct shoe, days, INT, FIELD_INPUT | FIELD_CREATE, NULL, .max = 3),
	FIELD(struct shoe, old, BOOL, SHOE_GIFT, NULL),
	{ 0 },
};
static const struct field_schema schemas[] = {
	FIELD_SCHEMA("Shoe", struct shoe, shoe_fields),
	FIELD_VIEW("ShoeCreate", struct shoe, shoe_fields, FIELD_CREATE),
	FIELD_VIEW("ShoePatch", struct shoe, shoe_fields, FIELD_PATCH),
	FIELD_VIEW("ShoeGift", struct shoe, shoe_fields, SHOE_GIFT),
};
enum { RECORD, CREATE, PATCH, GIFT };

/* What a body of that view is, by JSON and by the same values from C. */
static const struct {
	int view;
	const char *text;
	enum err_kind kind;
	const char *field;
} bodies[] = {
	{ CREATE, "{\"name\":\"ab\"}", ERR_NONE, "" },
	{ CREATE, "{}", ERR_REQUIRED, "name" },
	{ CREATE, "{\"name\":null}", ERR_REQUIRED, "name" },
	{ CREATE, "{\"name\":\"a\"}", ERR_RANGE, "name" },
	{ CREATE, "{\"name\":\"abcde\"}", ERR_RANGE, "name" },
	{ CREATE, "{\"name\":\"ax\"}", ERR_INVALID, "name" },
	{ CREATE, "{\"name\":\"ab\",\"size_word\":\"large\",\"days\":3}", ERR_NONE, "" },
	{ CREATE, "{\"name\":\"ab\",\"size_word\":\"huge\"}", ERR_INVALID, "size_word" },
	{ CREATE, "{\"name\":\"ab\",\"pairs\":0}", ERR_RANGE, "pairs" },
	{ CREATE, "{\"name\":\"ab\",\"days\":4}", ERR_RANGE, "days" },
	{ CREATE, "{\"name\":\"ab\",\"note\":null,\"size_word\":null,\"pairs\":null}", ERR_NONE, "" },
	{ PATCH, "{\"tags\":[\"a\",\"b\"]}", ERR_NONE, "" },
	{ PATCH, "{\"tags\":[\"a\",\"b\",\"c\"]}", ERR_RANGE, "tags" },
	{ PATCH, "{\"tags\":[\"ox\"]}", ERR_INVALID, "tags" },
	{ PATCH, "{\"note\":null}", ERR_NONE, "" },
	{ GIFT, "{\"size_word\":\"small\"}", ERR_NONE, "" },
	{ GIFT, "{\"old\":true}", ERR_REQUIRED, "size_word" },
	{ GIFT, "{\"old\":null,\"size_word\":\"small\"}", ERR_NONE, "" },
};

static void test_bodies(struct arena *arena)
{
	struct field_given given;
	struct shoe shoe;
	struct err err;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		const struct field_schema *s = &schemas[bodies[i].view];
		const char *text = bodies[i].text;
		bool read;

		err = (struct err){ 0 };
		read = json_read(text, strlen(text), s, arena, &shoe, &given, &err);
		is_int(err.kind, bodies[i].kind, text);
		is_str(err.field, bodies[i].field, "  field");
		if (read)
			ok(s->view == FIELD_PATCH ? field_check_given(&given, &shoe, &err)
			   : field_check(s, &shoe, &err), "  and from C");
	}
}

/* Null where a row has no null is as good as left out: it is not named. */
static void test_null_named(struct arena *arena)
{
	static const char text[] = "{\"size_word\":\"small\",\"old\":null}";
	struct field_given given;
	struct shoe shoe;
	struct err err;

	ok(json_read(text, strlen(text), &schemas[GIFT], arena, &shoe, &given, &err) && given.n == 1 &&
	   field_check_given(&given, &shoe, &err), "%s: names one", text);
}

/* Not of the view, so not known. */
static void test_unknown(struct arena *arena)
{
	static const struct { int view; const char *text; } rows[] = {
		{ CREATE, "{\"name\":\"ab\",\"id\":\"0b5e6b1e-7a44-4c1f-9a52-3f1f0c9b7a10\"}" },
		{ CREATE, "{\"name\":\"ab\",\"hash\":\"h\"}" }, { CREATE, "{\"name\":\"ab\",\"tags\":[]}" },
		{ PATCH, "{\"days\":1}" }, { PATCH, "{\"size_word\":\"small\"}" },
		{ GIFT, "{\"size_word\":\"small\",\"name\":\"ab\"}" },
		{ PATCH, "{\"name\":null}" }, { PATCH, "{\"pairs\":null}" },   /* not NULLABLE */
	};
	struct shoe shoe;
	struct err err;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ok(!json_read(rows[i].text, strlen(rows[i].text), &schemas[rows[i].view], arena, &shoe,
			      NULL, &err) && err.kind == ERR_INVALID, "%s: %s", rows[i].text, err.message);
}

static void test_replies(struct arena *arena)
{
	const struct shoe shoe = { .name = "n", .hash = "h", .days = 2, .size_word = "small",
				   .pairs = INT_NONE, .sold_at = TIME_NONE };
	struct strbuf record = { .arena = arena }, gift = { .arena = arena };

	json_write(&record, &schemas[RECORD], &shoe);
	is_str(record.s, "{\"id\":null,\"name\":\"n\",\"note\":null,\"size_word\":\"small\",\"tags\":null,"
	       "\"pairs\":null,\"sold_at\":null,\"old\":false}", "a record: no hash, no days");
	json_write(&gift, &schemas[GIFT], &shoe);
	is_str(gift.s, "{\"size_word\":\"small\",\"old\":false}", "a view");
}

/* From C: the same rows judge. */
static void test_check(void)
{
	struct shoe shoe = { .name = "ab", .pairs = INT_NONE, .days = INT_NONE };
	const struct field *rows[] = { field_named(&schemas[PATCH], "name"),
				       field_named(&schemas[PATCH], "note") };
	const struct field_given given = { rows, 2 };
	struct err err;

	ok(field_check(&schemas[CREATE], &shoe, &err), "all in bounds");
	shoe.name = "\xff\xff";
	ok(!field_check(&schemas[CREATE], &shoe, &err) && err.kind == ERR_INVALID, "no text: %s", err.message);
	shoe.name = NULL;
	ok(!field_check(&schemas[CREATE], &shoe, &err) && err.kind == ERR_REQUIRED, "%s", err.message);
	ok(!field_check_given(&given, &shoe, &err) && err.kind == ERR_REQUIRED && str_eq(err.field, "name"),
	   "null where it is not allowed");
	shoe.name = "ab";
	ok(field_check_given(&given, &shoe, &err), "null where it is");
	ok(!field_named(&schemas[PATCH], "days") && !field_named(&schemas[RECORD], "hash"),
	   "a row of another view is not found");
}

/* Two rows of one name in one view would make the order of rows mean something. */
static void names_differ(const struct field_schema *s)
{
	size_t n = 0, same = 0;

	for (const struct field *f = s->fields; f->name; f++) {
		if (!field_shown(s, f))
			continue;
		n++;
		same += field_named(s, f->name) != f;
	}
	ok(n > 0 && same == 0, "%s: %zu members, each name once", s->name, n);
}

static void test_ours(void)
{
	static const struct field_schema *const ours[] = {
		&api_key_schema, &api_key_create_schema, &api_key_patch_schema, &api_key_provision_schema,
		&api_key_limit_schema, &user_schema, &user_register_schema, &user_setup_schema,
		&user_shell_schema, &user_brief_schema, &user_suspend_schema,
	};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		names_differ(ours[i]);
	for (const struct route *const *t = route_tables; *t; t++)
		for (const struct route *r = *t; r->fn; r++)
			for (size_t i = 0; i < 3; i++) {
				const struct field_schema *s = i == 0 ? r->query : i == 1 ? r->in : r->out;

				if (s && s->fields[0].name)   /* a body may have no member */
					names_differ(s);
			}
}

int main(void)
{
	struct arena *arena = arena_new();

	test_bodies(arena);
	test_null_named(arena);
	test_unknown(arena);
	test_replies(arena);
	test_check();
	test_ours();
	arena_free(&arena);
	return tap_done();
}
