/* http/percent.c - one pass, strict. */
#include "config.h"

#include "base/str.h"
#include "http/percent.h"

bool percent_decode(const char *s, size_t n, bool plus, char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '%') {
			char digits[3] = "";

			if (n - i < 3)
				return false;
			digits[0] = s[i + 1];
			digits[1] = s[i + 2];
			if (!hex_decode(digits, &c, 1))
				return false;
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if (c < 0x20 || c == 0x7f)
			return false;
		out[len++] = (char)c;
	}
	out[len] = '\0';
	return utf8_valid(out, len);
}
