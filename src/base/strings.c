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
	while (*text) {
		const char *end = strchrnul(text, separator);

		items[n++] = arena_strndup(arena, text, (size_t)(end - text));
		text = *end ? end + 1 : end;
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

static void add_utf8(struct strbuf *b, unsigned long cp)
{
	char s[4];
	size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n; i-- > 1; cp >>= 6)
		s[i] = (char)(0x80 | (cp & 0x3f));
	s[0] = (char)(lead[n] | cp);
	strbuf_add(b, s, n);
}

static bool hex4(const char *p, unsigned long *out)
{
	unsigned char v[2];
	char digits[5];

	if (strnlen(p, 4) < 4)
		return false;
	memcpy(digits, p, 4);
	digits[4] = '\0';
	if (!hex_decode(digits, v, 2))
		return false;
	*out = (unsigned long)v[0] << 8 | v[1];
	return true;
}

/* p stands behind "\u"; NULL when it is no character that text can hold. */
static const char *unicode_escape(const char *p, unsigned long *cp)
{
	unsigned long low;

	if (!hex4(p, cp) || *cp == 0 || (*cp >= 0xdc00 && *cp <= 0xdfff))
		return NULL;
	p += 4;
	if (*cp < 0xd800 || *cp > 0xdbff)
		return p;
	if (p[0] != '\\' || p[1] != 'u' || !hex4(p + 2, &low) || low < 0xdc00 || low > 0xdfff)
		return NULL;
	*cp = 0x10000 + ((*cp - 0xd800) << 10) + (low - 0xdc00);
	return p + 6;
}

/* p stands behind the backslash. */
static const char *escape(const char *p, struct strbuf *b)
{
	static const char letters[] = "bfnrt\"\\/", chars[] = "\b\f\n\r\t\"\\/";
	const char *at = *p ? strchr(letters, *p) : NULL;
	unsigned long cp;

	if (at) {
		strbuf_add(b, &chars[at - letters], 1);
		return p + 1;
	}
	if (*p != 'u')
		return NULL;
	p = unicode_escape(p + 1, &cp);
	if (p)
		add_utf8(b, cp);
	return p;
}

/* One JSON string; returns what follows it, NULL when it is none. */
static const char *element(const char *p, struct strbuf *b)
{
	if (*p++ != '"')
		return NULL;
	strbuf_adds(b, "");
	while (p && *p != '"') {
		if (!*p)
			return NULL;
		if (*p == '\\') {
			p = escape(p + 1, b);
			continue;
		}
		strbuf_add(b, p++, 1);
	}
	return p ? p + 1 : NULL;
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

		p = element(p, &b);
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
