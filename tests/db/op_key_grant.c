/*
 * What a key may be granted (op/key_grant.h), by every door that makes or changes
 * one, on the backend given. Time is op.now.
 */
#include "config.h"

#include "op/audit.h"
#include "op/key_grant.h"
#include "op/provision.h"
#include "op_fixture.h"
#include "worst.h"

#define END (T0 + 10 * DAY_MS)
#define MOST (T0 + 3650 * DAY_MS)

static struct fixture f;
static struct err err;
static struct user user, admin;
static struct api_key key;
static const char *full;

/* --- short forms ------------------------------------------------------------ */

static void act_as(const struct user *who)
{
	f.op.actor = (struct actor){ .user_id = who ? who->id : NULL, .role = ROLE_SUPER_ADMIN, .source = "test" };
}

static void begin(const char *tier)
{
	f.op.now = T0;
	user = make_user(&f, tier);
	act_as(&user);
}

static void made(bool good)
{
	if (!good)
		bail_out("make a key", &err);
	act_as(&user);
}

/* Keys for 10 days with the scopes a and b, as far as the door gives them. */
static const struct api_key ten_days = {
	.name = "key", .rate_limit_requests = INT_NONE, .expires_in_days = 10,
	.scopes = STRINGS("a", "b"),
};

static void by_owner(void)
{
	made(op_key_create(&f.op, of(user.id), &ten_days, &key, &full, &err));
}

static void by_shell(void)
{
	act_as(NULL);
	made(op_key_create(&f.op, of(user.id), &ten_days, &key, &full, &err));
}

static void by_admin(void)
{
	act_as(&admin);
	made(op_key_provision(&f.op, EVERY, &(struct api_key){
		.user_email = user.email, .tier = "enterprise", .expires_in_days = 10,
		.rate_limit_requests = INT_NONE }, &key, &full, &err));
}

struct patch {
	const char *given;
	struct api_key in;
};

static enum err_kind patch(const struct patch *p)
{
	struct field_given given = named(f.arena, &api_key_patch_schema, p->given);
	struct api_key out;

	err = (struct err){ 0 };
	return op_key_update(&f.op, of(user.id), key.id, &p->in, &given, &out, &err) ? ERR_NONE : err.kind;
}

/* a patch of one field */
#define GIVEN_END(at) { "expires_at", { .expires_at = (at) } }
#define GIVEN_SCOPES(s) { "scopes", { .scopes = (s) } }

static enum err_kind patch_end(int64_t end)
{
	return patch(&(struct patch)GIVEN_END(end));
}

static enum err_kind patch_scopes(struct strings scopes)
{
	return patch(&(struct patch)GIVEN_SCOPES(scopes));
}

static void is_end(int64_t end, const char *name)
{
	struct api_key k;

	ok(op_key_get(&f.op, of(user.id), key.id, &k, &err) && k.expires_at == end, "%s", name);
}

/* --- what an owner may change of whose key ---------------------------------- */

#define NO ERR_FORBIDDEN

static const struct {
	void (*make)(void);
	const char *granted_by;
} makers[] = {
	{ by_owner, "owner" }, { by_admin, "admin" }, { by_shell, "admin" },
};

static const struct {
	const char *name, *field;      /* field: of a refusal */
	int64_t now;
	struct patch in;
	enum err_kind want[3];         /* in the order of makers */
} rows[] = {
	{ "earlier", "", T0, GIVEN_END(END - DAY_MS), { 0, 0, 0 } },
	{ "the same end", "", T0, GIVEN_END(END), { 0, 0, 0 } },
	{ "a millisecond later", "expires_at", T0, GIVEN_END(END + 1), { 0, NO, NO } },
	{ "never", "expires_at", T0, GIVEN_END(TIME_NONE), { 0, NO, NO } },
	{ "3650 days", "expires_at", T0, GIVEN_END(MOST), { 0, NO, NO } },
	{ "longer than a new key", "expires_at", T0, GIVEN_END(MOST + 1), { ERR_RANGE, NO, NO } },
	{ "later, in its last millisecond", "expires_at", END - 1, GIVEN_END(END + DAY_MS),
	  { 0, NO, NO } },
	{ "later, when it has expired", "expires_at", END, GIVEN_END(END + DAY_MS), { NO, NO, NO } },
	{ "never, when it has expired", "expires_at", END, GIVEN_END(TIME_NONE), { NO, NO, NO } },
	{ "the end that is over", "expires_at", END, GIVEN_END(END),
	  { ERR_INVALID, ERR_INVALID, ERR_INVALID } },
	{ "no scopes", "", T0, GIVEN_SCOPES(STRINGS()), { 0, 0, 0 } },
	{ "one of two", "scopes", T0, GIVEN_SCOPES(STRINGS("b")), { 0, NO, 0 } },
	{ "the same in another order", "scopes", T0, GIVEN_SCOPES(STRINGS("b", "a", "b")),
	  { 0, NO, 0 } },
	{ "one more", "scopes", T0, GIVEN_SCOPES(STRINGS("a", "b", "c")), { 0, NO, NO } },
	{ "another", "scopes", T0, GIVEN_SCOPES(STRINGS("c")), { 0, NO, NO } },
	{ "a longer word", "scopes", T0, GIVEN_SCOPES(STRINGS("aa")), { 0, NO, NO } },
	{ "more, when it has expired", "scopes", END, GIVEN_SCOPES(STRINGS("a", "c")), { NO, NO, NO } },
	{ "fewer, when it has expired", "", END, GIVEN_SCOPES(STRINGS()), { 0, 0, 0 } },
	{ "name", "", T0, { "name", { .name = "new" } }, { 0, 0, 0 } },
	{ "name, when it has expired", "", END, { "name", { .name = "new" } }, { 0, 0, 0 } },
	{ "name and more scopes", "scopes", T0,
	  { "name scopes", { .name = "new", .scopes = STRINGS("c") } }, { 0, NO, NO } },
	{ "earlier and more scopes", "scopes", T0,
	  { "expires_at scopes", { .expires_at = END - 1, .scopes = STRINGS("c") } },
	  { 0, NO, NO } },
};

