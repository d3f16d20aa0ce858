/* tests/unit/auth.c - random bytes, digests against published vectors, compare. */
#include "config.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/auth.h"
#include "tap.h"

static void test_digests(void)
{
	char out[SHA256_HEX];
	unsigned char key[20];

	sha256_hex("abc", 3, out);  /* FIPS 180-4 example */
	is_str(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	       "SHA-256 of abc");
	sha256_hex("", 0, out);
	is_str(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	       "SHA-256 of nothing");
	memset(key, 0x0b, sizeof(key));  /* RFC 4231 case 1 */
	hmac_sha256_hex(key, sizeof(key), "Hi There", 8, out);
	is_str(out, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
	       "HMAC-SHA256, RFC 4231 case 1");
	hmac_sha256_hex("Jefe", 4, "what do ya want for nothing?", 28, out);
	is_str(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
	       "HMAC-SHA256, RFC 4231 case 2");
}

static void test_random(void)
{
	char a[UUID_TEXT], b[UUID_TEXT], parsed[UUID_TEXT];
	unsigned char big[1000] = { 0 };
	size_t zeros = 0;

	random_uuid(a);
	random_uuid(b);
	ok(uuid_parse(a, parsed), "a UUID: %s", a);
	is_str(parsed, a, "in lower case");
	ok(a[14] == '4' && strchr("89ab", a[19]), "version 4, RFC variant");
	ok(strcmp(a, b) != 0, "two differ");
	random_bytes(big, sizeof(big));
	for (size_t i = sizeof(big) - 100; i < sizeof(big); i++)
		zeros += big[i] == 0;
	ok(zeros < 50, "more bytes than one getentropy() gives are all filled");
}

static void test_fork(void)
{
	char mine[UUID_TEXT], theirs[UUID_TEXT] = "";
	int fds[2];
	pid_t pid;

	if (!ok(pipe(fds) == 0, "a pipe"))
		return;
	pid = fork();
	if (pid == 0) {
		random_uuid(theirs);
		_exit(write(fds[1], theirs, sizeof(theirs)) == (ssize_t)sizeof(theirs) ? 0 : 1);
	}
	random_uuid(mine);
	ok(read(fds[0], theirs, sizeof(theirs)) == (ssize_t)sizeof(theirs), "child made one");
	waitpid(pid, NULL, 0);
	ok(strcmp(mine, theirs) != 0, "parent and child draw different ones");
}

static void test_compare(void)
{
	ok(equal_ct("abc", "abc"), "same");
	ok(equal_ct("", ""), "both empty");
	ok(!equal_ct("abc", "abd"), "last differs");
	ok(!equal_ct("abc", "ab"), "shorter");
	ok(!equal_ct("ab", "abc"), "longer");
	ok(!equal_ct("", "a"), "empty and not");
	ok(!equal_ct(NULL, "a") && !equal_ct("a", NULL) && !equal_ct(NULL, NULL),
	   "NULL equals nothing");
}

int main(void)
{
	struct err err;

	ok(auth_init(&err), "libgcrypt starts");
	ok(auth_init(&err), "and again");
	test_digests();
	test_random();
	test_fork();
	test_compare();
	return tap_done();
}
