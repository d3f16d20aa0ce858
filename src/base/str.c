/* base/str.c - the buffer, comparisons, numbers, UTF-8. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

void strbuf_grow(struct strbuf *b, size_t n)
{
	size_t cap = b->cap ? b->cap * 2 : 64, need = b->len + n + 1;
	char *grown;

	if (cap < need)
		cap = need;
	grown = arena_alloc(b->arena, cap);
	if (b->len > 0)
		memcpy(grown, b->s, b->len);
	b->s = grown;
	b->cap = cap;
}

void strbuf_addi(struct strbuf *b, int64_t n)
{
	static const char pairs[] =
		"0001020304050607080910111213141516171819202122232425262728293031323334353637383940"
		"4142434445464748495051525354555657585960616263646566676869707172737475767778798081"
		"828384858687888990919293949596979899";
	char text[sizeof("-9223372036854775808") + 1], *p = text + sizeof(text);
	uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;
	bool even;

	do {
		const char *pair = &pairs[left % 100 * 2];

		*--p = pair[1];   /* memcpy() would be called here, to look at the size */
		*--p = pair[0];
		even = left >= 10;
	} while (left /= 100);
	p += !even;
	if (n < 0)
		*--p = '-';
	strbuf_add(b, p, (size_t)(text + sizeof(text) - p));
}

/* Printed in place; once more when the space was too small. */
void strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
	va_list ap;
	size_t space;
	int n;

	if (b->cap == 0)
		strbuf_grow(b, 0);
	do {
		space = b->cap - b->len;
		va_start(ap, fmt);
		n = vsnprintf(b->s + b->len, space, fmt, ap);
		va_end(ap);
		if (n > 0 && b->len + (size_t)n + 1 > b->cap)
			strbuf_grow(b, (size_t)n);
	} while (n > 0 && (size_t)n >= space);
	if (n > 0)
		b->len += (size_t)n;
	b->s[b->len] = '\0';
}

bool str_eq(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool str_starts(const char *s, const char *prefix)
{
	return s && strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_blank(const char *s)
{
	return !s || s[strspn(s, " \t\r\n\v\f")] == '\0';
}

void str_copy(char *out, size_t size, const char *s)
{
	size_t n = s ? strnlen(s, size) : 0;

	if (n == size)
		for (n = size - 1; n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80; n--)
			;
	if (n > 0)
		memcpy(out, s, n);
	out[n] = '\0';
}

bool str_int(const char *s, int64_t min, int64_t max, int64_t *out)
{
	const char *digits = s && *s == '-' ? s + 1 : s;
	long long v;

	if (!digits || !*digits || digits[strspn(digits, "0123456789")])
		return false;
	errno = 0;
	v = strtoll(s, NULL, 10);
	if (errno || v < min || v > max)
		return false;
	*out = v;
	return true;
}

/* Length of the sequence at s by its first byte, with the bounds of the second
 * byte that RFC 3629 section 4 gives; 0 = never a first byte. */
static size_t utf8_lead(unsigned char c, unsigned char *low, unsigned char *high)
{
	static const struct {
		unsigned char from, to, low, high;
		size_t n;
	} leads[] = {
		{ 0x00, 0x7f, 0x80, 0xbf, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
		if (c < leads[i].from || c > leads[i].to)
			continue;
		*low = leads[i].low;
		*high = leads[i].high;
		return leads[i].n;
	}
	return 0;
}

size_t utf8_char(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;
	unsigned char low, high;
	size_t len = n > 0 ? utf8_lead(p[0], &low, &high) : 0;

	if (len == 0 || len > n)
		return 0;
	if (len > 1 && (p[1] < low || p[1] > high))
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

/* Bytes of ASCII at s, in whole words. */
static size_t ascii_words(const char *s, size_t n)
{
	size_t i = 0;

	for (uint64_t word; i + sizeof(word) <= n; i += sizeof(word)) {
		memcpy(&word, s + i, sizeof(word));
		if (word & UINT64_C(0x8080808080808080))
			break;
	}
	return i;
}

bool utf8_valid(const char *s, size_t n)
{
	for (size_t len; n > 0; s += len, n -= len) {
		len = ascii_words(s, n);
		if (len == 0)
			len = utf8_char(s, n);
		if (len == 0)
			return false;
	}
	return true;
}

size_t utf8_length(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

void str_lower(char *s)
{
	for (; *s; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s - 'A' + 'a');
}
