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

static bool is(const char *text, double v)
{
	return strtod(text, NULL) == v;   /* lint: exact on purpose */
}

/* The fewest digits that are this double, with an exponent; 17 are enough for each (IEEE
 * 754). Of one length that is the nearest decimal, or, of a power of two, whose neighbor
 * below is nearer than that above, the next one away from 0. */
static void shortest(double v, char out[NUMBER_TEXT])
{
	for (int after_point = 0; after_point < 17; after_point++) {
		char *last;

		snprintf(out, NUMBER_TEXT, "%.*e", after_point, v);
		last = strchr(out, 'e') - 1;
		if (is(out, v))
			return;
		/* after a 9 it would be a shorter one, which was tried */
		if (*last != '9') {
			++*last;
			if (is(out, v))
				return;
		}
	}
}

/* Which is no integer of int64_t. Up to 0.000001 without an exponent, as people write it. */
static void write_double(struct strbuf *b, double v)
{
	char text[NUMBER_TEXT], digits[NUMBER_TEXT], *e;
	long exponent;
	size_t n = 0;

	shortest(v, text);
	e = strchr(text, 'e');
	exponent = strtol(e + 1, NULL, 10);
	*e = '\0';
	if (exponent < -6 || exponent > 15) {
		strbuf_addf(b, "%se%ld", text, exponent);
		return;
	}
	for (const char *at = text; *at; at++)
		if (*at >= '0' && *at <= '9')
			digits[n++] = *at;
	strbuf_adds(b, v < 0 ? "-" : "");
	if (exponent < 0)
		strbuf_addf(b, "0.%.*s%.*s", (int)-exponent - 1, "00000", (int)n, digits);
	else   /* some digits are behind the point, or it were an integer */
		strbuf_addf(b, "%.*s.%.*s", (int)exponent + 1, digits, (int)n - (int)exponent - 1,
			    digits + exponent + 1);
}

static void write_number(struct strbuf *b, const char *text)
{
	int64_t v;
	double d;

	if (json_integer(text, &v)) {
		strbuf_addi(b, v);
		return;
	}
	d = strtod(text, NULL);
	if (d >= -0x1p63 && d < 0x1p63 && d == (double)(int64_t)d)   /* 9007199254740993.5, of which there is no double */
		strbuf_addi(b, (int64_t)d);
	else
		write_double(b, d);
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
