/*
 * API keys of another program, imported by their hashes, on the backend given: what a
 * line becomes, all of a batch or none, and how such a key is verified.
 */
#include "config.h"

#include "auth/auth.h"
#include "auth/token.h"
#include "credential_op.h"
#include "op/key.h"
#include "segment_op.h"

#define OURS "pk_live_AAAAAAAAbbbbbbbbccccccccdddddddd"     /* has the form of ours */
#define OURS_2 "pk_live_AAAAAAAAbbbbbbbbccccccccdddddddX"   /* and begins as that does */
#define THEIRS "sk-old.program/0123456789"

static struct fixture f;
static struct err err;
static struct user user;
static struct api_key key;

static const struct api_key plain = {
	.name = "imported", .rate_limit_requests = INT_NONE, .expires_in_days = INT_NONE,
	.expires_at = TIME_NONE,
};

static const char *hash_of(const char *text)
{
	char hex[SHA256_HEX];

	token_hash(text, hex);
	return arena_printf(f.arena, KEY_IMPORTED "%s", hex);
}

static enum err_kind line(struct api_key in, const char *text, struct api_key *out)
{
	in.user_email = in.user_email ? in.user_email : user.email;
	in.key_hash = in.key_hash ? in.key_hash : hash_of(text);
	err = (struct err){ 0 };
	return op_key_import_line(&f.op, EVERY, &in, out, &err) ? ERR_NONE : err.kind;
}

static struct key_present present[3];

/* How many were not there. */
static int64_t import(const struct api_key *keys, size_t n, bool trial)
{
	struct key_batch batch = { keys, n, trial, present };
	int64_t imported = 0;

	err = (struct err){ 0 };
	if (!op_key_import(&f.op, EVERY, &batch, &err))
		return -1;
	for (size_t i = 0; i < n; i++)
		imported += !present[i].there;
	return imported;
}

static const char *verdict(const char *text)
{
	const struct credential_text presented = { .text = text, .kind = &credential_key };
	struct credential c;

	err = (struct err){ 0 };
	return op_credential_check(&f.op, &presented, CREDENTIAL_VERIFY, &c, &err)
		? arena_strdup(f.arena, c.key_id) : arena_strdup(f.arena, err.reason);
}

static void begin(void)
{
	f.op.now = T0;
	f.op.actor = (struct actor){ .source = "test", .role = ROLE_SUPER_ADMIN };
	user = make_user(&f, "professional");
}

static void test_line(void)
{
	struct api_key in = plain;

	begin();
	is_int(line(plain, THEIRS, &key), ERR_NONE, "a plain line");
	is_str(key.tier, "professional", "the tier of the user");
	is_str(key.tenant_id, user.id, "in the personal tenant");
	is_str(key.key_hash, hash_of(THEIRS), "the stored form");
	ok(key.key_prefix[0] == '#' && str_eq(key.key_prefix + 1, strchr(key.key_hash, ':') + 1), "the public id");
	ok(key.is_active && str_eq(key.granted_by, "admin") && key.scopes.n == 0, "the rest");
	in.tier = "enterprise";
	in.rate_limit_requests = 5;
	in.rate_limit_period = "hour";
	in.expires_at = T0 - 1;
	is_int(line(in, THEIRS, &key), ERR_NONE, "any tier, limit and end");
	in = plain;
	in.tier = "trial";
	is_int(line(in, THEIRS, &key), ERR_RANGE, "a trial without an end");
	in = plain;
	in.rate_limit_period = "hour";
	is_int(line(in, THEIRS, &key), ERR_REQUIRED, "a window without requests");
	in = plain;
	in.user_email = "ghost@example.org";
	is_int(line(in, THEIRS, &key), ERR_NOT_FOUND, "of no user");
	in = plain;
	in.key_hash = "sha256-plain:ABCDEF";
	is_int(line(in, THEIRS, &key), ERR_INVALID, "no hash");
	is_str(err.field, "hash", "field");
	in.key_hash = strchr(hash_of(THEIRS), ':') + 1;
	is_int(line(in, THEIRS, &key), ERR_INVALID, "a hash without its scheme");
	in.key_hash = "sha256:00112233445566778899aabbccddeeff:"
		"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	is_int(line(in, THEIRS, &key), ERR_INVALID, "the stored form of a key of ours");
	ok(strstr(err.message, "a key that Pierre made"), "%s", err.message);
	ok(!op_key_import_line(&f.op, of(user.id), &in, &key, &err), "not by a user");
}

