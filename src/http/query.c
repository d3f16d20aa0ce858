/*
 * http/query.c - query strings: name=value pairs between '&', decoded once.
 */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "http/field_text.h"
#include "http/percent.h"
#include "http/request.h"

struct pair {
	const char *name;            /* NULL: bad escapes in it */
	const char *value;           /* still encoded */
	size_t value_len;
};

static const char *decode(const struct request *r, const char *s, size_t n)
{
	char *out = arena_alloc(r->arena, n + 1);

	return percent_decode(s, n, true, out) ? out : NULL;
}

/* The next pair that is not empty; *at moves behind it. */
static bool next_pair(const struct request *r, const char **at, struct pair *out)
{
	*at += strspn(*at, "&");
	size_t n = strcspn(*at, "&"), name = strcspn(*at, "&=");
	if (n == 0)
		return false;
	out->name = decode(r, *at, name);
	out->value = *at + name + (name < n);
	out->value_len = n - name - (name < n);
	*at += n;
	return true;
}

/* *value_r: NULL when it is not there. */
static bool find_value(const struct request *r, const char *name, const char **value_r,
		       struct err *err_r)
{
	struct pair pair;

	*value_r = NULL;
	for (const char *at = r->query; next_pair(r, &at, &pair);) {
		if (!pair.name || !str_eq(pair.name, name))
			continue;
		if (*value_r)
			return err_field(err_r, ERR_INVALID, name, "%s is there twice", name);
		*value_r = decode(r, pair.value, pair.value_len);
		if (!*value_r)
			return err_field(err_r, ERR_INVALID, name,
					 "%s has a bad escape, a control character "
					 "or is not UTF-8", name);
	}
	return true;
}

static bool all_known(const struct request *r, const struct field_schema *schema,
		      struct err *err_r)
{
	struct pair pair;

	for (const char *at = r->query; next_pair(r, &at, &pair);) {
		if (!pair.name)
			return err_set(err_r, ERR_INVALID,
				       "The name of a query parameter has a bad escape");
		if (!schema || !field_named(schema, pair.name))
			return err_field(err_r, ERR_INVALID, pair.name,
					 "Unknown query parameter \"%.60s\"", pair.name);
	}
	return true;
}

static bool read_field(const struct request *r, const struct field_schema *schema,
		       const struct field *f, void *out, struct err *err_r)
{
	const char *value;

	if (!find_value(r, f->name, &value, err_r))
		return false;
	if (value)
		return field_from_text(f, value, r->arena, out, err_r);
	return !field_required(schema, f) ||
	       err_field(err_r, ERR_REQUIRED, f->name, "%s is required", f->name);
}

bool request_query(const struct request *r, const struct field_schema *schema, void *out,
		   struct err *err_r)
{
	if (!all_known(r, schema, err_r))
		return false;
	return !schema || request_query_known(r, schema, out, err_r);
}

bool request_query_known(const struct request *r, const struct field_schema *schema, void *out,
			 struct err *err_r)
{
	field_clear(schema, out);
	for (const struct field *f = schema->fields; f->name; f++)
		if (field_shown(schema, f) && !read_field(r, schema, f, out, err_r))
			return false;
	return true;
}
