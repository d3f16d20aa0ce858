/*
 * API keys: who may make which, on the backend given. Time is op.now.
 */
#include "config.h"

#include "auth/token.h"
#include "op/key.h"
#include "behind.h"
#include "credential_op.h"

static struct fixture f;
static struct err err;
static struct user user;
static struct api_key key;
static const char *full;

/* --- short forms ------------------------------------------------------------ */

static const struct api_key plain = {
	.name = "key", .rate_limit_requests = INT_NONE, .expires_in_days = INT_NONE,
};

static enum err_kind create_in(struct api_key in)
{
	err = (struct err){ 0 };
	return op_key_create(&f.op, of(user.id), &in, &key, &full, &err) ? ERR_NONE : err.kind;
}

static enum err_kind create(const char *tier)
{
	struct api_key in = plain;

	in.tier = tier;
	return create_in(in);
}

static enum err_kind verify(const char *text)
{
	struct credential out;

	err = (struct err){ 0 };
	return key_good(&f.op, text, &out, &err) ? ERR_NONE : err.kind;
}

static void begin(const char *tier)
{
	f.op.now = T0;
	f.op.actor = (struct actor){ .role = ROLE_SUPER_ADMIN, .source = "test" };
	user = make_user(&f, tier);
}

/* --- make ------------------------------------------------------------------- */

/* Sc 21. */
static void test_create(void)
{
	begin(NULL);
	is_int(create(NULL), ERR_NONE, "a plain key");
	ok(str_starts(full, "pk_live_") && strlen(full) == 40, "pk_live_ and 32 characters");
	ok(strlen(key.key_prefix) == 16 && str_starts(full, key.key_prefix),
	   "public id: the first 16");
	ok(str_starts(key.key_hash, "sha256:") && !strstr(key.key_hash, full), "stored as a hash");
	is_str(key.tier, "starter", "the tier of the user");
	ok(key.scopes.items && key.scopes.n == 0, "no scopes");
	is_int(key.expires_at, TIME_NONE, "no end");
	is_int(key.rate_limit_requests, INT_NONE, "the tier's limit");
	ok(key.is_active, "active");
	is_int(look(&f, LOOK_AUDIT, "ApiKeyCreated", key.id), 1, "audit event");
	is_int(create("trial"), ERR_NONE, "a trial key");
	ok(str_starts(full, "pk_trial_") && strlen(full) == 41, "pk_trial_ and 32 characters");
	is_int(key.expires_at, T0 + 14 * DAY_MS, "for 14 days");
	is_int(verify(full), ERR_NONE, "which verifies");
}

/* Sc 21. */
static void test_tiers(void)
{
	static const char *const names[] = { "trial", "starter", "professional", "enterprise" };

	for (int own = 1; own < 4; own++) {
		begin(names[own]);
		for (int i = 0; i < 4; i++) {
			enum err_kind want = i <= own ? ERR_NONE : ERR_FORBIDDEN;

			is_int(create(names[i]), want, names[i]);
			is_str(err.field, want ? "tier" : "", "field");
		}
		is_int(create("platinum"), ERR_INVALID, "no such tier");
	}
}

/* Sc 21. */
static void test_bounds(void)
{
	struct api_key in = plain;
	char name[102];

	begin(NULL);
	memset(name, 'n', sizeof(name));
	name[101] = '\0';
	in.name = name;
	is_int(create_in(in), ERR_RANGE, "a name of 101");
	is_str(err.field, "name", "field");
	name[100] = '\0';
	is_int(create_in(in), ERR_NONE, "a name of 100");
	in.name = NULL;
	is_int(create_in(in), ERR_REQUIRED, "no name");
	in = plain;
	in.description = arena_printf(f.arena, "%0500d", 0);
	is_int(create_in(in), ERR_NONE, "a description of 500");
	in.description = arena_printf(f.arena, "%0501d", 0);
	is_int(create_in(in), ERR_RANGE, "one of 501");
	in = plain;
	in.rate_limit_requests = 10000;
	is_int(create_in(in), ERR_NONE, "a limit of the tier's");
	is_int(key.rate_limit_requests, 10000, "is kept");
	in.rate_limit_requests = 10001;
	is_int(create_in(in), ERR_RANGE, "one above");
	is_str(err.field, "rate_limit_requests", "field");
	in.rate_limit_requests = 0;
	is_int(create_in(in), ERR_RANGE, "0");
	in.tier = "trial";
	in.rate_limit_requests = 1001;
	is_int(create_in(in), ERR_RANGE, "above that of the tier asked for");
	in = plain;
	in.expires_in_days = 3650;
	is_int(create_in(in), ERR_NONE, "10 years");
	is_int(key.expires_at, T0 + 3650 * DAY_MS, "to the millisecond");
	in.expires_in_days = 3651;
	is_int(create_in(in), ERR_RANGE, "a day more");
	in.expires_in_days = 0;
	is_int(create_in(in), ERR_RANGE, "0 days");
	is_str(err.field, "expires_in_days", "field");
}

