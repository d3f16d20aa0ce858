/*
 * http/json_check.c - is this strict JSON (R21)?
 *
 * Owns the grammar; builds nothing. What passes here means one thing only to
 * every parser: json-c alone would take the last of two equal keys, cut a text
 * at \u0000 and saturate big numbers.
 */
#include "config.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/json.h"

#define NUMBER_MAX 64     /* bytes of one number */
#define KEYS_MAX 1024     /* keys of all objects open at one time */

struct check {
	const unsigned char *text;
	size_t n, at;
	unsigned depth;
	size_t n_keys;
	uint64_t keys[KEYS_MAX];  /* hashes of the decoded names, innermost object last */
	const char *member;       /* of the body that is being read; its name is a field's, or */
	size_t member_len;        /* 0 */
	bool file;                /* people count lines */
	struct err *err_r;
};

static bool check_value(struct check *c);

static size_t line_of(const struct check *c, size_t at)
{
	size_t line = 1;

	for (size_t i = 0; i < at && i < c->n; i++)
		line += c->text[i] == '\n';
	return line;
}

static bool fail_at(struct check *c, size_t at, const char *what)
{
	if (c->file)
		return err_set(c->err_r, ERR_CONFIG, "line %zu is not JSON: %s", line_of(c, at), what);
	return err_set(c->err_r, ERR_MALFORMED, "The body is not JSON: %s at byte %zu", what, at);
}

/* JSON, but not for us. */
static bool refuse_at(struct check *c, size_t at, const char *what)
{
	if (c->file)
		return err_set(c->err_r, ERR_CONFIG, "line %zu %s", line_of(c, at), what);
	return err_set(c->err_r, ERR_MALFORMED, "The body %s at byte %zu", what, at);
}

/* More than is kept, which is a fault of one field where the body has fields. */
static bool refuse_member(struct check *c, size_t at, const char *what)
{
	char name[sizeof(((struct err *)NULL)->field)];

	if (c->file || !c->member_len || c->member_len >= sizeof(name))
		return refuse_at(c, at, what);
	memcpy(name, c->member, c->member_len);
	name[c->member_len] = '\0';
	return err_field(c->err_r, ERR_RANGE, name, "%s %s at byte %zu of the body", name, what, at);
}

static bool fail(struct check *c, const char *what)
{
	return fail_at(c, c->at, what);
}

/* -1 at the end. */
static int peek(const struct check *c)
{
	return c->at < c->n ? c->text[c->at] : -1;
}

static void skip_space(struct check *c)
{
	while (c->at < c->n && memchr(" \t\n\r", c->text[c->at], 4))
		c->at++;
}

/* FNV-1a. Equal names hash alike, so no duplicate gets through; two unequal
 * ones that hash alike would only be refused. */
static uint64_t hash_byte(uint64_t h, unsigned byte)
{
	return (h ^ byte) * UINT64_C(0x100000001b3);
}

static uint64_t hash_code_point(uint64_t h, uint32_t cp)
{
	if (cp < 0x80)
		return hash_byte(h, cp);
	if (cp < 0x800)
		return hash_byte(hash_byte(h, 0xc0 | cp >> 6), 0x80 | (cp & 0x3f));
	if (cp < 0x10000)
		h = hash_byte(h, 0xe0 | cp >> 12);
	else
		h = hash_byte(hash_byte(h, 0xf0 | cp >> 18), 0x80 | (cp >> 12 & 0x3f));
	return hash_byte(hash_byte(h, 0x80 | (cp >> 6 & 0x3f)), 0x80 | (cp & 0x3f));
}

/* Four hex digits at c->at. */
static bool take_hex4(struct check *c, uint32_t *out)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++, c->at++) {
		int ch = peek(c);

		if (ch >= '0' && ch <= '9')
			v = v << 4 | (uint32_t)(ch - '0');
		else if ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'f')
			v = v << 4 | (uint32_t)((ch | 0x20) - 'a' + 10);
		else
			return fail(c, "bad \\u escape");
	}
	*out = v;
	return true;
}

