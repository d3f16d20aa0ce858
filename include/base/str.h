/*
 * base/str.h - strings: a growing buffer, encodings, UTF-8, UUIDs.
 * Nothing here knows HTTP, SQL or crypto.
 */
#ifndef PIERRE_BASE_STR_H
#define PIERRE_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"

/* A growing string on the arena, always NUL-terminated once anything was
 * added. Start with `struct strbuf b = { .arena = a };` */
struct strbuf {
	struct arena *arena;
	char *s;
	size_t len, cap;
};
void strbuf_grow(struct strbuf *b, size_t n);     /* space for n more and the NUL */
/* Inline: replies are made of many short texts, of which most have a length
 * that the compiler knows. */
static inline void strbuf_add(struct strbuf *b, const char *s, size_t n)
{
	if (b->len + n + 1 > b->cap)
		strbuf_grow(b, n);
	if (n > 0)
		memcpy(b->s + b->len, s, n);
	b->len += n;
	b->s[b->len] = '\0';
}
static inline void strbuf_adds(struct strbuf *b, const char *s)
{
	strbuf_add(b, s, strlen(s));
}
void strbuf_addi(struct strbuf *b, int64_t n);    /* decimal */
void strbuf_addf(struct strbuf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* As a JSON string literal with quotes, ASCII controls and DEL escaped; what is
 * not UTF-8 becomes U+FFFD. */
void strbuf_add_json(struct strbuf *b, const char *s);
/* The other way: the JSON string literal at p, decoded, is added to b, which is "" at
 * least. Returns what stands behind it; NULL when there is none, or one that no text
 * can hold: a NUL, half of a surrogate pair. */
const char *json_text(const char *p, struct strbuf *b);

bool str_eq(const char *a, const char *b);        /* NULL equals only NULL */
bool str_starts(const char *s, const char *prefix);   /* NULL does not */
bool str_blank(const char *s);                    /* NULL, "" or only white space */
/* Cut between characters when it does not fit; NULL is "". */
void str_copy(char *out, size_t size, const char *s);

/* Strict numbers: the whole string, decimal, within [min, max]. */
bool str_int(const char *s, int64_t min, int64_t max, int64_t *out);

/* Well-formed UTF-8 by RFC 3629 (no surrogates, no overlong forms). */
size_t utf8_char(const char *s, size_t n);        /* bytes of the first character; 0 = none */
bool utf8_valid(const char *s, size_t n);
size_t utf8_length(const char *s);                /* code points; s must be valid */

/* ASCII lower case, in place; other bytes stay. */
void str_lower(char *s);

void hex_encode(const void *data, size_t n, char *out /* 2n + 1 */);
bool hex_decode(const char *hex, void *out, size_t n);  /* exactly 2n digits */

/* base64url without padding, RFC 4648 section 5. */
size_t base64url_encode(const void *data, size_t n, char *out /* 4*((n+2)/3)+1 */);
bool base64url_decode(const char *s, void *out, size_t cap, size_t *n_r);
/* standard base64 with padding, section 4 (ENCRYPTION_KEY); strict. */
size_t base64_encode(const void *data, size_t n, char *out /* 4*((n+2)/3)+1 */);
bool base64_decode(const char *s, void *out, size_t cap, size_t *n_r);

/* A URL to show: *** for the password in user:password@ and for the values of
 * password parameters. Rather hides too much of a malformed one. */
const char *url_mask(struct arena *a, const char *url);

#define UUID_TEXT 37  /* 36 characters and NUL */
bool uuid_parse(const char *s, char out[UUID_TEXT]);  /* lower-cases; false = malformed */
void uuid_format(const void *bytes, char out[UUID_TEXT]);   /* of 16 bytes */

#endif
