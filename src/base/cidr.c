/*
 * base/cidr.c - addresses are 128 bits here, those of IPv4 in their mapped form.
 */
#include "config.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/cidr.h"
#include "base/str.h"

#define V4_BITS 96   /* of the mapped form, before an IPv4 address */

struct cidr {
	unsigned char bytes[16];
	int64_t bits;        /* of the prefix */
};

/* *most_r: bits of an address of its kind. */
static bool parse_address(const char *text, unsigned char bytes[16], int64_t *most_r)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	*most_r = 128;
	if (inet_pton(AF_INET6, text, bytes) == 1)
		return true;
	*most_r = 32;
	memcpy(bytes, mapped, sizeof(mapped));
	return inet_pton(AF_INET, text, bytes + sizeof(mapped)) == 1;
}

/* Do the first bits agree? */
static bool agree(const unsigned char *a, const unsigned char *b, int64_t bits)
{
	size_t whole = (size_t)bits / 8, rest = (size_t)bits % 8;

	return memcmp(a, b, whole) == 0 &&
	       (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

static bool is_v4(const unsigned char bytes[16])
{
	static const unsigned char mapped[16] = { [10] = 0xff, [11] = 0xff };

	return agree(bytes, mapped, V4_BITS);
}

static bool has_no_more(const struct cidr *c)
{
	for (int64_t bit = c->bits; bit < 128; bit++)
		if (c->bytes[bit / 8] & 0x80 >> bit % 8)
			return false;
	return true;
}

static bool parse(const char *text, struct cidr *out)
{
	const char *slash = strchr(text, '/');
	char address[CIDR_TEXT];
	int64_t most;

	if (strlen(text) >= sizeof(address))
		return false;
	str_copy(address, sizeof(address), text);
	if (slash)
		address[slash - text] = '\0';
	if (!parse_address(address, out->bytes, &most))
		return false;
	out->bits = most;
	if (slash && (!str_int(slash + 1, 0, most, &out->bits) || (slash[1] == '0' && slash[2])))
		return false;
	out->bits += 128 - most;
	return has_no_more(out);
}

static bool has(const struct cidr *c, const unsigned char bytes[16])
{
	return (c->bits >= V4_BITS || !is_v4(bytes)) && agree(c->bytes, bytes, c->bits);
}

bool cidr_valid(const char *text)
{
	struct cidr c;

	return parse(text, &c);
}

bool cidrs_have(struct strings cidrs, const char *address)
{
	unsigned char bytes[16];
	struct cidr c;
	int64_t most;

	if (!address || !parse_address(address, bytes, &most))
		return false;
	for (size_t i = 0; i < cidrs.n; i++)
		if (parse(cidrs.items[i], &c) && has(&c, bytes))
			return true;
	return false;
}

static bool is_within(const char *text, struct strings those)
{
	struct cidr c, other;

	if (!parse(text, &c))
		return false;
	for (size_t i = 0; i < those.n; i++)
		if (parse(those.items[i], &other) && other.bits <= c.bits && has(&other, c.bytes))
			return true;
	return false;
}

bool cidrs_within(struct strings these, struct strings those)
{
	for (size_t i = 0; i < these.n; i++)
		if (!is_within(these.items[i], those))
			return false;
	return true;
}
