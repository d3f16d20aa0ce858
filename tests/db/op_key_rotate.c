/*
 * API keys that another one replaces, on the backend given: who may, what the new one
 * has, how long the old one works, and the quota of both. Time is op.now.
 */
#include "config.h"

#include "credential_op.h"
#include "op/key.h"
#include "op/provision.h"
#include "segment_op.h"
#include "op/limit.h"

static struct fixture f;
static struct err err;
static struct user user;
static struct api_key key;      /* the old one */
static const char *old_text;
static struct key_rotated made;

static const struct api_key plain = {
	.name = "key", .rate_limit_requests = INT_NONE, .expires_in_days = INT_NONE,
};

static enum err_kind create(struct api_key in)
{
	err = (struct err){ 0 };
	return op_key_create(&f.op, of(user.id), &in, &key, &old_text, &err) ? ERR_NONE : err.kind;
}

static enum err_kind rotate_in(struct scope scope, const char *id, int64_t overlap)
{
	err = (struct err){ 0 };
	return op_key_rotate(&f.op, scope, id, &(struct key_rotate_in){ overlap }, &made, &err)
		? ERR_NONE : err.kind;
}

static enum err_kind rotate(int64_t overlap)
{
	return rotate_in(of(user.id), key.id, overlap);
}

static enum err_kind verify(const char *text, struct credential *out)
{
	err = (struct err){ 0 };
	return key_good(&f.op, text, out, &err) ? ERR_NONE : err.kind;
}

static const char *verdict(const char *text)
{
	struct credential c;

	return verify(text, &c) == ERR_NONE ? "good" : arena_strdup(f.arena, err.reason);
}

static void begin(const char *tier)
{
	f.op.now = T0;
	f.op.actor = (struct actor){ .source = "test" };
	user = make_user(&f, tier);
	f.op.actor.user_id = user.id;
}

/* --- what the new one has --------------------------------------------------------- */

static void test_inherited(void)
{
	struct api_key in = plain;

	begin("professional");
	in.description = "for tests";
	in.scopes = STRINGS("read", "write");
	in.rate_limit_requests = 77;
	in.expires_in_days = 10;
	in.tier = "trial";
	is_int(create(in), ERR_NONE, "a key with all that it can have");
	f.op.now += 1000;
	is_int(rotate(3600), ERR_NONE, "is replaced");
	ok(str_starts(made.full, "pk_trial_") && strlen(made.full) == strlen(old_text) &&
	   strcmp(made.full, old_text) != 0, "another text of the same kind");
	ok(str_eq(made.key.name, key.name) && str_eq(made.key.description, "for tests") &&
	   str_eq(made.key.tier, "trial") && str_eq(strings_join(f.arena, made.key.scopes, " "), "read write") &&
	   made.key.rate_limit_requests == 77 && !made.key.rate_limit_period &&
	   made.key.expires_at == key.expires_at && str_eq(made.key.granted_by, "owner") &&
	   str_eq(made.key.tenant_id, key.tenant_id) && str_eq(made.key.user_id, user.id), "the same rights and end");
	ok(strcmp(made.key.id, key.id) != 0 && strcmp(made.key.key_prefix, key.key_prefix) != 0 &&
	   strcmp(made.key.key_hash, key.key_hash) != 0, "a name and secret of its own");
	is_str(made.key.rotated_from, key.id, "it says which it replaces");
	is_int(made.key.created_at, f.op.now, "made now");
	is_int(made.old.expires_at, f.op.now + 3600 * SECOND_MS, "the old one ends after the overlap");
	is_int(look(&f, LOOK_AUDIT, "ApiKeyRotated", made.key.id), 1, "one audit event");
	is_str(verdict(made.full), "good", "the new one works");
	is_str(verdict(old_text), "good", "and the old one");
	f.op.now += 3600 * SECOND_MS - 1;
	is_str(verdict(old_text), "good", "its last millisecond");
	f.op.now += 1;
	is_str(verdict(old_text), "expired", "then it has expired");
	is_str(verdict(made.full), "good", "the new one works on");
}

static void test_ends(void)
{
	struct api_key in = plain;

	begin(NULL);
	create(plain);
	is_int(rotate(INT_NONE), ERR_NONE, "no overlap is said");
	is_int(made.old.expires_at, T0 + DAY_MS, "a day");
	create(plain);
	is_int(rotate(0), ERR_NONE, "none");
	is_int(look(&f, LOOK_PROVISIONED, made.key.id, NULL), 0, "not provisioned, as the old one was not");
	is_str(verdict(old_text), "expired", "the old one ends at once");
	create(plain);
	is_int(rotate(2592000), ERR_NONE, "30 days");
	in.expires_in_days = 1;
	create(in);
	is_int(rotate(2592000), ERR_NONE, "longer than it has");
	is_int(made.old.expires_at, T0 + DAY_MS, "never beyond its own end");
	is_int(made.key.expires_at, T0 + DAY_MS, "nor the new one");
	create(plain);
	is_int(rotate(2592001), ERR_RANGE, "longer than 30 days");
	is_str(err.field, "overlap_seconds", "field");
	is_int(rotate(-1), ERR_RANGE, "less than none");
	is_int(look(&f, LOOK_KEYS, user.id, NULL), 9, "nothing was made of what was refused");
}

