/* tests/unit/password.c - what is accepted, bcrypt at its edges (cost 4). */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "auth/auth.h"
#include "auth/password.h"
#include "auth/password_common.h"
#include "base/conf.h"
#include "crypt_seen.h"
#include "tap.h"

#define COST 4
#define EIGHT "abcdefgh"
#define BYTES_64 EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT
#define BYTES_72 BYTES_64 EIGHT

static void accepted(const char *password, enum err_kind want, const char *name)
{
	struct err err = { .kind = ERR_NONE };
	bool good = password_check(password, 12, "password", &err);

	is_int(good ? ERR_NONE : err.kind, want, name);
	if (!good) {
		is_str(err.field, "password", "  naming the field");
		ok(!password || !*password || !strstr(err.message, password),
		   "  without repeating the password");
	}
}

static void test_check(void)
{
	accepted(NULL, ERR_REQUIRED, "no password");
	accepted("", ERR_REQUIRED, "empty password");
	accepted("elevenchars", ERR_RANGE, "11 characters");
	accepted("twelve chars", ERR_NONE, "12 characters");
	accepted("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc", ERR_RANGE,
		 "12 bytes that are 6 characters");
	accepted("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc"
		 "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\x9f", ERR_NONE,
		 "12 characters of two bytes");
	accepted(BYTES_72, ERR_NONE, "72 bytes");
	accepted(BYTES_72 "x", ERR_RANGE, "73 bytes");
	accepted("no utf-8 here \xff\xfe", ERR_INVALID, "not UTF-8");
	accepted("  spaces are kept  ", ERR_NONE, "white space counts");
	accepted("password1234", ERR_INVALID, "a common one");
	accepted("PassWord1234", ERR_INVALID, "a common one in another case");
	accepted(password_common[0], ERR_INVALID, "the first of the table");
	accepted(password_common[password_common_n - 1], ERR_INVALID, "the last of it");
}

static void test_table(void)
{
	size_t wrong = 0, cut = 0;

	ok(password_common_n >= 100, "at least 100 common passwords");
	for (size_t i = 0; i < password_common_n; i++) {
		cut += strlen(password_common[i]) < 12;
		wrong += i > 0 && strcasecmp(password_common[i - 1], password_common[i]) >= 0;
	}
	is_int((int64_t)wrong, 0, "sorted, without doubles");
	is_int((int64_t)cut, 0, "all of 12 or more characters");
}

static void test_hash(void)
{
	char a[PASSWORD_HASH], b[PASSWORD_HASH];
	struct err err;

	ok(password_hash("correct horse battery", COST, a, &err), "hashed");
	ok(password_hash("correct horse battery", COST, b, &err), "hashed again");
	ok(strncmp(a, "$2b$04$", 7) == 0, "scheme and cost are in the hash");
	is_int((int64_t)strlen(a), 60, "60 characters");
	ok(strcmp(a, b) != 0, "salted");
	ok(password_verify("correct horse battery", a, COST), "right password");
	ok(password_verify("correct horse battery", b, COST), "right password, other salt");
	ok(!password_verify("correct horse batterz", a, COST), "wrong password");
	ok(!password_verify("", a, COST), "empty password");
	ok(!password_is_stale(a, COST), "not stale at its cost");
	ok(password_is_stale(a, COST + 1), "stale at another");
	ok(password_is_stale("$1$abc$def", COST), "stale when not bcrypt");
	ok(!password_hash("x", 3, a, &err) && err.kind == ERR_CONFIG, "cost 3 is refused");
	ok(!password_hash("x", 16, a, &err) && err.kind == ERR_CONFIG, "cost 16 is refused");
}

static void test_long(void)
{
	char hash[PASSWORD_HASH];
	struct err err;

	ok(password_hash(BYTES_72, COST, hash, &err), "72 bytes hashed");
	ok(password_verify(BYTES_72, hash, COST), "72 bytes match");
	ok(!password_verify(BYTES_72 "x", hash, COST),
	   "a 73rd byte is not cut off: no match");
	ok(!password_verify(BYTES_64 "abcdefgX", hash, COST), "the 72nd byte counts");
}