/* After "\u"; takes both halves of a surrogate pair. */
static bool take_unicode_escape(struct check *c, uint32_t *out)
{
	size_t start = c->at - 2;
	uint32_t low;

	if (!take_hex4(c, out))
		return false;
	if (*out == 0)
		return refuse_at(c, start, "has \\u0000, which no text may hold,");
	if (*out < 0xd800 || *out > 0xdfff)
		return true;
	if (*out > 0xdbff || c->n - c->at < 2 || memcmp(c->text + c->at, "\\u", 2) != 0)
		return refuse_at(c, start, "has half a surrogate pair");
	c->at += 2;
	if (!take_hex4(c, &low))
		return false;
	if (low < 0xdc00 || low > 0xdfff)
		return refuse_at(c, start, "has half a surrogate pair");
	*out = 0x10000 + ((*out - 0xd800) << 10) + (low - 0xdc00);
	return true;
}

static bool take_escape(struct check *c, uint64_t *hash)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	uint32_t cp = 0;
	int ch;

	c->at++;
	ch = peek(c);
	if (ch == 'u') {
		c->at++;
		if (!take_unicode_escape(c, &cp))
			return false;
		*hash = hash_code_point(*hash, cp);
		return true;
	}
	const char *p = ch > 0 ? strchr(from, ch) : NULL;
	if (!p)
		return fail(c, "bad escape");
	*hash = hash_byte(*hash, (unsigned char)to[p - from]);
	c->at++;
	return true;
}

/* One character of several bytes. */
static bool take_utf8(struct check *c, uint64_t *hash)
{
	size_t len = utf8_char((const char *)c->text + c->at, c->n - c->at);

	if (len == 0)
		return fail(c, "bad UTF-8");
	while (len--)
		*hash = hash_byte(*hash, c->text[c->at++]);
	return true;
}

static bool check_string(struct check *c, uint64_t *hash)
{
	*hash = UINT64_C(0xcbf29ce484222325);
	for (c->at++;;) {
		int ch = peek(c);

		if (ch < 0)
			return fail(c, "unfinished string");
		if (ch < 0x20)
			return fail(c, "control character in a string");
		if (ch == '"') {
			c->at++;
			return true;
		}
		if (ch == '\\') {
			if (!take_escape(c, hash))
				return false;
		} else if (ch >= 0x80) {
			if (!take_utf8(c, hash))
				return false;
		} else {
			*hash = hash_byte(*hash, (unsigned)ch);
			c->at++;
		}
	}
}

static size_t take_digits(struct check *c)
{
	size_t start = c->at;

	while (peek(c) >= '0' && peek(c) <= '9')
		c->at++;
	return c->at - start;
}

/* -? (0 | [1-9][0-9]*) ([.][0-9]+)? ([eE][+-]?[0-9]+)? */
static bool take_number(struct check *c, bool *whole)
{
	*whole = true;
	if (peek(c) == '-')
		c->at++;
	if (peek(c) == '0')
		c->at++;
	else if (!take_digits(c))
		return false;
	if (peek(c) == '.') {
		*whole = false;
		c->at++;
		if (!take_digits(c))
			return false;
	}
	if (peek(c) == 'e' || peek(c) == 'E') {
		*whole = false;
		c->at++;
		if (peek(c) == '+' || peek(c) == '-')
			c->at++;
		if (!take_digits(c))
			return false;
	}
	return true;
}

/* Does a double hold it: neither infinite nor rounded down to nothing? */
static bool double_holds(const char *number)
{
	double d = strtod(number, NULL);
	size_t mantissa = strcspn(number, "eE");

	if (!isfinite(d))
		return false;
	return d != 0 || strcspn(number, "123456789") >= mantissa;
}

static bool check_number(struct check *c)
{
	size_t start = c->at;
	char number[NUMBER_MAX + 1];
	bool whole, fits;

	if (!take_number(c, &whole))
		return fail(c, "bad number");
	size_t len = c->at - start;
	if (len > NUMBER_MAX)
		return refuse_member(c, start, "has a number that is too long");
	memcpy(number, c->text + start, len);
	number[len] = '\0';
	if (whole) {
		errno = 0;
		(void)strtoll(number, NULL, 10);
		fits = errno == 0;
	} else {
		fits = double_holds(number);
	}
	return fits || refuse_member(c, start, "has a number that is out of range");
}

