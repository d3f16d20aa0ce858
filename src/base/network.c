/* base/network.c - which addresses are not public, one row each. */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/cidr.h"
#include "base/network.h"

#define BETWEEN " ,\t"

/* IANA's special-purpose registries of 2026, and all of IPv6 that is not handed out
 * (public is 2000::/3 alone). An address of NAT64 is judged by the IPv4 address in it. */
static const struct {
	const char *network, *why;
} refused[] = {
	{ "0.0.0.0/8", "unspecified" },
	{ "10.0.0.0/8", "private" },
	{ "100.64.0.0/10", "shared by a carrier (CGNAT)" },
	{ "127.0.0.0/8", "loopback" },
	{ "169.254.0.0/16", "link-local" },
	{ "172.16.0.0/12", "private" },
	{ "192.0.0.0/24", "for protocols" },
	{ "192.0.2.0/24", "for documentation" },
	{ "192.31.196.0/24", "for protocols" },
	{ "192.52.193.0/24", "for protocols" },
	{ "192.88.99.0/24", "of 6to4" },
	{ "192.168.0.0/16", "private" },
	{ "192.175.48.0/24", "for protocols" },
	{ "198.18.0.0/15", "for benchmarks" },
	{ "198.51.100.0/24", "for documentation" },
	{ "203.0.113.0/24", "for documentation" },
	{ "224.0.0.0/4", "multicast" },
	{ "240.0.0.0/4", "reserved" },
	{ "::/128", "unspecified" },
	{ "::1/128", "loopback" },
	{ "fc00::/7", "private" },
	{ "fe80::/10", "link-local" },
	{ "fec0::/10", "private" },
	{ "ff00::/8", "multicast" },
	{ "2001::/23", "for protocols" },
	{ "2001:db8::/32", "for documentation" },
	{ "2002::/16", "of 6to4" },
	{ "3fff::/20", "for documentation" },
	{ "::/3", "reserved" },
	{ "4000::/2", "reserved" },
	{ "8000::/1", "reserved" },
};
static const char nat64[] = "64:ff9b::/96";

bool networks_read(struct arena *arena, const char *text, struct strings *out, const char **bad_r)
{
	/* each takes two bytes at least */
	const char **items = arena_alloc(arena, (strlen(text) / 2 + 1) * sizeof(*items));
	size_t n = 0;

	for (; *(text += strspn(text, BETWEEN)); n++) {
		size_t len = strcspn(text, BETWEEN);

		items[n] = arena_strndup(arena, text, len);
		if (!cidr_valid(items[n])) {
			*bad_r = items[n];
			return false;
		}
		text += len;
	}
	*out = (struct strings){ items, n };
	return true;
}

static bool is_in(const char *network, const char *address)
{
	return cidrs_have(STRINGS(network), address);
}

static const char *why_not(const char *address)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (is_in(refused[i].network, address))
			return refused[i].why;
	return NULL;
}

/* One of two networks that have an address in common is within the other. */
const char *network_refused(const char *network)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (cidrs_within(STRINGS(network), STRINGS(refused[i].network)) ||
		    cidrs_within(STRINGS(refused[i].network), STRINGS(network)))
			return refused[i].why;
	return NULL;
}

static const char *judge(int family, const void *bytes, struct strings allow)
{
	char text[INET6_ADDRSTRLEN];

	if (!inet_ntop(family, bytes, text, sizeof(text)))
		return "no address";
	if (cidrs_have(allow, text))
		return NULL;
	if (family == AF_INET6 && is_in(nat64, text))
		return judge(AF_INET, (const char *)bytes + 12, allow);
	return why_not(text);
}

const char *address_refused(const struct sockaddr *address, struct strings allow)
{
	const struct sockaddr_in *four = (const void *)address;
	const struct sockaddr_in6 *six = (const void *)address;

	if (address->sa_family == AF_INET)
		return judge(AF_INET, &four->sin_addr, allow);
	if (address->sa_family != AF_INET6)
		return "of another kind than IPv4 and IPv6";
	if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		return "an IPv4 address in IPv6";
	return judge(AF_INET6, &six->sin6_addr, allow);
}
