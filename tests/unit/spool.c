/*
 * tests/unit/spool.c - answers that wait in files: what was written is read, what was changed,
 * cut or sealed by another key is kept, what is empty goes, and what a process holds is left.
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "op/spool.h"
#include "op/spool_count.h"
#include "tap.h"

#define ID "0190a1b2-0000-7000-8000-000000000001"

static char dir[] = "/tmp/pierre-spool-XXXXXX";
static struct arena *arena;
static struct spool spool;
static struct master_subkeys keys;
static struct refresh_answer last;
static int stored;
static enum err_kind fails;

static struct refresh_answer answer(int64_t gen)
{
	return (struct refresh_answer){
		.id = ID, .user_id = "u", .tenant_id = "t", .provider = "p", .app_id = "a", .gen = gen,
		.connect_gen = 7, .access_token = "canary-access \"\\", .refresh_token = "canary-refresh",
		.expires_at = TIME_NONE, .answered_at = 1800000000000, .scopes = "read write",
	};
}

static bool store(void *arg, const struct refresh_answer *a, struct err *err_r)
{
	(void)arg;
	if (fails != ERR_NONE)
		return err_set(err_r, fails, "not now");
	last = *a;
	stored++;
	return true;
}

static struct spool_found walk(const struct spool *s)
{
	struct spool_found found;
	struct err err;

	stored = 0;
	ok(spool_each(s, arena, store, NULL, &found, &err), "walked");
	is_int(found.stored, stored, "  each that is stored is counted");
	return found;
}

static struct spool_file reserved(int64_t gen)
{
	struct spool_file f;
	struct err err;

	ok(spool_reserve(&spool, ID, gen, &f, &err), "a place for %lld", (long long)gen);
	return f;
}

/* As its process leaves it. */
static void left(int64_t gen)
{
	struct spool_file f = reserved(gen);
	const struct refresh_answer a = answer(gen);
	struct err err;

	ok(spool_write(&spool, &f, &a, arena, &err), "written");
	spool_drop(&spool, &f, true);
}

static int files(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d)))
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static int open_file(int64_t gen)
{
	return open(arena_printf(arena, "%s/" ID ".%lld", dir, (long long)gen), O_RDWR | O_CLOEXEC);
}

static void test_whole(void)
{
	struct spool_file f = reserved(3);
	const struct refresh_answer a = answer(3);
	static char text[SPOOL_BYTES + 1];
	struct stat st;
	struct err err;
	int fd = open_file(3);

	ok(fstat(fd, &st) == 0 && st.st_size == SPOOL_BYTES && st.st_blocks * 512 >= SPOOL_BYTES &&
	   (st.st_mode & 07777) == 0600, "it has its place on the disk, and is private");
	is_int(walk(&spool).held, 1, "that of a living process is left alone");
	ok(spool_write(&spool, &f, &a, arena, &err), "written");
	ok(pread(fd, text, SPOOL_BYTES, 0) == SPOOL_BYTES && str_starts(text, "pierre spool 1 ") &&
	   !strstr(text, "canary"), "sealed");
	close(fd);
	spool_drop(&spool, &f, true);
	fails = ERR_UNAVAILABLE;
	struct spool_found found;
	ok(!spool_each(&spool, arena, store, NULL, &found, &err) && files() == 1, "kept while the database is away");
	fails = ERR_DATABASE;
	is_int(walk(&spool).kept, 1, "and where it refuses, but others are looked at");
	fails = ERR_NOT_FOUND;
	ok(walk(&spool).unknown == 1 && files() == 1, "and where it does not know of it, which is counted");
	fails = ERR_NONE;
	is_int(walk(&spool).stored, 1, "stored");
	is_int(files(), 0, "and gone");
	is_str(last.access_token, a.access_token, "the access token");
	is_str(last.refresh_token, a.refresh_token, "the refresh token");
	is_str(last.scopes, a.scopes, "the scopes");
	ok(last.gen == 3 && last.connect_gen == 7 && last.expires_at == TIME_NONE &&
	   last.answered_at == a.answered_at && str_eq(last.id, ID), "the numbers");
}

/* A text of n times a character. */
static const char *many(const char *character, size_t n)
{
	struct strbuf b = { .arena = arena };

	for (size_t i = 0; i < n; i++)
		strbuf_adds(&b, character);
	return b.s;
}

/* The longest tokens that its owner can bring, and that a provider can give. */
static void test_long(void)
{
	static const char *const characters[] = { "\xf0\x9f\x8f\x83", "\"", "," };
	struct refresh_answer a = answer(8);
	struct spool_file f;
	struct err err;

	for (size_t i = 0; i < 3; i++) {
		a.access_token = a.refresh_token = many(characters[i], PROVIDER_TOKEN_MAX);
		a.scopes = many("s", SPOOL_SCOPES_MAX);
		a.client_id = many("c", 512);
		a.account = many("a", 255);
		f = reserved(8);
		ok(spool_write(&spool, &f, &a, arena, &err), "two tokens of the longest kind, %s", characters[i]);
		spool_drop(&spool, &f, true);
		is_int(walk(&spool).stored, 1, "  are read");
		ok(str_eq(last.access_token, a.access_token) && str_eq(last.refresh_token, a.refresh_token) &&
		   str_eq(last.scopes, a.scopes) && str_eq(last.client_id, a.client_id) &&
		   str_eq(last.account, a.account), "  as they were");
	}
	a.access_token = many("x", SPOOL_BYTES);
	f = reserved(8);
	ok(!spool_write(&spool, &f, &a, arena, &err) && err.kind == ERR_INTERNAL, "more is not written: %s", err.message);
	spool_drop(&spool, &f, true);
	is_int(walk(&spool).kept, 0, "and nothing of it stays");
}

