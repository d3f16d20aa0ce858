/*
 * tests/unit/crypt_seen.h - a crypt_r() that stands before libxcrypt's and writes
 * down what was asked of it. What would take hours is not done.
 */
#ifndef PIERRE_TESTS_CRYPT_SEEN_H
#define PIERRE_TESTS_CRYPT_SEEN_H

#include <crypt.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define CRYPT_SEEN_MOST 10   /* a cost of some 50 ms */

static int hashed;               /* calls */
static int64_t hashed_work;      /* rounds of all calls */
static bool hashed_well;         /* the last one gave a hash */
static const struct crypt_data *hashed_in;   /* its workspace, which has the key made of the password */
static char hashed_setting[8];   /* of the last one: "$2b$06$" */

char *crypt_r(const char *phrase, const char *setting, struct crypt_data *data)
{
	static char *(*real)(const char *, const char *, struct crypt_data *);
	int cost = (setting[4] - '0') * 10 + setting[5] - '0';
	char *hash;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "crypt_r");
	hashed++;
	hashed_in = data;
	hashed_work += INT64_C(1) << cost;
	snprintf(hashed_setting, sizeof(hashed_setting), "%s", setting);
	hash = cost <= CRYPT_SEEN_MOST ? real(phrase, setting, data) : NULL;
	hashed_well = hash && hash[0] == '$';
	return hash;
}

#endif