/* --- who may, and when -------------------------------------------------------------- */

static void test_refused(void)
{
	struct api_key in = plain, got;
	const char *id;
	struct user u;

	begin(NULL);
	create(plain);
	is_int(rotate_in(of("00000000-0000-4000-8000-000000000000"), key.id, 0), ERR_NOT_FOUND, "a stranger");
	is_int(rotate_in((struct scope){ 0 }, key.id, 0), ERR_NOT_FOUND, "nobody");
	is_int(rotate_in(of(user.id), "nonsense", 0), ERR_NOT_FOUND, "nonsense");
	is_int(rotate(60), ERR_NONE, "its owner");
	id = made.key.id;
	is_int(rotate(60), ERR_CONFLICT, "a second time");
	is_int(rotate_in(of(user.id), id, 60), ERR_CONFLICT, "the one that replaced it, while both work");
	op_key_revoke(&f.op, of(user.id), key.id, &got, &err);
	is_int(rotate_in(of(user.id), id, 60), ERR_NONE, "and after the old one has ended");
	create(plain);
	op_key_revoke(&f.op, of(user.id), key.id, &got, &err);
	is_int(rotate(60), ERR_CONFLICT, "a revoked one");
	in.expires_in_days = 1;
	create(in);
	f.op.now += DAY_MS;
	is_int(rotate(60), ERR_CONFLICT, "an expired one");
	create(plain);
	f.op.actor = (struct actor){ .source = "test", .role = ROLE_SUPER_ADMIN };
	is_int(rotate_in(EVERY, key.id, 60), ERR_NONE, "the shell");
	is_str(made.key.user_id, user.id, "in the owner's name");
	is_str(made.key.granted_by, "owner", "his grant, as it was");
	f.op.actor = (struct actor){ .source = "test", .user_id = user.id };
	create(plain);
	f.op.actor.role = ROLE_SUPER_ADMIN;
	if (!op_user_suspend(&f.op, EVERY, user.id, NULL, &u, &err))
		bail_out("suspend", &err);
	is_int(rotate(60), ERR_FORBIDDEN, "a suspended owner");
}

static int rotate_once(struct fixture *child, int index, void *arg)
{
	struct key_rotated r;
	struct err e;

	(void)arg;
	(void)index;
	if (op_key_rotate(&child->op, of(user.id), key.id, &(struct key_rotate_in){ 60 }, &r, &e))
		return 1;
	return e.kind == ERR_CONFLICT ? 2 : 3;
}

static void test_at_once(void)
{
	int counts[OUTCOMES];

	begin(NULL);
	create(plain);
	store_quota_close(&f.process.quota, f.db);   /* no process has two of one handle */
	at_once(&f, 4, rotate_once, NULL, counts);
	f.process.quota = store_quota_open(f.db);
	is_int(counts[1], 1, "4 rotate one key at once: one does");
	is_int(counts[2], 3, "the others are told why not");
	is_int(look(&f, LOOK_KEYS, user.id, NULL), 2, "two keys");
}

/* What is replaced stays so, and counts with what replaces it as one. */
static void test_number(void)
{
	const struct field_given end = named(f.arena, &api_key_patch_schema, "expires_at");
	struct api_key got;

	begin(NULL);
	f.conf.keys_per_user = 1;
	create(plain);
	is_int(rotate(3600), ERR_NONE, "the only key that he may have");
	is_int(create(plain), ERR_CONFLICT, "another one is too many");
	ok(!op_key_update(&f.op, of(user.id), made.old.id, &(struct api_key){ .expires_at = TIME_NONE },
			 &end, &got, &err) && err.kind == ERR_FORBIDDEN, "the old one gets no later end");
	ok(op_key_update(&f.op, of(user.id), made.old.id, &(struct api_key){ .expires_at = T0 + 1000 },
			&end, &got, &err), "an earlier one it does");
	f.op.now += 1000;
	is_int(create(plain), ERR_CONFLICT, "the new one counts");
	op_key_revoke(&f.op, of(user.id), made.key.id, &got, &err);
	is_int(create(plain), ERR_NONE, "until it is revoked");
	f.conf.keys_per_user = 100;
}

