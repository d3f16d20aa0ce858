/*
 * model/check.c - the form of names and slugs. That of e-mail addresses is in
 * store/email.c.
 */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "base/text.h"
#include "model/check.h"

bool name_check(const char *name, const char *field, struct err *err_r)
{
	unsigned kinds;

	if (!name)
		return true;
	if (!utf8_valid(name, strlen(name)))
		return err_field(err_r, ERR_INVALID, field, "The name is not valid UTF-8 text");
	kinds = text_kinds(name);
	if (kinds & TEXT_CONTROL)
		return err_field(err_r, ERR_INVALID, field,
				 "The name must not have control characters");
	if (kinds & TEXT_FORMAT)
		return err_field(err_r, ERR_INVALID, field,
				 "The name must not have invisible format characters, such as "
				 "U+200B (zero width space) or U+202E (writing direction)");
	if (!(kinds & (TEXT_VISIBLE | TEXT_UNASSIGNED)))
		return err_field(err_r, ERR_INVALID, field, "The name must not be blank");
	if (utf8_length(name) > NAME_MAX_CHARS)
		return err_field(err_r, ERR_RANGE, field,
				 "The name is longer than %d characters", NAME_MAX_CHARS);
	return true;
}

/* Slugs that Pierre's own addresses need, or that could be taken for Pierre's. */
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
	if (slug_reserved(slug) || str_starts(slug, SLUG_PERSONAL))
		return err_field(err_r, ERR_INVALID, field, "The slug is a reserved word");
	return true;
}

/* RFC 1035 section 2.3.1, with digits first as RFC 1123 section 2.1 has it. */
static bool label_check(const char *label, size_t n)
{
	if (n < 1 || n > 63 || label[0] == '-' || label[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_slug_char(label[i]) && label[i] != '-')
			return false;
	return true;
}

bool domain_check(const char *domain, const char *field, struct err *err_r)
{
	size_t labels = 0;

	for (const char *at = domain;; at += strcspn(at, ".") + 1) {
		size_t n = strcspn(at, ".");

		if (!label_check(at, n))
			return err_field(err_r, ERR_INVALID, field, "The domain must be written as "
					 "example.org: small letters, digits and hyphens, with dots");
		labels++;
		if (!at[n])
			break;
	}
	return labels >= 2 ||
	       err_field(err_r, ERR_INVALID, field, "The domain must have a dot, as in example.org");
}

bool visible_check(const char *text, const char *field, struct err *err_r)
{
	for (const char *c = text; c && *c; c++)
		if (*c <= ' ' || *c > '~')
			return err_field(err_r, ERR_INVALID, field,
					 "%s may have visible ASCII characters only", field);
	return true;
}

bool line_check(const char *text, const char *field, struct err *err_r)
{
	return !text || (utf8_valid(text, strlen(text)) && !(text_kinds(text) & TEXT_CONTROL)) ||
	       err_field(err_r, ERR_INVALID, field, "%s must not have control characters", field);
}
