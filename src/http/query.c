/*
 * http/query.c - query strings: name=value pairs between '&', decoded once.
 */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "http/request.h"
#include "http/percent.h"

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

static bool bad_name(struct err *err_r)
{
	return err_set(err_r, ERR_INVALID, "The name of a query parameter has a bad escape");
}

bool request_query(const struct request *r, const char *name, const char **value_r,
		   struct err *err_r)
{
	struct pair pair;

	*value_r = NULL;
	for (const char *at = r->query; next_pair(r, &at, &pair);) {
		if (!pair.name)
			return bad_name(err_r);
		if (!str_eq(pair.name, name))
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

static bool is_known(const char *name, const struct field *known)
{
	for (; known && known->name; known++)
		if (str_eq(known->name, name))
			return true;
	return false;
}

bool request_query_known(const struct request *r, const struct field *known,
			 struct err *err_r)
{
	struct pair pair;

	for (const char *at = r->query; next_pair(r, &at, &pair);) {
		if (!pair.name)
			return bad_name(err_r);
		if (!is_known(pair.name, known))
			return err_field(err_r, ERR_INVALID, pair.name,
					 "Unknown query parameter \"%.60s\"", pair.name);
	}
	return true;
}
