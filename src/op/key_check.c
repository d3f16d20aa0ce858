/*
 * Checks of an API key's fields, for callers with and without HTTP. Scopes
 * arrive as JSON text that the caller's own reader has found to be sound; of
 * JSON only what an array of plain words needs is known here.
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

static const char *skip_spaces(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

static bool bad_scopes(struct err *err_r)
{
	return err_field(err_r, ERR_INVALID, "scopes",
			 "scopes must be an array of words of 1 to %d of A-Z a-z 0-9 : . _ * / -",
			 SCOPE_LENGTH_MAX);
}

/* One string at *p, copied to the list; *p moves past it. */
static bool scan_scope(const char **p, struct strbuf *out, struct err *err_r)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:._*/-";
	const char *s = *p;
	size_t n = 0;

	if (*s++ != '"')
		return bad_scopes(err_r);
	strbuf_adds(out, "\"");
	for (; *s != '"'; s++, n++) {
		if (s[0] == '\\' && s[1] == '/')
			s++;
		if (*s == '\0' || !strchr(allowed, *s))
			return bad_scopes(err_r);
		strbuf_add(out, s, 1);
	}
	if (n < 1 || n > SCOPE_LENGTH_MAX)
		return bad_scopes(err_r);
	strbuf_adds(out, "\"");
	*p = skip_spaces(s + 1);
	return true;
}

static bool scan_list(const char *p, struct strbuf *out, struct err *err_r)
{
	size_t n = 0;

	if (*p++ != '[')
		return bad_scopes(err_r);
	p = skip_spaces(p);
	strbuf_adds(out, "[");
	while (*p != ']') {
		if (n > 0 && *p++ != ',')
			return bad_scopes(err_r);
		if (n > 0)
			strbuf_adds(out, ",");
		p = skip_spaces(p);
		if (++n > SCOPES_MAX)
			return err_field(err_r, ERR_RANGE, "scopes",
					 "scopes must have at most %d entries", SCOPES_MAX);
		if (!scan_scope(&p, out, err_r))
			return false;
	}
	strbuf_adds(out, "]");
	return *skip_spaces(p + 1) == '\0' || bad_scopes(err_r);
}

bool key_scopes_check(struct arena *arena, const char *json, const char **canonical_r,
		      struct err *err_r)
{
	struct strbuf out = { .arena = arena };

	if (!scan_list(skip_spaces(json ? json : "[]"), &out, err_r))
		return false;
	*canonical_r = out.s;
	return true;
}

/* A word is looked for with both its quotes: none has a quote or an escape. */
bool key_scopes_within(const char *canonical, const char *all)
{
	for (const char *p = strchr(canonical, '"'); p; p = strchr(p, '"')) {
		size_t n = strcspn(p + 1, "\"") + 2;

		if (!memmem(all, strlen(all), p, n))
			return false;
		p += n;
	}
	return true;
}
