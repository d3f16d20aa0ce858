/* base/encode.c - hex, base64url, strict base64 (RFC 4648); JSON strings; URLs
 * without password. */
#include "config.h"

#include <string.h>

#include "base/str.h"

static const char alphabet_url[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char alphabet_std[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void hex_encode(const void *data, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = data;

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hex_decode(const char *hex, void *out, size_t n)
{
	unsigned char *p = out;

	if (!hex || strlen(hex) != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		p[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static size_t encode(const void *data, size_t n, const char *alphabet, char *out)
{
	const unsigned char *p = data;
	unsigned bits = 0, have = 0;
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		bits = bits << 8 | p[i];
		for (have += 8; have >= 6; have -= 6)
			out[len++] = alphabet[bits >> (have - 6) & 63];
	}
	if (have > 0)
		out[len++] = alphabet[bits << (6 - have) & 63];
	out[len] = '\0';
	return len;
}

size_t base64url_encode(const void *data, size_t n, char *out)
{
	return encode(data, n, alphabet_url, out);
}

size_t base64_encode(const void *data, size_t n, char *out)
{
	size_t len = encode(data, n, alphabet_std, out);

	while (len % 4 != 0)
		out[len++] = '=';
	out[len] = '\0';
	return len;
}

/* n characters of one alphabet. Bits that encode nothing must be zero, so a
 * value has exactly one spelling. */
static bool decode(const char *s, size_t n, const char *alphabet,
		   unsigned char *out, size_t cap, size_t *n_r)
{
	unsigned bits = 0, have = 0;
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		const char *at = strchr(alphabet, s[i]);

		if (!at || !s[i])
			return false;
		bits = bits << 6 | (unsigned)(at - alphabet);
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		if (len == cap)
			return false;
		out[len++] = (unsigned char)(bits >> have & 255);
	}
	*n_r = len;
	return have < 6 && (bits & ((1u << have) - 1)) == 0;
}

bool base64url_decode(const char *s, void *out, size_t cap, size_t *n_r)
{
	return s && decode(s, strlen(s), alphabet_url, out, cap, n_r);
}

bool base64_decode(const char *s, void *out, size_t cap, size_t *n_r)
{
	size_t n = s ? strlen(s) : 0;

	if (n == 0 || n % 4 != 0)
		return false;
	for (int padding = 0; padding < 2 && s[n - 1] == '='; padding++)
		n--;
	return decode(s, n, alphabet_std, out, cap, n_r);
}

/* ASCII that stands in a JSON string as it is: no control, no '"', no '\\'. */
static const bool json_ascii[256] = {
	[0x20 ... 0x21] = true, [0x23 ... 0x5b] = true, [0x5d ... 0x7e] = true,
};

/* Bytes from s on that stand in a JSON string as they are. */
static size_t json_plain(const char *s)
{
	size_t n = 0, len;

	do {
		while (json_ascii[(unsigned char)s[n]])
			n++;
		len = (unsigned char)s[n] < 0x80 ? 0 : utf8_char(s + n, strnlen(s + n, 4));
		n += len;
	} while (len > 0);
	return n;
}

static void json_escape(struct strbuf *b, unsigned char c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *p = strchr(from, c);

	if (c >= 0x80)
		strbuf_adds(b, "\xef\xbf\xbd");   /* U+FFFD */
	else if (p)
		strbuf_addf(b, "\\%c", to[p - from]);
	else
		strbuf_addf(b, "\\u%04x", c);
}

void strbuf_add_json(struct strbuf *b, const char *s)
{
	strbuf_adds(b, "\"");
	while (*s) {
		size_t n = json_plain(s);

		strbuf_add(b, s, n);
		s += n;
		if (*s)
			json_escape(b, (unsigned char)*s++);
	}
	strbuf_adds(b, "\"");
}

/* Where the secret that begins at p ends; NULL = none begins there. userinfo
 * is where the password of user:password@ does, NULL = there is no user. */
static const char *secret_end(const char *url, const char *userinfo, const char *p)
{
	static const char name[] = "password=";   /* and "sslpassword=" */
	const size_t len = sizeof(name) - 1;
	const char *at = NULL, *end = NULL;

	if (p == userinfo)
		at = strrchr(p, '@');   /* the last: the password may hold one */
	if ((size_t)(p - url) >= len && memcmp(p - len, name, len) == 0)
		end = p + strcspn(p, "& ");
	return at && (!end || at > end) ? at : end;
}

const char *url_mask(struct arena *a, const char *url)
{
	const char *start = strstr(url, "://"), *colon = start ? strchr(start + 3, ':') : NULL;
	const char *userinfo = colon ? colon + 1 : NULL, *hidden = url;
	struct strbuf b = { .arena = a };

	strbuf_adds(&b, "");
	for (const char *p = url;; p++) {
		const char *end = secret_end(url, userinfo, p);

		if (end && p >= hidden)
			strbuf_adds(&b, "***");
		if (end && end > hidden)   /* one may begin inside another */
			hidden = end;
		if (!*p)
			return b.s;
		if (p >= hidden)
			strbuf_add(&b, p, 1);
	}
}