static void test_batch(void)
{
	struct api_key keys[3];
	int64_t events;

	begin();
	line(plain, OURS, &keys[0]);
	line(plain, THEIRS, &keys[1]);
	line(plain, OURS_2, &keys[2]);
	is_str(verdict(THEIRS), "unknown", "nothing was imported yet");
	events = look(&f, LOOK_AUDITS, NULL, NULL);
	is_int(import(keys, 3, true), 3, "a trial: three would be");
	is_int(look(&f, LOOK_KEYS, user.id, NULL), 0, "none is");
	is_int(look(&f, LOOK_AUDITS, NULL, NULL), events, "nor an audit event");
	ok(!op_key_import(&f.op, of(user.id), &(struct key_batch){ keys, 3, false, present }, &err), "not by a user");
	keys[2].tier = "gold";   /* which the database refuses */
	is_int(import(keys, 3, false), -1, "one that cannot be written");
	is_int(look(&f, LOOK_KEYS, user.id, NULL), 0, "none of the batch is");
	keys[2].tier = "starter";
	is_int(import(keys, 2, false), 2, "two");
	is_int(import(keys, 3, false), 1, "again with a third: only that");
	is_int(look(&f, LOOK_KEYS, user.id, NULL), 3, "three keys");
	is_str(verdict(THEIRS), "unknown", "this process has not looked again");
	clock_skew += 3000;
	for (int i = 0; i < 2; i++) {   /* read from the database, then from the cache */
		is_str(verdict(THEIRS), keys[1].id, "a key of another form");
		is_str(verdict(OURS), keys[0].id, "one of ours");
		is_str(verdict(OURS_2), keys[2].id, "one that begins as it does");
		is_str(verdict(THEIRS "x"), "unknown", "another text");
		is_str(verdict("pk_live_AAAAAAAAbbbbbbbbccccccccdddddddY"), "unknown", "another end");
	}
	ok(op_key_revoke(&f.op, EVERY, keys[1].id, &key, &err), "one is revoked");
	is_str(verdict(THEIRS), "revoked", "and so is its text");
}

static void is_present(bool trial, bool anothers, bool ended, const char *what)
{
	is_int(import(&key, 1, trial), 0, what);
	ok(present[0].there && present[0].anothers == anothers && present[0].ended == ended, "as it is there");
}

/* Whose a key is that is there already, and whether it has ended. */
static void test_present(void)
{
	const char *text = "sk-of-one-user", *hash;
	struct api_key got;
	struct user first;

	begin();
	first = user;
	line(plain, text, &key);
	is_int(import(&key, 1, false), 1, "a key");
	hash = key.key_hash;
	is_present(false, false, false, "of its user");
	begin();
	line(plain, text, &key);
	is_str(key.key_hash, hash, "the same, of another user");
	is_present(true, true, false, "a trial");
	is_present(false, true, false, "an import");
	is_int(look(&f, LOOK_KEYS, user.id, NULL), 0, "who has none");
	user = first;
	clock_skew += 3000;
	if (!op_key_revoke(&f.op, EVERY, verdict(text), &got, &err))
		bail_out("revoke", &err);
	line(plain, text, &key);
	is_present(false, false, true, "of its user, revoked");
}

/* Keys of ours work beside them. */
static void test_ours(void)
{
	struct key_rotated made;
	const char *full;

	f.op.actor = (struct actor){ .source = "test", .role = ROLE_SUPER_ADMIN };
	if (!op_key_create(&f.op, of(user.id), &plain, &key, &full, &err))
		bail_out("create", &err);
	is_str(verdict(full), key.id, "a key of ours");
	line(plain, THEIRS "2", &key);
	is_int(import(&key, 1, false), 1, "one more");
	ok(op_key_rotate(&f.op, EVERY, key.id, &(struct key_rotate_in){ 60 }, &made, &err), "is replaced");
	is_str(verdict(made.full), made.key.id, "by one of ours");
	is_str(verdict(THEIRS "2"), key.id, "and works on");
}

/* Whoever imports the hash of a key of ours does not get it, nor bring it back. */
static void test_ours_imported(void)
{
	struct api_key ours;
	struct user owner;
	const char *full;

	begin();
	owner = user;
	if (!op_key_create(&f.op, of(user.id), &plain, &ours, &full, &err))
		bail_out("create", &err);
	begin();
	line(plain, full, &key);
	is_int(import(&key, 1, false), 1, "the hash of a key of ours, for another user");
	is_str(verdict(full), ours.id, "it is its owner's");
	clock_skew += 400000;   /* no cache has it any more */
	is_str(verdict(full), ours.id, "also when it is read anew");
	ok(op_key_revoke(&f.op, of(owner.id), ours.id, &ours, &err), "he revokes it");
	is_str(verdict(full), "revoked", "and it is revoked");
}

int main(void)
{
	segment_op_open(&f);
	clock_stop();
	test_line();
	test_batch();
	test_present();
	test_ours();
	test_ours_imported();
	segment_op_close(&f);
	return tap_done();
}