static void test_empty(void)
{
	struct spool_file f = reserved(4);

	spool_drop(&spool, &f, true);
	is_int(walk(&spool).kept, 0, "a file without an answer");
	is_int(files(), 0, "goes");
	f = reserved(4);
	spool_drop(&spool, &f, false);
	is_int(files(), 0, "so does one whose refresh is over");
}

/* Each byte of the answer, and each length. */
static void test_changed(void)
{
	static char text[SPOOL_BYTES];
	size_t n;
	int bad = 0, fd;

	left(5);
	fd = open_file(5);
	n = (size_t)pread(fd, text, sizeof(text), 0);
	n = strnlen(text, n);
	ok(n > 100, "%zu bytes", n);
	for (size_t i = 0; i < n; i += 7) {
		char was = text[i], is = was == 'A' ? 'B' : 'A';
		struct spool_found found;
		struct err err;

		if (pwrite(fd, &is, 1, (off_t)i) != 1 || !spool_each(&spool, arena, store, NULL, &found, &err) ||
		    found.kept != 1 || pwrite(fd, &was, 1, (off_t)i) != 1)
			bad++;
	}
	is_int(bad, 0, "a file that was changed does not open, and is kept");
	if (ftruncate(fd, (off_t)n / 2) != 0)
		exit(99);
	is_int(walk(&spool).kept, 1, "nor one that was cut");
	close(fd);
	unlink(arena_printf(arena, "%s/" ID ".5", dir));
	left(6);
	if (rename(arena_printf(arena, "%s/" ID ".6", dir), arena_printf(arena, "%s/" ID ".9", dir)) != 0)
		exit(99);
	is_int(walk(&spool).kept, 1, "nor one with another name");
	unlink(arena_printf(arena, "%s/" ID ".9", dir));
}

static void test_keys(void)
{
	struct master_subkeys other;
	struct spool another = spool;

	left(7);
	master_subkeys_derive((const unsigned char *)"another master key of 32 bytes..", NULL, SUBKEY_SPOOL, &other);
	another.keys = &other;
	is_int(walk(&another).kept, 1, "another master key opens nothing");
	master_subkeys_derive((const unsigned char *)"another master key of 32 bytes..",
			      (const unsigned char *)"the master key of this test (32)", SUBKEY_SPOOL, &other);
	is_int(walk(&another).stored, 1, "unless this one is its previous");
}

/* The lock of a living process is one thing, a file that cannot be opened another. */
static void test_not_opened(void)
{
	const char *link = arena_printf(arena, "%s/" ID ".11", dir), *found = arena_printf(arena, "%s/lost+found", dir);
	struct spool_found left;

	if (symlink("nowhere", link) != 0 || mkdir(found, 0700) != 0)
		exit(99);
	left = walk(&spool);
	is_int(left.kept, 1, "a file that cannot be opened is kept, a directory is none");
	is_int(left.held, 0, "and nobody holds them");
	unlink(link);
	rmdir(found);
}

/* Under a service that runs. */
static void test_followed(void)
{
	const char *away = arena_printf(arena, "%s.away", dir);
	struct spool nowhere = { .dir = -1, .path = arena_printf(arena, "%s/none/spool", dir), .keys = &keys };
	struct spool_file f;
	struct err err;
	int64_t n, oldest;

	if (rename(dir, away) != 0)
		exit(99);
	ok(!spool_reserve(&spool, ID, 12, &f, &err) && str_eq(err.reason, "no_spool") &&
	   strstr(err.message, "see that SPOOL_DIR"), "renamed, and what to do: %s", err.message);
	ok(!spool_count(dir, &n, &oldest), "nothing is counted");
	ok(spool_follow(&spool, &err), "it is made again");
	f = reserved(12);
	is_int(files(), 1, "and files are there");
	ok(spool_count(dir, &n, &oldest) && n == 1 && oldest > 0, "and counted");
	spool_drop(&spool, &f, false);
	rmdir(dir);
	ok(!spool_reserve(&spool, ID, 12, &f, &err) && str_eq(err.reason, "no_spool"), "removed");
	if (rename(away, dir) != 0)
		exit(99);
	ok(spool_follow(&spool, &err), "another one in its place");
	f = reserved(12);
	spool_drop(&spool, &f, false);
	is_int(files(), 0, "is used");
	ok(!spool_follow(&nowhere, &err) && err.kind == ERR_CONFIG, "one that cannot be made: %s", err.message);
}

int main(void)
{
	struct err err;

	/* what does not open is logged, 80 times */
	if (!freopen("/dev/null", "w", stderr))
		return 99;
	arena = arena_new();
	if (!auth_init(&err) || !mkdtemp(dir))
		return 99;
	rmdir(dir);
	master_subkeys_derive((const unsigned char *)"the master key of this test (32)", NULL, SUBKEY_SPOOL, &keys);
	ok(!spool_open(dir, &keys, &spool, &err) && err.kind == ERR_CONFIG, "no directory");
	struct spool_file none;
	ok(!spool_reserve(&spool, ID, 1, &none, &err) && str_eq(err.reason, "no_spool"), "no file");
	ok(spool_create(dir, &keys, &spool, &err), "made");
	test_whole();
	test_long();
	test_empty();
	test_changed();
	test_keys();
	test_not_opened();
	test_followed();
	spool_close(&spool);
	rmdir(dir);
	arena_free(&arena);
	return tap_done();
}