static void test_scopes(void)
{
	const struct {
		struct strings scopes;
		enum err_kind kind;
	} rows[] = {
		{ STRINGS(), ERR_NONE }, { STRINGS("read", "a:b/c.*_-9"), ERR_NONE },
		{ STRINGS(""), ERR_INVALID }, { STRINGS("a b"), ERR_INVALID },
		{ STRINGS("\xc3\xa9"), ERR_INVALID }, { STRINGS("a", "\""), ERR_INVALID },
		{ STRINGS("a,b"), ERR_INVALID },
	};
	struct api_key in = plain;
	const char *many[33];

	begin(NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *words = strings_join(f.arena, rows[i].scopes, " ");

		in.scopes = rows[i].scopes;
		is_int(create_in(in), rows[i].kind, words);
		if (rows[i].kind == ERR_NONE && op_key_get(&f.op, of(user.id), key.id, &key, &err))
			is_str(strings_join(f.arena, key.scopes, " "), words, "as stored");
	}
	in.scopes = STRINGS(arena_printf(f.arena, "%064d", 0));
	is_int(create_in(in), ERR_NONE, "64 characters");
	in.scopes = STRINGS(arena_printf(f.arena, "%065d", 0));
	is_int(create_in(in), ERR_INVALID, "65");
	for (int i = 0; i < 33; i++)
		many[i] = "s";
	in.scopes = (struct strings){ many, 32 };
	is_int(create_in(in), ERR_NONE, "32 scopes");
	in.scopes.n = 33;
	is_int(create_in(in), ERR_RANGE, "33");
}

static void test_inactive_owner(void)
{
	begin(NULL);
	if (!op_user_register(&f.op, &(struct user){
		.email = "pending-key@example.org", .password = PASSWORD }, &user, &err))
		bail_out("register", &err);
	is_int(create(NULL), ERR_FORBIDDEN, "no key for a pending user");
	is_str(err.reason, "pending", "reason");
	is_int(look(&f, LOOK_KEYS, user.id, NULL), 0, "none was made");
	user.id = "00000000-0000-4000-8000-000000000000";
	is_int(create(NULL), ERR_NOT_FOUND, "nor for nobody");
}

static void test_taken_id(void)
{
	struct api_key first;
	int draws;

	begin(NULL);
	create(NULL);
	first = key;
	draws = worst_calls(WORST_KEY_GENERATE);
	worst(WORST_KEY_GENERATE, (struct moment){ .times = 4, .answer = ANSWER_AGAIN });
	is_int(create(NULL), ERR_NONE, "4 times the same public id, then a free one");
	is_int(worst_calls(WORST_KEY_GENERATE) - draws, 5, "5 draws");
	ok(strcmp(first.key_prefix, key.key_prefix) != 0, "another public id");
	worst(WORST_KEY_GENERATE, (struct moment){ .times = 5, .answer = ANSWER_AGAIN });
	is_int(create(NULL), ERR_UNAVAILABLE, "5 times: given up");
	is_int(look(&f, LOOK_KEYS, user.id, NULL), 2, "two keys");
	is_int(look(&f, LOOK_AUDIT, "ApiKeyCreated", key.id), 0, "no audit event without a key");
}

/* --- the owner changes after he was read ------------------------------------ */

static void suspend(void *id)
{
	struct user u;

	if (!op_user_suspend(&f.op, EVERY, id, NULL, &u, &err))
		bail_out("suspend", &err);
}