static bool check_word(struct check *c, const char *word)
{
	size_t len = strlen(word);

	if (c->n - c->at < len || memcmp(c->text + c->at, word, len) != 0)
		return fail(c, "unknown word");
	c->at += len;
	return true;
}

/* The name from `start` on, in quotes. */
static void begin_field(struct check *c, size_t start)
{
	c->member = (const char *)c->text + start + 1;
	c->member_len = c->at - start - 2;
	if (strspn(c->member, "abcdefghijklmnopqrstuvwxyz0123456789_") != c->member_len)
		c->member_len = 0;
}

/* "name" : value, where keys from `base` on are those of this object. */
static bool check_member(struct check *c, size_t base)
{
	size_t start = c->at;
	uint64_t hash;

	if (peek(c) != '"')
		return fail(c, "a name in double quotes was expected");
	if (!check_string(c, &hash))
		return false;
	if (c->depth == 1)
		begin_field(c, start);
	for (size_t i = base; i < c->n_keys; i++)
		if (c->keys[i] == hash)
			return refuse_at(c, start, "has the same name twice in one object");
	if (c->n_keys == KEYS_MAX)
		return c->depth == 1 ? refuse_at(c, start, "has too many names")
			: refuse_member(c, start, "has too many names");
	c->keys[c->n_keys++] = hash;
	skip_space(c);
	if (peek(c) != ':')
		return fail(c, "':' was expected");
	c->at++;
	return check_value(c);
}

/* From '[' or '{' to its end. */
static bool check_items(struct check *c, bool object)
{
	const int end = object ? '}' : ']';
	const size_t base = c->n_keys;
	if (++c->depth > JSON_DEPTH_MAX)
		return refuse_member(c, c->at, "is nested too deep");
	c->at++;
	skip_space(c);
	if (peek(c) == end)
		goto out;
	for (;;) {
		skip_space(c);

		if (!(object ? check_member(c, base) : check_value(c)))
			return false;
		if (peek(c) == end)
			goto out;
		if (peek(c) != ',')
			return fail(c, object ? "',' or '}' was expected" : "',' or ']' was expected");
		c->at++;
	}
out:
	c->at++;
	c->depth--;
	c->n_keys = base;
	return true;
}

static bool check_scalar(struct check *c)
{
	uint64_t hash;
	int ch = peek(c);

	if (ch == '"')
		return check_string(c, &hash);
	if (ch == '-' || (ch >= '0' && ch <= '9'))
		return check_number(c);
	if (ch == 't')
		return check_word(c, "true");
	if (ch == 'f')
		return check_word(c, "false");
	if (ch == 'n')
		return check_word(c, "null");
	return fail(c, ch < 0 ? "it ends too early" : "a value was expected");
}

/* One value and the white space around it. */
static bool check_value(struct check *c)
{
	skip_space(c);
	int ch = peek(c);
	if (ch == '{' || ch == '[') {
		if (!check_items(c, ch == '{'))
			return false;
	} else if (!check_scalar(c)) {
		return false;
	}
	skip_space(c);
	return true;
}

static bool check_all(struct check *c)
{
	if (c->n >= 3 && memcmp(c->text, "\xef\xbb\xbf", 3) == 0)
		return fail(c, "a byte order mark");
	if (!check_value(c))
		return false;
	return c->at == c->n || fail(c, "more bytes after the value");
}

bool json_check(const char *text, size_t n, struct err *err_r)
{
	return check_all(&(struct check){ .text = (const unsigned char *)text, .n = n, .err_r = err_r });
}

bool json_check_file(const char *text, size_t n, struct err *err_r)
{
	return check_all(&(struct check){ .text = (const unsigned char *)text, .n = n, .file = true,
					  .err_r = err_r });
}
