/*
 * http/json_read.c - JSON object text to a struct, by its field table.
 *
 * With json_canon.c the only user of json-c. Only typed getters: json-c's own conversions read
 * 12 out of "12abc". Sentences name fields and bounds, never values.
 */
#include "config.h"

#include <string.h>

#include <json-c/json.h>

#include "base/heap.h"
#include "http/json.h"
#include "http/json_canon.h"
#include "http/rfc3339.h"

struct reader {
	const struct field_schema *schema;
	struct arena *arena;
	void *out;
	const struct field **given;    /* NULL = the caller does not need it */
	size_t n_given;
	struct err *err_r;
};

typedef bool read_fn(struct reader *r, const struct field *f, json_object *value, void *member);

static bool wrong(struct reader *r, const struct field *f, const char *what)
{
	return err_field(r->err_r, ERR_INVALID, f->name, "%s must be %s", f->name, what);
}

static const char *take_string(struct reader *r, json_object *value)
{
	if (!json_object_is_type(value, json_type_string))
		return NULL;
	return arena_strndup(r->arena, json_object_get_string(value),
			     (size_t)json_object_get_string_len(value));
}

static bool read_text(struct reader *r, const struct field *f, json_object *value, void *member)
{
	const char *s = take_string(r, value);

	if (!s)
		return wrong(r, f, "a string");
	*(const char **)member = s;
	return true;
}

static bool read_uuid(struct reader *r, const struct field *f, json_object *value, void *member)
{
	const char *s = take_string(r, value);
	char uuid[UUID_TEXT];

	if (!s || !uuid_parse(s, uuid))
		return wrong(r, f, "a UUID");
	*(const char **)member = arena_strdup(r->arena, uuid);
	return true;
}

/* json-c keeps the text of a number with a point or an exponent */
static bool take_int(json_object *value, int64_t *v_r)
{
	if (json_object_is_type(value, json_type_double))
		return json_integer(json_object_get_string(value), v_r);
	*v_r = json_object_get_int64(value);
	return json_object_is_type(value, json_type_int);
}

static bool read_int(struct reader *r, const struct field *f, json_object *value, void *member)
{
	int64_t v;

	if (!take_int(value, &v))
		return wrong(r, f, "a whole number");
	if (v == INT_NONE)
		return err_field(r->err_r, ERR_RANGE, f->name, "%s is out of range", f->name);
	*(int64_t *)member = v;
	return true;
}

static bool read_bool(struct reader *r, const struct field *f, json_object *value, void *member)
{
	if (!json_object_is_type(value, json_type_boolean))
		return wrong(r, f, "true or false");
	*(bool *)member = json_object_get_boolean(value);
	return true;
}

static bool read_time(struct reader *r, const struct field *f, json_object *value, void *member)
{
	const char *s = take_string(r, value);

	if (!s || !rfc3339_parse(s, member))
		return wrong(r, f, "a time with its zone, like 2099-01-31T12:00:00Z");
	return true;
}

static bool read_strings(struct reader *r, const struct field *f, json_object *value, void *member)
{
	if (!json_object_is_type(value, json_type_array))
		return wrong(r, f, "a list of strings");
	size_t n = json_object_array_length(value);
	const char **items = arena_alloc(r->arena, (n + 1) * sizeof(*items));
	for (size_t i = 0; i < n; i++) {
		items[i] = take_string(r, json_object_array_get_idx(value, i));
		if (!items[i])
			return wrong(r, f, "a list of strings");
	}
	*(struct strings *)member = (struct strings){ items, n };
	return true;
}

static bool read_json(struct reader *r, const struct field *f, json_object *value, void *member)
{
	struct strbuf b = { .arena = r->arena };

	if (!json_object_is_type(value, json_type_object))
		return wrong(r, f, "a JSON object");
	if (!json_canon(&b, value, f->name, r->err_r))
		return false;
	*(const char **)member = b.s;
	return true;
}

