/*
 * store/email.c - the canonical form of an e-mail address.
 *
 * An address is not checked by all of RFC 5321's grammar: only a mail can tell whether it
 * exists. Refused is what cannot exist, what could forge a line of a mail or log, and what
 * could be taken for the address of another account.
 */
#include "config.h"

#include <idn2.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <uninorm.h>

#include "base/str.h"
#include "base/text.h"
#include "store/email.h"

#define EMAIL_LEAST 6
#define LOCAL_MAX 64    /* bytes: RFC 5321 section 4.5.3.1.1 */
#define LABEL_MAX 63    /* bytes: RFC 1035 section 2.3.4 */
#define LONG_LABEL "must have at most 63 bytes between the dots after the '@' " \
	"(letters outside ASCII count in their xn-- form)"
#define BAD_ALABEL "has 'xn--' after the '@', and what follows it is no " \
	"international domain name"
#define NO_FORM "has no form that can be compared"
#define GROWTH 4        /* NFC or lower case gives at most 3 times the bytes (UAX #15) */

static bool refuse(struct err *err_r, const char *why)
{
	return err_field(err_r, ERR_INVALID, "email", "The e-mail address %s", why);
}

static bool too_long(struct err *err_r)
{
	return err_field(err_r, ERR_RANGE, "email",
			 "The e-mail address is longer than %d bytes", EMAIL_MAX);
}

const char *email_exact(struct arena *arena, const char *email)
{
	char *key = arena_strdup(arena, email);

	str_lower(key);
	return key;
}

/* --- characters --------------------------------------------------------------- */

/* Without the two joiners: which letters they may stand between in a domain is
 * libidn2's to judge (RFC 5892 appendix A). */
static const char *without_joiners(struct arena *arena, const char *domain)
{
	static const char *const joiners[] = { "\xe2\x80\x8c", "\xe2\x80\x8d" };
	char *text = arena_strdup(arena, domain), *at;

	for (size_t i = 0; i < sizeof(joiners) / sizeof(joiners[0]); i++)
		while ((at = strstr(text, joiners[i])))
			memmove(at, at + 3, strlen(at + 3) + 1);
	return text;
}

static bool check_characters(const char *text, struct err *err_r)
{
	static const struct {
		unsigned kinds;
		const char *why;
	} rows[] = {
		{ TEXT_BLANK | TEXT_CONTROL, "must not have spaces or control characters" },
		{ TEXT_FORMAT | TEXT_IGNORABLE, "must not have invisible characters, such as "
		  "U+200B (zero width space) or U+202E (writing direction)" },
		{ TEXT_UNASSIGNED, "has a character that Unicode does not define" },
	};
	unsigned kinds = text_kinds(text);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (kinds & rows[i].kinds)
			return refuse(err_r, rows[i].why);
	return true;
}

/* --- parts -------------------------------------------------------------------- */

static bool ends_with_dot(const char *part)
{
	return part[0] && part[strlen(part) - 1] == '.';
}

/* Two dots in a row, or one at the beginning. */
static bool has_empty_label(const char *part)
{
	return part[0] == '.' || strstr(part, "..");
}

static bool is_empty(const char *part)
{
	return part[0] == '\0';
}

static bool local_is_long(const char *local)
{
	return strlen(local) > LOCAL_MAX;
}

static bool local_has_bad_dot(const char *local)
{
	return has_empty_label(local) || ends_with_dot(local);
}

static bool local_has_bracket(const char *local)
{
	return strpbrk(local, "<>");
}

static bool domain_has_no_dot(const char *domain)
{
	return !strchr(domain, '.');
}

static bool domain_has_long_label(const char *domain)
{
	for (; *domain; domain += *domain == '.') {
		size_t n = strcspn(domain, ".");

		if (n > LABEL_MAX)
			return true;
		domain += n;
	}
	return false;
}

static bool domain_has_other_character(const char *domain)
{
	return domain[strspn(domain, "abcdefghijklmnopqrstuvwxyz0123456789-.")] != '\0';
}

static bool domain_has_bad_hyphen(const char *domain)
{
	return domain[0] == '-' || strstr(domain, ".-") || strstr(domain, "-.") ||
	       domain[strlen(domain) - 1] == '-';
}

struct part_rule {
	bool (*broken)(const char *part);
	const char *why;
};

static const struct part_rule local_rules[] = {
	{ is_empty, "must have text on both sides of the '@'" },
	{ local_is_long, "must have at most 64 bytes before the '@'" },
	{ local_has_bad_dot, "must not have two dots in a row before the '@', nor begin or end "
	  "that part with a dot" },
	{ local_has_bracket, "must not have '<' or '>'" },
	{ 0 },
};

/* Of the domain in ASCII. libidn2's own check of letters (STD3) would not refuse
 * foo_bar.de, but make foobar.de of it, and libidn2 takes a..de. */
static const struct part_rule domain_rules[] = {
	{ is_empty, "must have text on both sides of the '@'" },
	{ ends_with_dot, "must not end with a dot" },
	{ has_empty_label, "must not have two dots in a row after the '@', nor begin that part "
	  "with a dot" },
	{ domain_has_no_dot, "must have a dot inside the part after the '@'" },
	{ domain_has_other_character, "may have only letters, digits, hyphens and dots after "
	  "the '@'" },
	{ domain_has_bad_hyphen, "must not have a hyphen straight after the '@', beside a dot "
	  "after it, or at the end" },
	{ domain_has_long_label, LONG_LABEL },
	{ 0 },
};

