/* base/strings.c - lists of strings, and JSON arrays of them (RFC 8259). */
#include "config.h"

#include <string.h>

#include "base/strings.h"

const struct strings strings_empty = STRINGS();

bool strings_have(struct strings list, const char *word)
{
	for (size_t i = 0; i < list.n; i++)
		if (strcmp(list.items[i], word) == 0)
			return true;
	return false;
}

bool strings_within(struct strings some, struct strings all)
{
	for (size_t i = 0; i < some.n; i++)
		if (!strings_have(all, some.items[i]))
			return false;
	return true;
}

const char *strings_join(struct arena *arena, struct strings list, const char *separator)
{
	struct strbuf b = { .arena = arena };

	if (list.n == 0)
		return "";
	for (size_t i = 0; i < list.n; i++) {
		strbuf_adds(&b, i ? separator : "");
		strbuf_adds(&b, list.items[i]);
	}
	return b.s;
}

struct strings strings_split(struct arena *arena, const char *text, char separator)
{
	const char **items;
	size_t n = 0, most = 1;

	for (const char *p = text; *p; p++)
		most += *p == separator;
	items = arena_alloc(arena, most * sizeof(*items));
	for (const char *end = text; *text || n > 0; text = end + 1) {
		end = strchrnul(text, separator);
		items[n++] = arena_strndup(arena, text, (size_t)(end - text));
		if (!*end)
			break;
	}
	return (struct strings){ items, n };
}

/* --- JSON --------------------------------------------------------------------- */

void strings_to_json(struct strbuf *b, struct strings list)
{
	strbuf_adds(b, list.items ? "[" : "null");
	for (size_t i = 0; i < list.n; i++) {
		strbuf_adds(b, i ? "," : "");
		strbuf_add_json(b, list.items[i]);
	}
	strbuf_adds(b, list.items ? "]" : "");
}

static const char *skip_blank(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

/* Of an array whose elements have been read up to p: those that follow. */
static bool elements(const char *p, struct arena *arena, const char **items, size_t *n)
{
	while (*p != ']') {
		struct strbuf b = { .arena = arena };

		p = json_text(p, &b);
		if (!p)
			return false;
		items[(*n)++] = b.s;
		p = skip_blank(p);
		if (*p != ',' && *p != ']')
			return false;
		if (*p == ',') {
			p = skip_blank(p + 1);
			if (*p != '"')
				return false;
		}
	}
	return !*skip_blank(p + 1);
}

bool strings_from_json(struct arena *arena, const char *json, struct strings *out)
{
	const char *p = skip_blank(json);
	const char **items;
	size_t most = 1;

	if (*p != '[')
		return false;
	for (const char *q = p; *q; q++)
		most += *q == ',';
	items = arena_alloc(arena, most * sizeof(*items));
	*out = (struct strings){ .items = items };
	return elements(skip_blank(p + 1), arena, items, &out->n);
}
