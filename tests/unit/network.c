/*
 * tests/unit/network.c - addresses that are not public, at both ends of each network; and
 * lists that an operator writes.
 */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "base/network.h"
#include "tap.h"

static const char *why(const char *text, struct strings allow)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };

	if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
		return address_refused((const struct sockaddr *)&four, allow);
	if (inet_pton(AF_INET6, text, &six.sin6_addr) == 1)
		return address_refused((const struct sockaddr *)&six, allow);
	return "no address";
}

static void test_refused(void)
{
	static const char *const bad[] = {
		"0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255",
		"127.0.0.1", "127.255.255.255", "169.254.169.254", "172.16.0.0", "172.31.255.255",
		"192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.0.0", "192.168.255.255", "198.18.0.0",
		"198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1",
		"255.255.255.255", "::", "::1", "::2", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::8.8.8.8",
		"64:ff9b::10.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b:1::1", "100::1", "1fff::1", "2001::1",
		"2001:1ff::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "3fff:fff::1", "4000::1", "5f00::1",
		"8000::1", "fc00::1", "fd00::1", "fe80::1", "febf::1", "fec0::1", "ff02::1",
	};
	static const char *const good[] = {
		"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
		"128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
		"192.0.1.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
		"2000::1", "2001:200::1", "2001:4860:4860::8888", "2606:4700::1111", "3ffe::1", "64:ff9b::8.8.8.8",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(why(bad[i], STRINGS()) != NULL, "%s is refused", bad[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		is_str(why(good[i], STRINGS()), NULL, good[i]);
	ok(address_refused((const struct sockaddr *)&(struct sockaddr_un){ .sun_family = AF_UNIX },
			   STRINGS()) != NULL, "a socket of this machine is refused");
}

static void test_lists(struct arena *arena)
{
	static const char *const wrong[] = {
		"10.0.0.0/33", "10.0.0.1/24", "10.0.0/8", "::1/129", "::1/64", "localhost", "10.0.0.0/", "/8",
		"10.0.0.0/8/8", "10.0.0.0/-1", "10.0.0.0/08x", "1.2.3.4.5", "::/0001",
		"1234:1234:1234:1234:1234:1234:1234:1234:1234:1234:1234",
	};
	struct strings list;
	const char *bad = NULL;

	ok(networks_read(arena, " 10.1.2.0/24,::1\t192.0.2.128/25 ", &list, &bad) && list.n == 3, "a list");
	is_str(why("10.1.2.255", list), NULL, "what it has is let through");
	is_str(why("::1", list), NULL, "and a single address");
	is_str(why("192.0.2.128", list), NULL, "and part of a byte");
	ok(why("10.1.3.0", list) && why("192.0.2.127", list), "no other");
	is_str(why("::ffff:10.1.2.1", list), "an IPv4 address in IPv6", "nor the same in IPv6");
	is_str(why("64:ff9b::10.1.2.1", list), NULL, "but a NAT64 on the way to it");
	ok(networks_read(arena, "", &list, &bad) && list.n == 0, "no text is no network");
	ok(networks_read(arena, "0.0.0.0/0 ::/0", &list, &bad) && !why("127.0.0.1", list) && !why("::1", list),
	   "all of them");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ok(!networks_read(arena, arena_printf(arena, "10.0.0.0/8 %s ::1", wrong[i]), &list, &bad),
		   "%s is no network", wrong[i]);
		is_str(bad, wrong[i], "and is named");
	}
}

int main(void)
{
	struct arena *arena = arena_new();

	test_refused();
	test_lists(arena);
	arena_free(&arena);
	return tap_done();
}