static void lower(void *id)
{
	by_hand(&f, LOOK_SET_TIER, id, "starter");
}

static void make_another(void *id)
{
	struct api_key k;
	const char *text;

	if (!op_key_create(&f.op, of(id), &plain, &k, &text, &err))
		bail_out("another key", &err);
}

static void test_owner_meanwhile(void)
{
	static const struct {
		const char *name, *tier, *reason, *field;
		void (*change)(void *id);
		int64_t keys_max;
		enum err_kind kind;
	} rows[] = {
		{ "suspended", NULL, "suspended", "", suspend, 100, ERR_FORBIDDEN },
		{ "a lower tier", "professional", "", "tier", lower, 100, ERR_FORBIDDEN },
		{ "the last key it may have", NULL, "", "", make_another, 1, ERR_CONFLICT },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(rows[i].tier);
		f.conf.keys_per_user = rows[i].keys_max;
		worst(WORST_DB_TRANSACTION, (struct moment){ .before = rows[i].change,
							     .arg = (void *)(uintptr_t)user.id });
		is_int(create(rows[i].tier), rows[i].kind, rows[i].name);
		is_str(err.reason, rows[i].reason, "reason");
		is_str(err.field, rows[i].field, "field");
		is_int(look(&f, LOOK_KEYS, user.id, NULL), rows[i].change == make_another,
		       "no key comes of it");
	}
	f.conf.keys_per_user = 100;
}

static int create_behind(struct fixture *child, int index, void *arg)
{
	struct api_key k;
	const char *text;

	(void)index;
	return op_key_create(&child->op, of(arg), &plain, &k, &text, &err) ? 0 : (int)err.kind;
}

static void test_owner_behind(void)
{
	begin(NULL);
	is_int(behind(&f, suspend, create_behind, (void *)(uintptr_t)user.id), ERR_FORBIDDEN,
	       "a key waits for its owner's suspension, and is refused");
	is_int(look(&f, LOOK_KEYS, user.id, NULL), 0, "no key comes of it");
	begin(NULL);
	f.conf.keys_per_user = 1;
	is_int(behind(&f, make_another, create_behind, (void *)(uintptr_t)user.id), ERR_CONFLICT,
	       "one waits for the last that he may have, and is refused");
	is_int(look(&f, LOOK_KEYS, user.id, NULL), 1, "there is one");
	f.conf.keys_per_user = 100;
}

static int create_once(struct fixture *child, int index, void *arg)
{
	struct api_key k;
	const char *text;
	struct err e;

	(void)index;
	if (op_key_create(&child->op, of(arg), &plain, &k, &text, &e))
		return 1;
	return e.kind == ERR_CONFLICT ? 2 : 3;
}

static void test_most_keys(void)
{
	int counts[OUTCOMES];

	begin(NULL);
	f.conf.keys_per_user = 4;
	at_once(&f, 10, create_once, (void *)(uintptr_t)user.id, counts);
	is_int(counts[1], 4, "10 at once with space for 4: 4 are made");
	is_int(counts[2], 6, "6 conflicts");
	is_int(look(&f, LOOK_KEYS, user.id, NULL), 4, "4 keys");
	is_int(create(NULL), ERR_CONFLICT, "no fifth");
	f.conf.keys_per_user = 5;
	is_int(create("trial"), ERR_NONE, "5 allowed");
	is_int(create(NULL), ERR_CONFLICT, "no sixth");
	f.op.now += 14 * DAY_MS;
	is_int(create(NULL), ERR_NONE, "an expired one leaves its place");
	ok(op_key_revoke(&f.op, of(user.id), key.id, &key, &err), "revoke");
	is_int(look(&f, LOOK_AUDIT, "ApiKeyRevoked", key.id), 1, "audit event");
	is_int(create(NULL), ERR_NONE, "so does a revoked one");
	f.conf.keys_per_user = 100;
}

int main(void)
{
	fixture_open(&f);
	test_create();
	test_tiers();
	test_bounds();
	test_scopes();
	test_inactive_owner();
	test_taken_id();
	test_owner_meanwhile();
	test_owner_behind();
	test_most_keys();
	fixture_close(&f);
	return tap_done();
}