static void one_row(size_t i, size_t m)
{
	const char *name = arena_printf(f.arena, "%s, of the key of maker %zu", rows[i].name, m);
	bool refused = rows[i].want[m] != ERR_NONE;
	struct api_key now;

	f.op.now = T0;
	makers[m].make();
	f.op.now = rows[i].now;
	is_int(patch(&rows[i].in), rows[i].want[m], name);
	is_str(err.field, refused ? rows[i].field : "", "field");
	is_int(look(&f, LOOK_AUDIT, "ApiKeyChanged", key.id), !refused, "audit events");
	if (!op_key_get(&f.op, of(user.id), key.id, &now, &err))
		bail_out("get", &err);
	if (refused)
		ok(now.expires_at == key.expires_at && strings_within(now.scopes, key.scopes) &&
		   strings_within(key.scopes, now.scopes) &&
		   str_eq(now.name, key.name), "and nothing changed");
}

static void test_changes(void)
{
	begin(NULL);
	f.conf.keys_per_user = 1000;
	for (size_t m = 0; m < sizeof(makers) / sizeof(makers[0]); m++) {
		f.op.now = T0;
		makers[m].make();
		is_int(look(&f, LOOK_GRANTED, key.id, makers[m].granted_by), 1, "granted_by");
		is_str(key.granted_by, makers[m].granted_by, "as handed out");
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			one_row(i, m);
	}
}

static void test_no_way_back(void)
{
	begin(NULL);
	by_shell();
	is_int(patch_end(END - DAY_MS), ERR_NONE, "an administrator's key ends earlier");
	is_int(patch_end(END), NO, "and not again as late as he said");
	is_int(patch_scopes(STRINGS("a")), ERR_NONE, "one scope less");
	is_int(patch_scopes(STRINGS("a", "b")), NO, "and not again both");
	is_end(END - DAY_MS, "that is how it stays");
}

static void test_own_admin(void)
{
	begin(NULL);
	admin = user;
	by_admin();
	is_str(key.granted_by, "admin", "provisioned by an administrator for himself");
	is_int(patch_end(TIME_NONE), NO, "his session as the owner adds nothing to it");
}

/* --- what of it bounds an end ----------------------------------------------- */

static void test_trial(void)
{
	struct api_key in = ten_days;

	begin(NULL);
	in.tier = "trial";
	made(op_key_create(&f.op, of(user.id), &in, &key, &full, &err));
	is_int(patch_end(TIME_NONE), ERR_RANGE, "a trial that never ends");
	is_int(patch_end(MOST + 1), ERR_RANGE, "nor after more than 3650 days");
	is_int(patch_end(MOST), ERR_NONE, "as long as a new one could");
}

/* Pure: the account was enterprise when its owner made the key. */
static void test_lowered_tier(void)
{
	const struct key_owner lowered = { .tier = "professional", .user_status = "active" };
	const struct key_owner same = { .tier = "enterprise", .user_status = "active" };
	struct api_key was = {
		.user_id = user.id, .tier = "enterprise", .rate_limit_requests = INT_NONE,
		.scopes = STRINGS(), .expires_at = END, .granted_by = "owner",
	}, want = was;
	struct key_grant g = { .was = &was, .want = &want, .owner = &lowered, .now = T0 };

	want.expires_at = END + 1;
	ok(!key_grant_check(&g, &err) && err.kind == NO && str_eq(err.field, "expires_at"),
	   "a tier that is above that of the account now does not last longer");
	g.owner = &same;
	ok(key_grant_check(&g, &err), "it does while the account has it");
	g.owner = &lowered;
	want.expires_at = END;
	want.scopes = STRINGS("a");
	ok(key_grant_check(&g, &err), "scopes have nothing to do with it");
	was.granted_by = "";
	ok(!key_grant_check(&g, &err) && err.kind == NO, "a granter that is not known is not the owner");
}

