/* base/uuid.c - UUIDs as text. */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

bool uuid_parse(const char *s, char out[UUID_TEXT])
{
	if (!s || strlen(s) != UUID_TEXT - 1)
		return false;
	for (size_t i = 0; i < UUID_TEXT - 1; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s[i] != '-' : !isxdigit((unsigned char)s[i]))
			return false;
	}
	memcpy(out, s, UUID_TEXT);
	str_lower(out);
	return true;
}

void uuid_format(const void *bytes, char out[UUID_TEXT])
{
	char h[33];

	hex_encode(bytes, 16, h);
	snprintf(out, UUID_TEXT, "%.8s-%.4s-%.4s-%.4s-%.12s",
		 h, h + 8, h + 12, h + 16, h + 20);
}
