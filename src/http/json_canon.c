/* http/json_canon.c - JSON values in their canonical text. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "http/json.h"
#include "http/json_canon.h"

#define DIGITS "-+.eE0123456789"
#define NUMBER_TEXT 32

struct canon {
	struct strbuf *b;
	size_t members;
};

/* --- numbers -------------------------------------------------------------------- */

/* 15 digits are enough for most doubles, 17 for each (IEEE 754). */
static void write_double(struct strbuf *b, double v)
{
	char text[NUMBER_TEXT];

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)   /* lint: exact on purpose */
			break;
	}
	strbuf_adds(b, text);
}

static void write_number(struct strbuf *b, const char *text)
{
	int64_t v;

	if (json_integer(text, &v))
		strbuf_addi(b, v);
	else
		write_double(b, strtod(text, NULL));
}

/* --- values --------------------------------------------------------------------- */

static void write_value(struct canon *c, json_object *value);

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void write_object(struct canon *c, json_object *object)
{
	size_t n = (size_t)json_object_object_length(object), i = 0;
	const char **names = arena_alloc(c->b->arena, (n + 1) * sizeof(*names));

	json_object_object_foreach(object, name, value) {
		(void)value;
		names[i++] = name;
	}
	qsort(names, n, sizeof(*names), by_name);
	c->members += n;
	strbuf_adds(c->b, "{");
	for (i = 0; i < n; i++) {
		strbuf_adds(c->b, i ? "," : "");
		strbuf_add_json(c->b, names[i]);
		strbuf_adds(c->b, ":");
		write_value(c, json_object_object_get(object, names[i]));
	}
	strbuf_adds(c->b, "}");
}

static void write_array(struct canon *c, json_object *array)
{
	size_t n = json_object_array_length(array);

	strbuf_adds(c->b, "[");
	for (size_t i = 0; i < n; i++) {
		strbuf_adds(c->b, i ? "," : "");
		write_value(c, json_object_array_get_idx(array, i));
	}
	strbuf_adds(c->b, "]");
}

static void write_value(struct canon *c, json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_object:
		write_object(c, value);
		break;
	case json_type_array:
		write_array(c, value);
		break;
	case json_type_string:
		strbuf_add_json(c->b, json_object_get_string(value));
		break;
	case json_type_int:
		strbuf_addi(c->b, json_object_get_int64(value));
		break;
	case json_type_double:   /* json-c keeps its text */
		write_number(c->b, json_object_get_string(value));
		break;
	case json_type_boolean:
		strbuf_adds(c->b, json_object_get_boolean(value) ? "true" : "false");
		break;
	case json_type_null:
		strbuf_adds(c->b, "null");
		break;
	}
}

bool json_canon(struct strbuf *b, struct json_object *object, const char *name, struct err *err_r)
{
	struct canon c = { .b = b };

	write_value(&c, object);
	return c.members <= JSON_MEMBERS_MAX ||
	       err_field(err_r, ERR_RANGE, name, "%s must have at most %d members, those of its "
			 "members too", name, JSON_MEMBERS_MAX);
}

/* --- from a database ---------------------------------------------------------------- */

static size_t string_length(const char *at)
{
	const char *p = at + 1;

	while (*p && *p != '"')
		p += *p == '\\' && p[1] ? 2 : 1;
	return (size_t)(p - at) + (*p == '"');
}

/* Its numbers as json-c can keep them. */
static const char *with_numbers(struct arena *arena, const char *text)
{
	struct strbuf b = { .arena = arena };

	strbuf_adds(&b, "");
	for (const char *at = text; *at;) {
		size_t n = *at == '"' ? string_length(at) : strspn(at, DIGITS);

		/* the e of true and false is no number */
		if (n > 0 && (*at == '-' || (*at >= '0' && *at <= '9')))
			write_number(&b, arena_strndup(arena, at, n));
		else
			strbuf_add(&b, at, n > 0 ? n : (n = 1));
		at += n;
	}
	return b.s;
}

void json_canon_text(struct strbuf *b, const char *text)
{
	json_object *root = json_tokener_parse(with_numbers(b->arena, text));
	struct err err;

	if (json_object_is_type(root, json_type_object))
		json_canon(b, root, "", &err);
	else
		strbuf_adds(b, "{}");
	json_object_put(root);
}
