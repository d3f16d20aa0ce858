/*
 * base/cidr.h - networks of addresses (RFC 4632, RFC 4291 section 2.3): is an address
 * in one of a list, is a list within another?
 *
 * "192.0.2.0/24", "2001:db8::/32"; an address alone is a network of one. Bits beyond the
 * prefix are 0. An IPv4 address and the IPv4-mapped IPv6 one (::ffff:192.0.2.1) are the
 * same address; IPv6 networks of a prefix shorter than 96, as ::/0, have no IPv4
 * address in them.
 */
#ifndef PIERRE_BASE_CIDR_H
#define PIERRE_BASE_CIDR_H

#include <stdbool.h>

#include "base/strings.h"

#define CIDR_TEXT 50   /* bytes of the longest network, with its NUL */

bool cidr_valid(const char *text);

/* Is the address in one of these networks? False for NULL, for what is no address, as
 * nginx's `unix:`, and of no network. */
bool cidrs_have(struct strings cidrs, const char *address);

/* Is each network of `these` within one of `those`? */
bool cidrs_within(struct strings these, struct strings those);

#endif
