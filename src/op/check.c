/*
 * check.c - the form of e-mail addresses, names and slugs.
 *
 * An address is not judged by RFC 5321's grammar: whether it reaches anybody
 * only a mail can tell. What is refused could not, or could forge a line.
 */
#include "config.h"

#include <string.h>

#include "auth/auth.h"
#include "op/check.h"

#define EMAIL_LEAST 6
#define SLUG_END 6       /* random characters: 36^6 = 2e9 */

const char *email_fold(struct arena *arena, const char *email)
{
	char *key = arena_strdup(arena, email);

	str_lower(key);
	return key;
}

static bool has_control_or_space(const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c <= ' ' || c == 0x7f)
			return true;
		/* C1 controls and the no-break space: U+0080 to U+00A0 */
		if (c == 0xc2 && (unsigned char)s[1] <= 0xa0)
			return true;
	}
	return false;
}

static bool refuse_email(struct err *err_r, const char *why)
{
	return err_field(err_r, ERR_INVALID, "email", "The e-mail address %s", why);
}

bool email_check(const char *email, struct err *err_r)
{
	const char *at, *dot;
	size_t n;

	if (!email || !*email)
		return err_field(err_r, ERR_REQUIRED, "email", "An e-mail address is needed");
	n = strlen(email);
	if (n < EMAIL_LEAST)
		return refuse_email(err_r, "is too short");
	if (n > EMAIL_MAX)
		return err_field(err_r, ERR_RANGE, "email",
				 "The e-mail address is longer than %d bytes", EMAIL_MAX);
	if (!utf8_valid(email, n))
		return refuse_email(err_r, "is not valid UTF-8 text");
	if (has_control_or_space(email))
		return refuse_email(err_r, "must not have spaces or control characters");
	at = strchr(email, '@');
	if (!at || at != strrchr(email, '@'))
		return refuse_email(err_r, "must have exactly one '@'");
	if (at == email || at[1] == '\0')
		return refuse_email(err_r, "must have text on both sides of the '@'");
	dot = strrchr(at, '.');
	if (!dot || at[1] == '.' || dot[1] == '\0')
		return refuse_email(err_r, "must have a dot inside the part after the '@'");
	return true;
}

bool name_check(const char *name, const char *field, struct err *err_r)
{
	if (!name)
		return true;
	if (!utf8_valid(name, strlen(name)))
		return err_field(err_r, ERR_INVALID, field, "The name is not valid UTF-8 text");
	if (str_blank(name))
		return err_field(err_r, ERR_INVALID, field, "The name must not be blank");
	for (const char *p = name; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c < ' ' || c == 0x7f || (c == 0xc2 && (unsigned char)p[1] < 0xa0))
			return err_field(err_r, ERR_INVALID, field,
					 "The name must not have control characters");
	}
	if (utf8_length(name) > NAME_MAX_CHARS)
		return err_field(err_r, ERR_RANGE, field,
				 "The name is longer than %d characters", NAME_MAX_CHARS);
	return true;
}

/* Names that addresses of ours need, or that could pass for us. */
static bool slug_reserved(const char *slug)
{
	static const char *const reserved[] = {
		"admin", "api", "www", "app", "dashboard", "auth", "oauth", "login",
		"logout", "signup", "system", "root", "public", "static", "assets",
	};

	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (str_eq(slug, reserved[i]))
			return true;
	return false;
}

static bool is_slug_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool slug_check(const char *slug, const char *field, struct err *err_r)
{
	size_t n = slug ? strlen(slug) : 0;

	if (n < 1 || n > SLUG_MAX)
		return err_field(err_r, ERR_RANGE, field,
				 "The slug must have 1 to %d characters", SLUG_MAX);
	for (size_t i = 0; i < n; i++)
		if (!is_slug_char(slug[i]) && slug[i] != '-')
			return err_field(err_r, ERR_INVALID, field,
					 "The slug may have a-z, 0-9 and hyphens only");
	if (slug[0] == '-' || slug[n - 1] == '-')
		return err_field(err_r, ERR_INVALID, field,
				 "The slug must not begin or end with a hyphen");
	if (slug_reserved(slug))
		return err_field(err_r, ERR_INVALID, field, "The slug is a reserved word");
	return true;
}

const char *slug_make(struct arena *arena, const char *text)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	const size_t most = SLUG_MAX - SLUG_END - 1;
	char *slug = arena_alloc(arena, SLUG_MAX + 1), *copy = arena_strdup(arena, text);
	unsigned char bytes[SLUG_END];
	size_t n = 0;

	str_lower(copy);
	for (const char *p = copy; *p && n < most; p++) {
		if (is_slug_char(*p))
			slug[n++] = *p;
		else if (n > 0 && slug[n - 1] != '-')
			slug[n++] = '-';
	}
	if (n == 0)
		slug[n++] = 't';
	if (slug[n - 1] != '-')
		slug[n++] = '-';
	random_bytes(bytes, sizeof(bytes));
	for (size_t i = 0; i < SLUG_END; i++)
		slug[n++] = set[bytes[i] % (sizeof(set) - 1)];
	slug[n] = '\0';
	return slug;
}
