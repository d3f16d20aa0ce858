/*
 * auth/password_common.h - the most common passwords, which attackers try first.
 *
 * Only those of 12 or more characters: shorter ones are refused by length at
 * the default PASSWORD_MIN_LENGTH.
 */
#ifndef PIERRE_AUTH_PASSWORD_COMMON_H
#define PIERRE_AUTH_PASSWORD_COMMON_H

#include <stdbool.h>
#include <stddef.h>

/* Compared without regard to ASCII case. */
bool password_is_common(const char *password);

/* The table, for tests: sorted, lower case. */
extern const char *const password_common[];
extern const size_t password_common_n;

#endif