static bool check_part(const struct part_rule *rules, const char *part, struct err *err_r)
{
	for (const struct part_rule *r = rules; r->broken; r++)
		if (r->broken(part))
			return refuse(err_r, r->why);
	return true;
}

/* --- canonical form ----------------------------------------------------------- */

static bool is_ascii(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

/* NULL: it has none. The result of a function of libunistring for n bytes fits the
 * buffer, or there is no result. */
static char *nfc(struct arena *arena, const char *text)
{
	size_t n = strlen(text), size = n * GROWTH;
	char *out = arena_alloc(arena, size + 1);
	uint8_t *made = u8_normalize(UNINORM_NFC, (const uint8_t *)text, n, (uint8_t *)out, &size);

	if (made != (uint8_t *)out) {
		free(made);
		return NULL;
	}
	out[size] = '\0';
	return out;
}

static char *lower_nfc(struct arena *arena, const char *local)
{
	const char *text = nfc(arena, local);
	size_t n = text ? strlen(text) : 0, size = n * GROWTH;
	char *out = arena_alloc(arena, size + 1);
	uint8_t *made;

	if (!text)
		return NULL;
	made = u8_tolower((const uint8_t *)text, n, "", UNINORM_NFC, (uint8_t *)out, &size);
	if (made != (uint8_t *)out) {
		free(made);
		return NULL;
	}
	out[size] = '\0';
	return out;
}

static bool canonical_local(struct arena *arena, const char *local, const char **out,
			    struct err *err_r)
{
	*out = is_ascii(local) ? email_exact(arena, local) : lower_nfc(arena, local);
	if (!*out)
		return refuse(err_r, NO_FORM);
	/* not as it is given: decomposed, it may be longer, and have a '>' in it */
	return check_part(local_rules, *out, err_r);
}

static bool not_a_domain(int rc, struct err *err_r)
{
	static const struct {
		int rc;
		const char *why;
	} rows[] = {
		{ IDN2_TOO_BIG_LABEL, LONG_LABEL },
		{ IDN2_PUNYCODE_BIG_OUTPUT, LONG_LABEL },
		{ IDN2_PUNYCODE_BAD_INPUT, BAD_ALABEL },
		{ IDN2_ALABEL_ROUNDTRIP_FAILED, BAD_ALABEL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rc == rows[i].rc)
			return refuse(err_r, rows[i].why);
	return refuse(err_r, "has characters after the '@' that a domain name cannot have, or "
		      "not in that place");
}

/* What libidn2 2.3.3 does not do by itself: it maps U+0345 before it composes, and
 * U+1E9E to ss, as Unicode did before 15.1; since then it is the capital of U+00DF. */
static char *composed_domain(struct arena *arena, const char *domain)
{
	char *lower = nfc(arena, domain), *at;

	if (!lower)
		return NULL;
	str_lower(lower);
	while ((at = strstr(lower, "\xe1\xba\x9e"))) {
		memcpy(at, "\xc3\x9f", 2);
		memmove(at + 2, at + 3, strlen(at + 3) + 1);
	}
	return lower;
}

static bool canonical_domain(struct arena *arena, const char *domain, const char **out,
			     struct err *err_r)
{
	const char *lower = composed_domain(arena, domain);
	uint8_t *ascii = NULL;
	int rc;

	if (!lower)
		return refuse(err_r, NO_FORM);
	*out = lower;
	if (is_ascii(lower) && !strstr(lower, "xn--"))
		return check_part(domain_rules, lower, err_r);
	rc = idn2_lookup_u8((const uint8_t *)lower, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (rc != IDN2_OK)
		return not_a_domain(rc, err_r);
	*out = email_exact(arena, (const char *)ascii);
	idn2_free(ascii);
	return check_part(domain_rules, *out, err_r);
}

static bool canonical_parts(struct arena *arena, const char *email, const char **key_r,
			    struct err *err_r)
{
	const char *at = strchr(email, '@'), *local, *domain = NULL;

	if (!at || at != strrchr(email, '@'))
		return refuse(err_r, "must have exactly one '@'");
	local = arena_strndup(arena, email, (size_t)(at - email));
	if (!check_characters(local, err_r) ||
	    !check_characters(without_joiners(arena, at + 1), err_r) ||
	    !canonical_local(arena, local, &local, err_r) ||
	    !canonical_domain(arena, at + 1, &domain, err_r))
		return false;
	*key_r = arena_printf(arena, "%s@%s", local, domain);
	return strlen(*key_r) <= EMAIL_MAX || too_long(err_r);
}

bool email_canonical(struct arena *arena, const char *email, const char **key_r,
		     struct err *err_r)
{
	size_t n;

	if (!email || !*email)
		return err_field(err_r, ERR_REQUIRED, "email", "An e-mail address is needed");
	n = strlen(email);
	if (n < EMAIL_LEAST)
		return refuse(err_r, "is too short");
	if (n > EMAIL_MAX)
		return too_long(err_r);
	if (!utf8_valid(email, n))
		return refuse(err_r, "is not valid UTF-8 text");
	return canonical_parts(arena, email, key_r, err_r);
}

const char *email_key(struct arena *arena, const char *email)
{
	const char *key;
	struct err err;

	return email_canonical(arena, email, &key, &err) ? key : email_exact(arena, email);
}
