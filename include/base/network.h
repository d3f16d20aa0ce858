/*
 * base/network.h - networks of IP addresses: those that no public service has (IANA's
 * registries of special-purpose addresses, RFC 6890), and lists that an operator writes.
 */
#ifndef PIERRE_BASE_NETWORK_H
#define PIERRE_BASE_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/arena.h"

struct network {
	int family;                   /* AF_INET or AF_INET6 */
	unsigned char bytes[16];      /* in network order */
	unsigned prefix;              /* bits */
};

struct networks {
	const struct network *items;
	size_t n;
};

/* A list as an operator writes it (blanks or commas between): 10.0.0.0/8 ::1/128 192.0.2.1.
 * False: *bad_r is the first that is none, or that has bits behind its prefix. */
bool networks_read(struct arena *arena, const char *text, struct networks *out, const char **bad_r);

/* Why no public service has this address ("private"), or NULL: it is public, or in `allow`.
 * An address of another family than IPv4 and IPv6 has a reason too. */
const char *address_refused(const struct sockaddr *address, struct networks allow);

#endif
