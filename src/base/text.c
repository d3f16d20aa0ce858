/* base/text.c - which kinds of characters a text has. */
#include "config.h"

#include <stddef.h>
#include <unictype.h>
#include <unistr.h>

#include "base/text.h"

#define BRAILLE_BLANK 0x2800

/* The first row that fits. */
static const struct {
	uint32_t categories;
	enum text_kind kind;
} kinds[] = {
	{ UC_CATEGORY_MASK_Cc | UC_CATEGORY_MASK_Zl | UC_CATEGORY_MASK_Zp, TEXT_CONTROL },
	{ UC_CATEGORY_MASK_Cf, TEXT_FORMAT },
	{ UC_CATEGORY_MASK_Zs, TEXT_BLANK },
};

static enum text_kind kind_of(ucs4_t c)
{
	if (c == BRAILLE_BLANK)
		return TEXT_BLANK;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (uc_is_general_category_withtable(c, kinds[i].categories))
			return kinds[i].kind;
	/* some that are not assigned are kept for what is not drawn */
	if (uc_is_property_default_ignorable_code_point(c))
		return TEXT_IGNORABLE;
	return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Cn) ? TEXT_UNASSIGNED
									: TEXT_VISIBLE;
}

static enum text_kind kind_of_ascii(unsigned char c)
{
	if (c == ' ')
		return TEXT_BLANK;
	return c < ' ' || c == 0x7f ? TEXT_CONTROL : TEXT_VISIBLE;
}

unsigned text_kinds(const char *s)
{
	const uint8_t *p = (const uint8_t *)s;
	unsigned seen = TEXT_EMPTY;
	ucs4_t c;

	while (*p) {
		if (*p < 0x80) {
			seen |= kind_of_ascii(*p++);
			continue;
		}
		p = u8_next(&c, p);
		seen |= kind_of(c);
	}
	return seen;
}
