/*
 * op/throttle.h - the throttle of logins: it slows the guessing of passwords (R19; the
 * numbers are in op/session.h).
 *
 * An attempt is counted before its password is hashed, over locked rows, and a right
 * password takes it back. So of any number of attempts at once, on any number of workers
 * and hosts, no more are hashed than if they came one after another: 5 for an account
 * and network, then one after each wait; and 30 an hour for an account from all networks
 * without an earlier login.
 */
#ifndef PIERRE_OP_THROTTLE_H
#define PIERRE_OP_THROTTLE_H

#include "auth/auth.h"
#include "op/op.h"
#include "store/login_failure.h"

#define NETWORK_TEXT 52   /* "ffff:...::/64" and NUL */

/* /24 of an IPv4 address, /64 of an IPv6 one (a mapped IPv4 address counts as
 * IPv4), "-" for anything else. */
void throttle_network(const char *remote_addr, char out[NETWORK_TEXT]);

struct throttle {
	char account_hash[SHA256_HEX];
	char network[NETWORK_TEXT];
	int64_t now;
	int64_t counted_hour;   /* the hour of the account in which it was counted */
};
void throttle_init(struct throttle *g, const struct op *op, const char *email_key);

/* ERR_RATE with retry_after while this network must wait. Reads only, so that a client
 * that must wait costs no write. */
bool throttle_allows(struct op *op, const struct throttle *g, struct err *err_r);
/* The same, and the attempt counts from here on. */
bool throttle_count(struct op *op, struct throttle *g, struct err *err_r);

/* For the transaction that ends the attempt. Logged in: the failures of this
 * network are forgotten and it is known from now on. Taken back: the password was right
 * but there was no login. */
struct login_failure_update throttle_success(struct throttle *g);
struct login_failure_update throttle_refund(struct throttle *g);

#endif
