/* base/network.c - which addresses are not public, one row each. */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/network.h"
#include "base/str.h"

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
	{ "::ffff:0:0/96", "an IPv4 address in IPv6" },
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
#define NAT64 "64:ff9b::/96"

static unsigned bits_of(int family)
{
	return family == AF_INET ? 32 : 128;
}

static bool has_bits_behind(const struct network *w)
{
	for (unsigned bit = w->prefix; bit < bits_of(w->family); bit++)
		if (w->bytes[bit / 8] & (0x80 >> bit % 8))
			return true;
	return false;
}

static bool network_read(const char *text, size_t n, struct network *out)
{
	char address[INET6_ADDRSTRLEN];
	const char *slash = memchr(text, '/', n);
	size_t len = slash ? (size_t)(slash - text) : n;
	char prefix[4] = "";
	int64_t bits;

	*out = (struct network){ .family = memchr(text, ':', n) ? AF_INET6 : AF_INET };
	bits = bits_of(out->family);
	if (len >= sizeof(address) || (slash && n - len - 1 >= sizeof(prefix)))
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	if (slash)
		memcpy(prefix, slash + 1, n - len - 1);
	if (inet_pton(out->family, address, out->bytes) != 1 ||
	    (slash && !str_int(prefix, 0, bits, &bits)))
		return false;
	out->prefix = (unsigned)bits;
	return !has_bits_behind(out);
}

bool networks_read(struct arena *arena, const char *text, struct networks *out, const char **bad_r)
{
	/* each takes two bytes at least */
	struct network *items = arena_alloc(arena, (strlen(text) / 2 + 1) * sizeof(*items));

	*out = (struct networks){ .items = items };
	while (*(text += strspn(text, BETWEEN))) {
		size_t n = strcspn(text, BETWEEN);

		if (!network_read(text, n, &items[out->n])) {
			*bad_r = arena_strndup(arena, text, n);
			return false;
		}
		out->n++;
		text += n;
	}
	return true;
}

static bool holds(const struct network *w, int family, const unsigned char *bytes)
{
	unsigned whole = w->prefix / 8, rest = w->prefix % 8;

	if (w->family != family || memcmp(w->bytes, bytes, whole) != 0)
		return false;
	return rest == 0 || (w->bytes[whole] ^ bytes[whole]) >> (8 - rest) == 0;
}

static const char *judge(int family, const unsigned char *bytes)
{
	struct network w;

	if (family == AF_INET6 && network_read(NAT64, strlen(NAT64), &w) && holds(&w, family, bytes))
		return judge(AF_INET, bytes + 12);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (!network_read(refused[i].network, strlen(refused[i].network), &w) ||
		    holds(&w, family, bytes))
			return refused[i].why;
	return NULL;
}

const char *address_refused(const struct sockaddr *address, struct networks allow)
{
	int family = address->sa_family;
	const void *bytes;

	if (family == AF_INET)
		bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
	else if (family == AF_INET6)
		bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	else
		return "of another kind than IPv4 and IPv6";
	for (size_t i = 0; i < allow.n; i++)
		if (holds(&allow.items[i], family, bytes))
			return NULL;
	return judge(family, bytes);
}
