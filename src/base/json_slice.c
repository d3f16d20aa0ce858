/* base/json_slice.c - one pass that finds where a JSON value ends. */
#include "config.h"

#include <string.h>

#include "base/json_slice.h"
#include "base/str.h"

#define DEPTH_MAX 32
#define BLANKS " \t\r\n"
#define NUMBER "+-.0123456789eE"

static const char *blanks(const char *p)
{
	return p + strspn(p, BLANKS);
}

/* Behind the string literal at p; NULL: it does not end. */
static const char *past_string(const char *p)
{
	for (p++; *p && *p != '"'; p++)
		if (*p == '\\' && !*++p)
			return NULL;
	return *p ? p + 1 : NULL;
}

static const char *past_scalar(const char *p)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t n = strspn(p, NUMBER);

	if (*p == '"')
		return past_string(p);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_starts(p, words[i]))
			return p + strlen(words[i]);
	return n > 0 ? p + n : NULL;
}

/* At the name of a member: behind the colon. */
static const char *past_name(const char *p)
{
	if (*p != '"')
		return NULL;
	p = past_string(p);
	if (p)
		p = blanks(p);
	return p && *p == ':' ? blanks(p + 1) : NULL;
}

/* A walk over one value. Brackets are kept on a stack, so that what is nested deep costs no
 * more than what is long. */
struct walk {
	const char *p;
	char closing[DEPTH_MAX];
	size_t depth;
};

/* At a value: into brackets, as deep as they go, and past a scalar. Empty brackets are left
 * to leave(). */
static bool enter(struct walk *w)
{
	while (*w->p == '{' || *w->p == '[') {
		bool object = *w->p == '{';

		if (w->depth == DEPTH_MAX)
			return false;
		w->closing[w->depth++] = object ? '}' : ']';
		w->p = blanks(w->p + 1);
		if (*w->p == w->closing[w->depth - 1])
			return true;
		if (object && !(w->p = past_name(w->p)))
			return false;
	}
	w->p = past_scalar(w->p);
	return w->p != NULL;
}

/* Behind a value: past the brackets that end there. */
static void leave(struct walk *w)
{
	while (w->depth > 0 && *blanks(w->p) == w->closing[w->depth - 1]) {
		w->p = blanks(w->p) + 1;
		w->depth--;
	}
}

/* To the next item or member. */
static bool go_on(struct walk *w)
{
	w->p = blanks(w->p);
	if (*w->p != ',')
		return false;
	w->p = blanks(w->p + 1);
	if (w->closing[w->depth - 1] == '}')
		w->p = past_name(w->p);
	return w->p != NULL;
}

/* Behind the value at p; NULL: there is none, or it is cut. */
static const char *past_value(const char *p)
{
	struct walk w = { .p = p };

	do {
		if (!enter(&w))
			return NULL;
		leave(&w);
		if (w.depth == 0)
			return w.p;
	} while (go_on(&w));
	return NULL;
}

bool json_slice_read(const char *text, size_t n, struct json_slice *out)
{
	const char *from = blanks(text), *to = past_value(from);

	*out = (struct json_slice){ 0 };
	/* a NUL among the n bytes would hide what is behind it */
	if (!to || blanks(to) != text + n)
		return false;
	*out = (struct json_slice){ from, (size_t)(to - from) };
	return true;
}

bool json_slice_next(struct json_slice in, struct json_slice *at, struct json_slice *name_r)
{
	bool object = in.s && *in.s == '{';
	const char *p, *name;

	if (!in.s || (!object && *in.s != '['))
		return false;
	p = blanks(at->s ? at->s + at->n : in.s + 1);
	if (at->s && *p == ',')
		p = blanks(p + 1);
	if (*p == '}' || *p == ']')
		return false;
	name = p;
	if (object)
		p = past_name(p);
	if (name_r)
		*name_r = object ? (struct json_slice){ name, (size_t)(past_string(name) - name) }
				 : (struct json_slice){ 0 };
	*at = (struct json_slice){ p, (size_t)(past_value(p) - p) };
	return true;
}

/* The name as it is written: no service escapes letters of a member's name. */
static bool is_named(struct json_slice name, const char *word, size_t n)
{
	return name.n == n + 2 && memcmp(name.s + 1, word, n) == 0;
}

struct json_slice json_slice_member(struct json_slice object, const char *path)
{
	size_t n = strcspn(path, ".");
	struct json_slice at = { 0 }, name;

	if (!object.s || *object.s != '{')
		return (struct json_slice){ 0 };
	while (json_slice_next(object, &at, &name))
		if (is_named(name, path, n))
			return path[n] ? json_slice_member(at, path + n + 1) : at;
	return (struct json_slice){ 0 };
}

bool json_slice_is_null(struct json_slice v)
{
	return !v.s || *v.s == 'n';
}

const char *json_slice_text(struct arena *arena, struct json_slice v)
{
	struct strbuf b = { .arena = arena };

	return v.s && *v.s == '"' && json_text(v.s, &b) ? b.s : NULL;
}

const char *json_slice_word(struct arena *arena, struct json_slice v)
{
	if (json_slice_is_null(v) || *v.s == '{' || *v.s == '[')
		return NULL;
	return *v.s == '"' ? json_slice_text(arena, v) : arena_strndup(arena, v.s, v.n);
}
