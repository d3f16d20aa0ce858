/*
 * auth/password.c - what is accepted as a password, and bcrypt by libxcrypt.
 *
 * crypt_r's work area holds what could rebuild a password, so it is wiped
 * after each call. It is 32 KiB, too big for a stack, and a process hashes
 * one password at a time: it is static.
 */
#include "config.h"

#include <crypt.h>
#include <stdio.h>
#include <string.h>

#include "auth/auth.h"
#include "auth/password.h"
#include "auth/password_common.h"
#include "base/conf.h"
#include "base/str.h"

#define SCHEME "$2b$"
#define HASH_LENGTH 60

static struct crypt_data work;

bool password_check(const char *password, int64_t min, const char *field,
		    struct err *err_r)
{
	size_t bytes = password ? strlen(password) : 0;

	if (bytes == 0)
		return err_field(err_r, ERR_REQUIRED, field, "A password is needed");
	if (!utf8_valid(password, bytes))
		return err_field(err_r, ERR_INVALID, field,
				 "The password is not valid UTF-8 text");
	if (bytes > PASSWORD_MAX_BYTES)
		return err_field(err_r, ERR_RANGE, field,
				 "The password is longer than %d bytes, of which bcrypt reads no more",
				 PASSWORD_MAX_BYTES);
	if (utf8_length(password) < (size_t)min)
		return err_field(err_r, ERR_RANGE, field,
				 "The password must have at least %lld characters",
				 (long long)min);
	if (password_is_common(password))
		return err_field(err_r, ERR_INVALID, field,
				 "The password is one of the most common ones; choose another");
	return true;
}

/* crypt_rn(), and each way in which it fails: NULL, "*0", another length. */
static bool bcrypt(const char *password, const char *setting, char out[PASSWORD_HASH])
{
	const char *hash = crypt_r(password, setting, &work);
	bool good = hash && hash[0] != '*' && strlen(hash) == HASH_LENGTH;

	if (good)
		memcpy(out, hash, HASH_LENGTH + 1);
	explicit_bzero(&work, sizeof(work));
	return good;
}

bool password_hash(const char *password, int64_t cost, char out[PASSWORD_HASH],
		   struct err *err_r)
{
	char salt[16], setting[CRYPT_GENSALT_OUTPUT_SIZE];

	if (cost < BCRYPT_COST_MIN || cost > BCRYPT_COST_MAX)
		return err_set(err_r, ERR_CONFIG, "A bcrypt cost of %lld is not in %d to %d",
			       (long long)cost, BCRYPT_COST_MIN, BCRYPT_COST_MAX);
	random_bytes(salt, sizeof(salt));
	if (!crypt_gensalt_rn(SCHEME, (unsigned long)cost, salt, sizeof(salt),
			      setting, sizeof(setting)))
		return err_set(err_r, ERR_INTERNAL, "libxcrypt made no bcrypt salt");
	if (!bcrypt(password, setting, out))
		return err_set(err_r, ERR_INTERNAL, "libxcrypt made no bcrypt hash");
	return true;
}

/* Cost of a well-formed `$2b$NN$` hash that BCRYPT_COST could have made, 0 for
 * anything else: bcrypt itself takes costs up to 31, a day of work. */
static int64_t hash_cost(const char *hash)
{
	static const char alphabet[] =
		"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	char digits[3];
	int64_t cost;

	if (!hash || strlen(hash) != HASH_LENGTH || !str_starts(hash, SCHEME) ||
	    hash[6] != '$' || strspn(hash + 7, alphabet) != HASH_LENGTH - 7)
		return 0;
	memcpy(digits, hash + 4, 2);
	digits[2] = '\0';
	return str_int(digits, BCRYPT_COST_MIN, BCRYPT_COST_MAX, &cost) ? cost : 0;
}

/* The work of a verification for an account without a usable hash. */
static bool hash_decoy(const char *password, int64_t cost)
{
	char setting[32], out[PASSWORD_HASH];

	if (cost < BCRYPT_COST_MIN || cost > BCRYPT_COST_MAX)
		cost = BCRYPT_COST_MIN;
	snprintf(setting, sizeof(setting), SCHEME "%02d$", (int)cost);
	memcpy(setting + 7, "DecoyDecoyDecoyDecoyDO", 23);
	bcrypt(password, setting, out);
	explicit_bzero(out, sizeof(out));
	return false;
}

/* After BCRYPT_COST was raised, a wrong password for an old hash would take less time
 * than one for no account. So hash at each cost from the old one to cost - 1 as well:
 * 2^old + 2^old + ... + 2^(cost-1) = 2^cost. */
static void hash_the_rest(const char *password, int64_t old, int64_t cost)
{
	for (; old < cost; old++)
		hash_decoy(password, old);
}

bool password_verify(const char *password, const char *hash, int64_t cost)
{
	char out[PASSWORD_HASH] = "";
	bool same;

	/* no such password was ever accepted, and bcrypt would cut it */
	if (strlen(password) > PASSWORD_MAX_BYTES)
		return hash_decoy("", cost);
	if (hash_cost(hash) == 0)
		return hash_decoy(password, cost);
	same = bcrypt(password, hash, out) && equal_ct(out, hash);
	if (!same)
		hash_the_rest(password, hash_cost(hash), cost);
	explicit_bzero(out, sizeof(out));
	return same;
}

bool password_is_stale(const char *hash, int64_t cost)
{
	return hash_cost(hash) != cost;
}