static void test_scopes_within(void)
{
	const struct {
		struct strings some, all;
		bool within;
	} lists[] = {
		{ STRINGS(), STRINGS(), true }, { STRINGS(), STRINGS("a"), true }, { STRINGS("a"), STRINGS(), false },
		{ STRINGS("a"), STRINGS("a"), true }, { STRINGS("b", "a", "b"), STRINGS("a", "b"), true },
		{ STRINGS("a", "c"), STRINGS("a", "b"), false }, { STRINGS("read"), STRINGS("read:all"), false },
		{ STRINGS("all"), STRINGS("read:all"), false }, { STRINGS("read:all"), STRINGS("read"), false },
		{ STRINGS("*"), STRINGS("read"), false }, { STRINGS("read"), STRINGS("*"), false },
		{ STRINGS("A"), STRINGS("a"), false },
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		ok(strings_within(lists[i].some, lists[i].all) == lists[i].within,
		   "%s within %s", strings_join(f.arena, lists[i].some, " "),
		   strings_join(f.arena, lists[i].all, " "));
}

static void limit_key(int64_t requests, const char *period)
{
	struct api_key out;

	act_as(&admin);
	if (!op_key_limit_set(&f.op, EVERY, &(struct api_key){ .id = key.id,
		.rate_limit_requests = requests, .rate_limit_period = period }, &out,
			      &err))
		bail_out("limit", &err);
	act_as(&user);
}

static void raise_limit(void)
{
	limit_key(1000000, "day");
}

static void test_limit(void)
{
	begin(NULL);
	by_owner();
	raise_limit();
	is_int(patch_end(END + 1), NO, "a limit that an administrator raised does not last longer");
	is_str(err.field, "expires_at", "field");
	is_int(patch_scopes(STRINGS("c")), ERR_NONE, "scopes have nothing to do with it");
	is_int(patch_end(END - 1), ERR_NONE, "nor has an earlier end");
	limit_key(1, "day");
	is_int(patch_end(END), NO, "nor does a small one whose window he could not set");
	limit_key(10001, NULL);
	is_int(patch_end(END), NO, "a month's limit above the tier's");
	limit_key(INT_NONE, NULL);
	is_int(patch_end(END), ERR_NONE, "the tier's limit again");
}

/* --- at the worst moment ---------------------------------------------------- */

static void end_sooner(void *arg)
{
	(void)arg;
	is_int(patch_end(END - 5 * DAY_MS), ERR_NONE, "the end is moved nearer");
}

static void raise_limit_too(void *arg)
{
	(void)arg;
	raise_limit();
}

static void suspend(void *arg)
{
	struct user u;

	(void)arg;
	if (!op_user_suspend(&f.op, EVERY, user.id, NULL, &u, &err))
		bail_out("suspend", &err);
}

/* Between what the owner read and his change. */
static void meanwhile(void (*change)(void *arg))
{
	worst(WORST_DB_TRANSACTION, (struct moment){ .before = change });
}

static void test_meanwhile(void)
{
	begin(NULL);
	by_shell();
	meanwhile(end_sooner);
	is_int(patch_end(END), NO, "after what it was when he read it");
	is_end(END - 5 * DAY_MS, "the nearer end stays");
	by_owner();
	meanwhile(raise_limit_too);
	is_int(patch_end(END + 1), NO, "a limit is raised after he read");
	is_end(END, "the end stays");
	meanwhile(suspend);
	is_int(patch_end(END - 1), ERR_FORBIDDEN, "suspended after he read");
	is_str(err.reason, "suspended", "reason");
	is_end(END, "the end stays");
	is_int(look(&f, LOOK_AUDIT, "ApiKeyChanged", key.id), 1, "only the limit was changed");
}

static int free_rows;   /* of the key and its owner, while a change is judged */

static void count_free(void *key_id)
{
	free_rows = (int)look(&f, LOOK_USER_FREE, user.id, NULL);
	if (key_id)
		free_rows += (int)look(&f, LOOK_KEY_FREE, key_id, NULL);
}

static void test_locked(void)
{
	begin(NULL);
	worst(WORST_KEY_GRANT_CHECK, (struct moment){ .before = count_free });
	by_owner();
	is_int(free_rows, 0, "the owner is locked while his new key is judged");
	worst(WORST_KEY_GRANT_CHECK, (struct moment){ .before = count_free, .arg = (void *)(uintptr_t)key.id });
	is_int(patch_end(END - 1), ERR_NONE, "a change");
	is_int(free_rows, 0, "owner and key are locked while it is judged");
	is_int(look(&f, LOOK_USER_FREE, user.id, NULL) + look(&f, LOOK_KEY_FREE, key.id, NULL),
	       db_backend_of(f.db) == DB_PGSQL ? 2 : 0, "and free again");
}

int main(void)
{
	fixture_open(&f);
	admin = make_user(&f, NULL);
	test_changes();
	test_no_way_back();
	test_trial();
	test_lowered_tier();
	test_scopes_within();
	test_limit();
	test_meanwhile();
	test_locked();
	test_own_admin();
	fixture_close(&f);
	return tap_done();
}
