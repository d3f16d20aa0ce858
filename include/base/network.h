/*
 * base/network.h - addresses that no public service has: IANA's registries of
 * special-purpose addresses (RFC 6890).
 */
#ifndef PIERRE_BASE_NETWORK_H
#define PIERRE_BASE_NETWORK_H

#include <sys/socket.h>

#include "base/strings.h"

/* A list of networks (base/cidr.h) as an operator writes it, blanks or commas between.
 * False: *bad_r is the first that is none. */
bool networks_read(struct arena *arena, const char *text, struct strings *out, const char **bad_r);

/* Why calls into this network are refused ("private"), or into a part of it; NULL: it is
 * public. */
const char *network_refused(const char *network);

/* Why no public service has this address ("private"), or NULL: it is public, or in one of
 * the networks `allow`. An IPv4 address inside an IPv6 one is never let through. */
const char *address_refused(const struct sockaddr *address, struct strings allow);

#endif
