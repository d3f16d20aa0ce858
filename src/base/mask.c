/* base/mask.c - finds long runs, and copies what stands between them. */
#include "config.h"

#include <string.h>

#include "base/mask.h"
#include "base/str.h"

#define RUN_MIN 20
#define KEEP 8
#define MARK "..."

struct out {
	char *s;
	size_t len, size;
};

static bool is_of_class(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '%' || c == '-';
}

static size_t run_bytes(const char *s)
{
	size_t n = 0;

	while (is_of_class(s[n]))
		n++;
	return n;
}

/* Bytes before the first long run. A window of RUN_MIN is looked at from its end:
 * most end in a short word, so few characters are looked at at all. */
static size_t clear_bytes(const char *s, size_t n)
{
	size_t at = 0, k;

	while (n - at >= RUN_MIN) {
		for (k = RUN_MIN; k > 0 && is_of_class(s[at + k - 1]); k--)
			;
		if (k == 0)
			return at;
		at += k;
	}
	return n;
}

static bool is_uuid(const char *s, size_t n)
{
	char text[UUID_TEXT], lower[UUID_TEXT];

	if (n != UUID_TEXT - 1)
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	return uuid_parse(text, lower);
}

/* Bytes before the next secret, whose length is *run_r; 0 = there is none. */
static size_t next_secret(const char *s, size_t n, size_t *run_r)
{
	size_t at = 0, run;

	*run_r = 0;
	while ((at += clear_bytes(s + at, n - at)) < n) {
		run = run_bytes(s + at);
		if (!is_uuid(s + at, run)) {
			*run_r = run;
			break;
		}
		at += run;
	}
	return at;
}

/* False: only a part fitted. */
static bool put(struct out *o, const char *s, size_t n)
{
	size_t fits = o->size - 1 - o->len;
	bool whole = n <= fits;

	if (!whole)
		for (n = fits; n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80; n--)
			;
	memcpy(o->s + o->len, s, n);
	o->len += n;
	return whole;
}

bool mask_copy(char *out, size_t size, const char *s)
{
	struct out o = { .s = out, .size = size };
	size_t left = s ? strlen(s) : 0, before, run;
	bool whole = true;

	while (left > 0 && whole) {
		before = next_secret(s, left, &run);
		whole = put(&o, s, before);
		if (whole && run > 0)
			whole = put(&o, s + before, KEEP) && put(&o, MARK, sizeof(MARK) - 1);
		s += before + run;
		left -= before + run;
	}
	out[o.len] = '\0';
	return whole;
}

const char *mask_text(struct arena *a, const char *s)
{
	size_t size = s ? strlen(s) + 1 : 0;   /* what is masked is never longer */
	char *out;

	if (!s)
		return NULL;
	out = arena_alloc(a, size);
	mask_copy(out, size, s);
	return out;
}

bool mask_finds(const char *s)
{
	size_t run;

	next_secret(s, strlen(s), &run);
	return run > 0;
}