static read_fn *const readers[] = {
	[FIELD_TEXT] = read_text,
	[FIELD_UUID] = read_uuid,
	[FIELD_INT] = read_int,
	[FIELD_BOOL] = read_bool,
	[FIELD_TIME] = read_time,
	[FIELD_STRINGS] = read_strings,
	[FIELD_JSON] = read_json,
	[FIELD_OBJECT] = NULL,   /* output only */
	[FIELD_LIST] = NULL,
};

static bool readable(const struct reader *r, const struct field *f)
{
	return field_shown(r->schema, f) && readers[f->type];
}

/* A client's text for a sentence and a log: short, without control characters. */
static const char *quotable(struct arena *arena, const char *name)
{
	char *s = arena_strdup(arena, name);

	for (char *p = s; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == '"')
			*p = '?';
		if (p - s >= 40 && ((unsigned char)*p & 0xc0) != 0x80) {
			*p = '\0';
			break;
		}
	}
	return s;
}

static bool known_members(struct reader *r, json_object *root)
{
	json_object_object_foreach(root, name, value) {
		const struct field *f = field_named(r->schema, name);

		(void)value;
		if (f && readers[f->type])
			continue;
		const char *q = quotable(r->arena, name);
		return err_field(r->err_r, ERR_INVALID, q, "Unknown field \"%s\"", q);
	}
	return true;
}

static bool read_field(struct reader *r, const struct field *f, json_object *root)
{
	json_object *value;
	bool named = json_object_object_get_ex(root, f->name, &value);

	if (field_required(r->schema, f) && (!named || !value))
		return err_field(r->err_r, ERR_REQUIRED, f->name, "%s is required", f->name);
	if (!named)
		return true;
	if (!value && !field_nullable(r->schema, f))
		return wrong(r, f, "left out or have a value, not null");
	if (!value && !(f->flags & FIELD_NULLABLE))
		return true;   /* null is as good as left out, so it was not named */
	if (r->given)
		r->given[r->n_given++] = f;
	return !value || (readers[f->type](r, f, value, field_ptr(f, r->out)) &&
			  field_judge(f, r->out, r->err_r));
}

static bool read_object(struct reader *r, json_object *root)
{
	if (!json_object_is_type(root, json_type_object))
		return err_set(r->err_r, ERR_MALFORMED, "The body must be a JSON object");
	if (!known_members(r, root))
		return false;
	for (const struct field *f = r->schema->fields; f->name; f++)
		if (readable(r, f) && !read_field(r, f, root))
			return false;
	return true;
}

/* Space for all rows. */
static const struct field **given_rows(const struct reader *r)
{
	size_t n = 0;

	while (r->schema->fields[n].name)
		n++;
	return arena_alloc(r->arena, (n + 1) * sizeof(const struct field *));
}

static bool is_blank(const char *text, size_t n)
{
	size_t i = 0;

	while (i < n && memchr(" \t\r\n", text[i], 4))
		i++;
	return i == n;
}

static json_object *parse(const char *text, size_t n)
{
	/* one more: json-c counts the scalar inside the innermost array */
	json_tokener *tok = json_tokener_new_ex(JSON_DEPTH_MAX + 1);
	if (!tok)
		return NULL;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	json_object *root = json_tokener_parse_ex(tok, text, (int)n);
	json_tokener_free(tok);
	return root;
}

bool json_read(const char *text, size_t n, const struct field_schema *schema,
	       struct arena *arena, void *out, struct field_given *given_r, struct err *err_r)
{
	struct reader r = { .schema = schema, .arena = arena, .out = out, .err_r = err_r };

	field_clear(schema, out);
	if (given_r)
		r.given = given_rows(&r);
	if (n > INT32_MAX || is_blank(text, n))
		return err_set(err_r, ERR_MALFORMED, "The body must be a JSON object");
	if (!json_check(text, n, err_r))
		return false;
	json_object *root = parse(text, n);
	bool good = read_object(&r, root);
	json_object_put(root);
	if (given_r)
		*given_r = (struct field_given){ r.given, r.n_given };
	/* before another library gets memory with a password in it */
	heap_wipe_cache();
	return good;
}