/* At most two keys of a quota work at a time, whichever of them is replaced. */
static void test_two_of_a_quota(void)
{
	struct api_key got;
	const char *oldest, *newest;

	begin(NULL);
	create(plain);
	oldest = key.id;
	is_int(rotate(KEY_OVERLAP_MAX), ERR_NONE, "a key is replaced");
	newest = made.key.id;
	for (int i = 0; i < 3; i++)
		is_int(rotate_in(of(user.id), newest, KEY_OVERLAP_MAX), ERR_CONFLICT, "a third one is refused");
	is_int(look(&f, LOOK_KEYS, user.id, NULL), 2, "two keys");
	op_key_revoke(&f.op, of(user.id), newest, &got, &err);
	is_int(rotate_in(of(user.id), newest, 60), ERR_CONFLICT, "what was revoked stays so");
	is_int(rotate_in(of(user.id), oldest, 60), ERR_NONE, "the old one is replaced again");
	newest = made.key.id;
	is_int(rotate_in(of(user.id), newest, 60), ERR_CONFLICT, "again both work");
	f.op.now += 60 * SECOND_MS;
	is_int(rotate_in(of(user.id), newest, 60), ERR_NONE, "until the old one has ended");
}

static void test_grant(void)
{
	const struct field_given scopes = named(f.arena, &api_key_patch_schema, "scopes");
	struct api_key got, in = {
		.tier = "enterprise", .rate_limit_requests = 5, .rate_limit_period = "hour",
		.expires_in_days = INT_NONE,
	};

	begin(NULL);
	in.user_email = user.email;
	f.op.actor.role = ROLE_SUPER_ADMIN;
	if (!op_key_provision(&f.op, EVERY, &in, &key, &old_text, &err))
		bail_out("provision", &err);
	is_int(rotate(60), ERR_NONE, "what an administrator granted");
	is_str(made.key.granted_by, "admin", "is still his grant");
	is_int(look(&f, LOOK_PROVISIONED, made.key.id, NULL), 1, "and listed as provisioned");
	is_str(made.key.rate_limit_period, "hour", "with its window");
	is_str(made.key.tier, "enterprise", "and a tier above the owner's");
	ok(!op_key_update(&f.op, of(user.id), made.key.id, &(struct api_key){ .scopes = STRINGS("x") },
			 &scopes, &got, &err) && err.kind == ERR_FORBIDDEN, "the owner adds nothing");
}

/* --- one quota ------------------------------------------------------------------------ */

static bool take(const char *text, int64_t *limit_r)
{
	struct limit_outcome out;
	struct credential c;

	if (verify(text, &c) != ERR_NONE)
		bail_out("verify", &err);
	if (!op_limit_consume(&f.op, &c, 1, &out, &err)) {
		is_int(err.kind, ERR_RATE, "refused by the limit");
		return false;
	}
	*limit_r = out.states[0].limit;
	return true;
}

/* Old and new key in turn, of a key that replaced another one. */
static void test_quota(void)
{
	struct api_key in = { .tier = "starter", .rate_limit_requests = 9, .rate_limit_period = "day",
			      .expires_in_days = INT_NONE };
	struct api_key got;
	const char *texts[2];
	int64_t limit = 0;
	int n = 0, last;

	begin(NULL);
	in.user_email = user.email;
	f.op.actor.role = ROLE_SUPER_ADMIN;
	if (!op_key_provision(&f.op, EVERY, &in, &key, &old_text, &err))
		bail_out("provision", &err);
	ok(take(old_text, &limit), "the oldest takes one");
	is_int(rotate(0), ERR_NONE, "is replaced");
	texts[0] = made.full;
	is_int(rotate_in(of(user.id), made.key.id, 86400), ERR_NONE, "and so is that which replaced it");
	texts[1] = made.full;
	for (last = 1; n < 50 && take(texts[n % 2], &limit); n++)
		last++;
	is_int(last, 9, "all three together: exactly the limit");
	for (int i = 0; i < 2; i++)
		ok(!take(texts[i], &limit), "none of them more");
	in = (struct api_key){ .id = key.id, .rate_limit_requests = 12, .rate_limit_period = "day" };
	ok(op_key_limit_set(&f.op, EVERY, &in, &got, &err), "the limit of the oldest is raised to 12");
	for (n = 0; n < 50 && take(texts[n % 2], &limit); n++)
		is_int(limit, 12, "each key has the new one");
	is_int(n, 3, "3 more of all together");
}

int main(void)
{
	segment_op_open(&f);
	f.process.cache = true;
	test_inherited();
	test_ends();
	test_refused();
	test_at_once();
	test_number();
	test_two_of_a_quota();
	test_grant();
	test_quota();
	segment_op_close(&f);
	return tap_done();
}