/* A known vector of bcrypt, so that hashes move in and out (R18). */
static void test_vector(void)
{
	ok(password_verify("U*U", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
			   5), "crypt_blowfish's own vector matches");
}

#define REST "CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"

/* A decoy is one whole bcrypt of the same cost: the same work as a real one.
 * bcrypt takes costs up to 31, which is a day: more than BCRYPT_COST can be is
 * not asked of it. */
static void test_decoy(void)
{
	static const char *const broken[] = {
		NULL, "", "*", "*0", "$2b$", "$2b$08$short",
		"$2b$08$!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!",
		"$1$salt$hash", "$2b$99$" REST, "$2b$31$" REST, "$2b$16$" REST, "$2b$03$" REST,
		"$2b$00$" REST, "$2b$-5$" REST, "$2b$+5$" REST, "$2b$ 5$" REST,
		"$2a$31$" REST, "$2a$05$" REST, "$2x$05$" REST, "$2y$05$" REST,
	};

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		const char *name = broken[i] ? broken[i] : "NULL";

		hashed = 0;
		ok(!password_verify("wrong password", broken[i], 6), "no match: %s", name);
		ok(hashed == 1 && hashed_well && strcmp(hashed_setting, "$2b$06$") == 0,
		   "but one whole bcrypt of that cost: %s", name);
	}
	hashed = 0;
	ok(!password_verify(BYTES_72 "x", broken[0], 6) && hashed == 1 && hashed_well,
	   "also when the password is too long");
}

static bool is_wiped(const struct crypt_data *work)
{
	static const struct crypt_data nothing;

	return work && memcmp(work, &nothing, sizeof(nothing)) == 0;
}

static void test_workspace(void)
{
	char hash[PASSWORD_HASH];

	ok(password_hash("correct horse battery", COST, hash, NULL) && is_wiped(hashed_in),
	   "what bcrypt worked in is wiped after a hash");
	ok(password_verify("correct horse battery", hash, COST) && is_wiped(hashed_in), "after a match");
	ok(!password_verify("wrong password", hash, COST) && is_wiped(hashed_in), "and after none");
}

/* All that BCRYPT_COST can be is asked of bcrypt. */
static void test_costs(void)
{
	is_int(BCRYPT_COST_MIN, 4, "the least");
	is_int(BCRYPT_COST_MAX, 15, "the most");
	for (int cost = BCRYPT_COST_MIN; cost <= BCRYPT_COST_MAX; cost++) {
		char hash[PASSWORD_HASH];

		snprintf(hash, sizeof(hash), "$2b$%02u$" REST, (unsigned)cost % 100);
		hashed = 0;
		ok(!password_verify("wrong password", hash, 4), "no match at cost %d", cost);
		ok(hashed == 1 && strncmp(hashed_setting, hash, 7) == 0, "asked at that cost");
	}
}

/* An account from before BCRYPT_COST was raised must not answer sooner than
 * one that does not exist. */
static void test_raised_cost(void)
{
	char hash[PASSWORD_HASH];
	struct err err;

	ok(password_hash("correct horse battery", 4, hash, &err), "hashed at cost 4");
	hashed_work = 0;
	ok(!password_verify("wrong password", hash, 7), "wrong, at cost 7 now");
	is_int(hashed_work, 1 << 7, "the work of cost 7 was done");
	hashed_work = 0;
	ok(!password_verify("wrong password", hash, 4), "wrong, at cost 4 still");
	is_int(hashed_work, 1 << 4, "the work of cost 4 was done");
	ok(password_verify("correct horse battery", hash, 7), "the right one still matches");
}

int main(void)
{
	struct err err;

	ok(auth_init(&err), "libgcrypt starts");
	test_check();
	test_table();
	test_hash();
	test_long();
	test_vector();
	test_decoy();
	test_workspace();
	test_costs();
	test_raised_cost();
	return tap_done();
}
