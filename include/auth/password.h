/*
 * auth/password.h - passwords: what is accepted, and bcrypt `$2b$` (libxcrypt).
 *
 * bcrypt reads 72 bytes and stops at NUL, so longer passwords and NUL are
 * refused with the reason, never truncated (R18).
 */
#ifndef PIERRE_AUTH_PASSWORD_H
#define PIERRE_AUTH_PASSWORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define PASSWORD_HASH 64   /* "$2b$12$" + 53 characters and NUL fit */
#define PASSWORD_MAX_BYTES 72

/* Length in characters >= min, at most 72 bytes, valid UTF-8, not one of the
 * most common ones. ERR_INVALID/ERR_RANGE, naming `field`, otherwise. */
bool password_check(const char *password, int64_t min, const char *field,
		    struct err *err_r);

/* Costs about 50 ms at cost 10, doubling with each step. ERR_CONFIG: a cost that
 * BCRYPT_COST cannot be. */
bool password_hash(const char *password, int64_t cost, char out[PASSWORD_HASH],
		   struct err *err_r);

/* True when it matches. `hash` NULL, malformed, of another scheme or of a cost
 * that BCRYPT_COST cannot be costs the same as a real one of `cost` (a decoy is
 * hashed) and never matches (R18); one of a lower cost that does not match costs
 * as much too. */
bool password_verify(const char *password, const char *hash, int64_t cost);

/* The cost was changed since: make the hash again. */
bool password_is_stale(const char *hash, int64_t cost);

#endif
