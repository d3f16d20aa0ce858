/* tests/unit/cidr.c - networks, and what is in them. */
#include "config.h"

#include "base/cidr.h"
#include "tap.h"

static const struct {
	const char *text;
	bool is;
} texts[] = {
	{ "192.0.2.0/24", true }, { "192.0.2.1", true }, { "192.0.2.1/32", true }, { "0.0.0.0/0", true },
	{ "2001:db8::/32", true }, { "2001:db8::1", true }, { "::1/128", true }, { "::/0", true },
	{ "::ffff:192.0.2.0/120", true }, { "::ffff:192.0.2.1", true },
	{ "fe80::/10", true }, { "255.255.255.254/31", true },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128", true },
	{ "192.0.2.1/24", false }, { "192.0.2.0/33", false }, { "2001:db8::1/32", false },
	{ "2001:db8::/129", false }, { "192.0.2.0/-1", false }, { "192.0.2.0/", false }, { "/24", false },
	{ "192.0.2.0/024", false }, { "192.0.2.0/+24", false }, { "192.0.2.0/24 ", false },
	{ " 192.0.2.0/24", false }, { "192.0.2/24", false }, { "192.0.2.0/24/24", false }, { "", false },
	{ "localhost", false }, { "unix:", false }, { "fe80::1%lo", false }, { "192.0.02.0/24", false },
	{ "::ffff:192.0.2.1/120", false }, { "192.0.2.0/00", false },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128x", false },
};

static const struct {
	const char *cidr, *address;
	bool in;
} addresses[] = {
	{ "192.0.2.0/24", "192.0.2.0", true }, { "192.0.2.0/24", "192.0.2.255", true },
	{ "192.0.2.0/24", "192.0.3.0", false }, { "192.0.2.0/24", "192.0.1.255", false },
	{ "192.0.2.128/25", "192.0.2.127", false }, { "192.0.2.128/25", "192.0.2.128", true },
	{ "192.0.2.4/30", "192.0.2.7", true }, { "192.0.2.4/30", "192.0.2.8", false },
	{ "0.0.0.0/0", "255.255.255.255", true }, { "0.0.0.0/0", "::1", false },
	{ "192.0.2.1", "192.0.2.1", true }, { "192.0.2.1", "192.0.2.2", false },
	{ "192.0.2.0/24", "::ffff:192.0.2.9", true }, { "192.0.2.0/24", "::ffff:c000:209", true },
	{ "::ffff:192.0.2.0/120", "192.0.2.9", true }, { "::ffff:192.0.2.0/120", "192.0.3.9", false },
	{ "2001:db8::/32", "2001:db8:ffff::1", true }, { "2001:db8::/32", "2001:db9::1", false },
	{ "2001:db8::/33", "2001:db8:8000::", false }, { "::/0", "2001:db8::1", true },
	{ "::/0", "192.0.2.1", false }, { "::/0", "::ffff:192.0.2.1", false },
	{ "::/96", "::192.0.2.1", true }, { "192.0.2.0/24", "::192.0.2.1", false },
	{ "::1", "::1", true }, { "192.0.2.0/24", "unix:", false }, { "0.0.0.0/0", "", false },
	{ "0.0.0.0/0", NULL, false }, { "::/0", "fe80::1%lo", false }, { "junk", "192.0.2.1", false },
};

#define LIST(...) STRINGS(__VA_ARGS__)

int main(void)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ok(cidr_valid(texts[i].text) == texts[i].is, "'%s' is %s", texts[i].text, texts[i].is ? "one" : "none");
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		const char *one[] = { addresses[i].cidr };

		ok(cidrs_have((struct strings){ one, 1 }, addresses[i].address) == addresses[i].in,
		   "%s: %s", addresses[i].cidr, addresses[i].address ? addresses[i].address : "-");
	}
	ok(cidrs_have(LIST("192.0.2.0/24", "::1"), "::1"), "one of two");
	ok(!cidrs_have(strings_empty, "192.0.2.1"), "of none");
	ok(cidrs_within(LIST("192.0.2.0/25", "192.0.2.200"), LIST("::1", "192.0.2.0/24")), "narrower");
	ok(cidrs_within(LIST("192.0.2.0/24"), LIST("192.0.2.0/24")), "the same");
	ok(cidrs_within(LIST("::ffff:192.0.2.0/120"), LIST("192.0.2.0/24")), "the same, mapped");
	ok(!cidrs_within(LIST("192.0.2.0/23"), LIST("192.0.2.0/24")), "wider");
	ok(!cidrs_within(LIST("192.0.2.0/24", "198.51.100.1"), LIST("192.0.2.0/24")), "one of two is not");
	ok(!cidrs_within(LIST("192.0.2.0/24"), LIST("::/0")), "no IPv4 in ::/0");
	ok(!cidrs_within(LIST("192.0.2.0/24"), strings_empty), "in none");
	ok(cidrs_within(strings_empty, LIST("::1")), "none is");
	return tap_done();
}
