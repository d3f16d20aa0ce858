/*
 * http/json_number.c - which JSON numbers are integers. A digit at a place
 * below one must be a zero, so 9007199254740993.0 keeps its last digit, as it
 * would not in a double.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/json.h"

#define PLACES_MAX 19    /* digits of INT64_MAX */

/* value * 10 + digit, with the sign of the number, which makes INT64_MIN fit */
static bool append(int64_t *value, bool negative, char digit)
{
	int64_t next = digit - '0';

	return !__builtin_mul_overflow(*value, 10, value) &&
	       !__builtin_add_overflow(*value, negative ? -next : next, value);
}

bool json_integer(const char *text, int64_t *out)
{
	bool negative = *text == '-';
	const char *s = text + negative, *e = strpbrk(s, "eE");
	size_t len = e ? (size_t)(e - s) : strlen(s), whole = strcspn(s, ".eE");
	long places = e ? strtol(e + 1, NULL, 10) : 0;   /* saturates */
	int64_t value = 0;

	if (len == strspn(s, "0.")) {
		*out = 0;
		return true;
	}
	if (places > PLACES_MAX || places < -(long)len)
		return false;
	/* how many digits stand above one */
	long left = (long)whole + places;
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '.')
			continue;
		if (left-- > 0 ? !append(&value, negative, s[i]) : s[i] != '0')
			return false;
	}
	for (; left > 0; left--)
		if (!append(&value, negative, '0'))
			return false;
	*out = value;
	return true;
}
