/* base/json_text.c - a JSON string literal, decoded. */
#include "config.h"

#include "base/str.h"

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

const char *json_text(const char *p, struct strbuf *b)
{
	strbuf_adds(b, "");
	if (*p++ != '"')
		return NULL;
	while (p && *p != '"') {
		size_t n = strcspn(p, "\"\\");

		strbuf_add(b, p, n);
		p += n;
		if (!*p)
			return NULL;
		if (*p == '\\')
			p = escape(p + 1, b);
	}
	return p ? p + 1 : NULL;
}
