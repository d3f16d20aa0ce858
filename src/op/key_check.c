/*
 * Checks of an API key's fields, for callers with and without HTTP.
 */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "op/check.h"
#include "op/key_check.h"

bool key_name_check(const char *name, struct err *err_r)
{
	if (!name)
		return err_field(err_r, ERR_REQUIRED, "name", "A key needs a name");
	return name_check(name, "name", err_r);
}

bool key_description_check(const char *text, struct err *err_r)
{
	static const char field[] = "description";

	if (!text)
		return true;
	if (!utf8_valid(text, strlen(text)))
		return err_field(err_r, ERR_INVALID, field, "%s is not valid UTF-8 text", field);
	if (utf8_length(text) > DESCRIPTION_MAX)
		return err_field(err_r, ERR_RANGE, field, "%s must have at most %d characters",
				 field, DESCRIPTION_MAX);
	return true;
}

/* --- scopes ----------------------------------------------------------------- */

static bool scope_allowed(const char *word)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:._*/-";
	size_t n = strlen(word);

	return n >= 1 && n <= SCOPE_LENGTH_MAX && strspn(word, allowed) == n;
}

bool key_scopes_check(struct strings scopes, struct err *err_r)
{
	if (scopes.n > SCOPES_MAX)
		return err_field(err_r, ERR_RANGE, "scopes",
				 "scopes must have at most %d entries", SCOPES_MAX);
	for (size_t i = 0; i < scopes.n; i++)
		if (!scope_allowed(scopes.items[i]))
			return err_field(err_r, ERR_INVALID, "scopes",
					 "scopes must be an array of words of 1 to %d of "
					 "A-Z a-z 0-9 : . _ * / -", SCOPE_LENGTH_MAX);
	return true;
}
