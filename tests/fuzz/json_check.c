/*
 * tests/fuzz/json_check.c - a body: json-c sees nothing that the check refused,
 * and what was read and written is read and written the same again.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "fuzz.h"
#include "http/json.h"

struct thing {
	const char *text, *id;
	struct strings words;
	int64_t number, time;
	bool flag;
};

static const struct field thing_fields[] = {
	FIELD(struct thing, text, TEXT, FIELD_NULLABLE, NULL),
	FIELD(struct thing, id, UUID, FIELD_NULLABLE, NULL),
	FIELD(struct thing, words, STRINGS, FIELD_NULLABLE, NULL, .max = 4),
	FIELD(struct thing, number, INT, FIELD_NULLABLE, NULL),
	FIELD(struct thing, time, TIME, FIELD_NULLABLE, NULL),
	FIELD(struct thing, flag, BOOL, 0, NULL),
	{ 0 },
};
static const struct field_schema thing_schema =
	FIELD_SCHEMA("Thing", struct thing, thing_fields);

static void write_and_read(struct arena *arena, const struct thing *in)
{
	struct strbuf first = { .arena = arena }, second = { .arena = arena };
	struct thing again;
	struct err err;

	json_write(&first, &thing_schema, in);
	assert(json_read(first.s, first.len, &thing_schema, arena, &again, NULL, &err));
	json_write(&second, &thing_schema, &again);
	assert(str_eq(first.s, second.s));
}

int FUZZ(json_check)(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const char *text = (const char *)data;
	struct thing thing;
	struct err err;
	bool good = json_check(text, size, &err);

	assert(good || ((err.kind == ERR_MALFORMED || (err.kind == ERR_RANGE && *err.field)) && *err.message));
	if (json_read(text, size, &thing_schema, arena, &thing, NULL, &err)) {
		assert(good);
		write_and_read(arena, &thing);
	}
	arena_free(&arena);
	return 0;
}
