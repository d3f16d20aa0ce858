/*
 * API keys in use: list, change, revoke, verify; on the backend given. Time is
 * op.now.
 */
#include "config.h"

#include "op/audit.h"
#include "op/key.h"
#include "credential_op.h"
#include "op_fixture.h"
#include "store/key.h"
#include "worst.h"

static struct fixture f;
static struct err err;
static struct user user, owner;
static struct api_key key;
static const char *full;

static const struct api_key plain = {
	.name = "key", .rate_limit_requests = INT_NONE, .expires_in_days = INT_NONE,
};

static enum err_kind create_in(struct api_key in)
{
	err = (struct err){ 0 };
	return op_key_create(&f.op, of(user.id), &in, &key, &full, &err) ? ERR_NONE : err.kind;
}

static enum err_kind create(void)
{
	return create_in(plain);
}

static enum err_kind verify(const char *text)
{
	struct credential out;

	err = (struct err){ 0 };
	if (!key_good(&f.op, text, &out, &err))
		return err.kind;
	owner = *out.owner;
	return ERR_NONE;
}

static enum err_kind patch(const char *names, struct api_key in)
{
	struct field_given given = named(f.arena, &api_key_patch_schema, names);

	err = (struct err){ 0 };
	return op_key_update(&f.op, of(user.id), key.id, &in, &given, &key, &err) ? ERR_NONE : err.kind;
}

static void begin(const char *tier)
{
	f.op.now = T0;
	f.op.actor = (struct actor){ .role = ROLE_SUPER_ADMIN, .source = "test" };
	user = make_user(&f, tier);
	f.op.actor.user_id = user.id;
}

/* --- list, change, revoke --------------------------------------------------- */

static void test_list(void)
{
	struct key_query in = { .page.limit = 2 };
	struct page_out out;
	const char *made[5];
	int seen = 0;

	begin(NULL);
	for (int i = 0; i < 5; i++) {
		f.op.now = T0 + (i / 2);   /* two of them in one millisecond */
		create();
		made[i] = key.id;
	}
	op_key_revoke(&f.op, of(user.id), made[0], &key, &err);
	do {
		const struct api_key *k;

		if (!op_key_list(&f.op, of(user.id), &in, &out, &err))
			bail_out("list", &err);
		k = out.rows.items;
		for (size_t i = 0; i < out.rows.n; i++)
			for (int m = 0; m < 5; m++)
				if (str_eq(k[i].id, made[m]))
					seen |= 1 << m;
		in.page.cursor = out.next_cursor;
	} while (in.page.cursor);
	is_int(seen, 31, "all 5 over pages of 2, the revoked one too");
	in = (struct key_query){ .page.limit = 200 };
	ok(op_key_list(&f.op, of(user.id), &in, &out, &err) && out.rows.n == 5, "5 on one page");
	is_str(((const struct api_key *)out.rows.items)[0].id, made[4], "newest first");
	begin(NULL);
	ok(op_key_list(&f.op, of(user.id), &in, &out, &err) && out.rows.n == 0,
	   "another user sees none");
}

static void test_patch(void)
{
	struct audit_event event;
	struct api_key before;

	begin(NULL);
	create();
	before = key;
	f.op.now += 1000;
	is_int(patch("name", (struct api_key){ .name = "new" }), ERR_NONE, "name");
	is_str(key.name, "new", "is new");
	ok(!key.description && key.scopes.n == 0, "the rest stays");
	is_int(key.updated_at, T0 + 1000, "updated_at moves");
	is_int(patch("description scopes expires_at", (struct api_key){ .description = "d",
		.scopes = STRINGS("a"), .expires_at = T0 + DAY_MS }), ERR_NONE, "all the others");
	is_str(key.description, "d", "description");
	is_str(strings_join(f.arena, key.scopes, " "), "a", "scopes");
	is_int(key.expires_at, T0 + DAY_MS, "expires_at");
	is_str(key.name, "new", "the name stays");
	is_int(look(&f, LOOK_AUDIT, "ApiKeyChanged", key.id), 2, "two audit events");
	is_int(patch("description scopes expires_at", (struct api_key){
		.scopes = STRINGS(), .expires_at = TIME_NONE }), ERR_NONE, "nulls");
	is_int(patch("scopes", (struct api_key){ 0 }), ERR_REQUIRED, "no list of scopes");
	ok(!key.description && key.scopes.n == 0 && key.expires_at == TIME_NONE, "clear");
	is_int(patch("", (struct api_key){ 0 }), ERR_NONE, "nothing given");
	is_int(look(&f, LOOK_AUDIT, "ApiKeyChanged", key.id), 3, "changes nothing");
	before = key;
	create();
	op_key_revoke(&f.op, of(user.id), key.id, &key, &err);
	is_int(patch("name", (struct api_key){ .name = "x" }), ERR_CONFLICT, "a revoked one stays as it is");
	key = before;
	is_int(patch("expires_at", (struct api_key){ .expires_at = f.op.now }),
	       ERR_INVALID, "a moment that is over");
	is_int(patch("name", (struct api_key){ 0 }), ERR_REQUIRED, "no name");
	event = op_audit(&f.op, AUDIT_API_KEY_CHANGED, key.id);
	begin(NULL);
	key = before;
	is_int(patch("name", (struct api_key){ .name = "x" }), ERR_NOT_FOUND,
	       "another user's key");
	ok(!store_key_update(f.db, of(user.id), before.id, &event, &(struct key_update){
		.arena = f.op.arena, .key_r = &key }, &err) &&
	   err.kind == ERR_NOT_FOUND, "nor by the statement itself");
}

static int revoke_once(struct fixture *child, int index, void *arg)
{
	const struct api_key *mine = arg;
	struct api_key k;
	struct err e;

	child->op.now += index;
	return op_key_revoke(&child->op, of(mine->user_id), mine->id, &k, &e) ? 1 : 2;
}

static void revoke_earlier(void *arg)
{
	struct op op = f.op;
	struct api_key k;
	struct err e;

	(void)arg;
	op.now -= 1000;
	if (!op_key_revoke(&op, of(user.id), key.id, &k, &e))
		bail_out("revoke", &e);
}

/* Between looking at the key and revoking it, another one does. */
static void test_revoked_meanwhile(void)
{
	struct api_key got;

	begin(NULL);
	create();
	worst(WORST_DB_TRANSACTION, (struct moment){ .before = revoke_earlier });
	ok(op_key_revoke(&f.op, of(user.id), key.id, &got, &err), "revoked by another meanwhile: that is what was asked");
	is_int(got.revoked_at, T0 - 1000, "the first moment stands");
	is_int(look(&f, LOOK_AUDIT, "ApiKeyRevoked", key.id), 1, "one audit event");
}

static void test_revoke(void)
{
	struct api_key mine, got;
	const char *text;
	int counts[OUTCOMES];

	begin(NULL);
	create();
	mine = key;
	text = full;
	begin(NULL);
	ok(!op_key_revoke(&f.op, of(user.id), mine.id, &got, &err), "another user's key");
	is_int(err.kind, ERR_NOT_FOUND, "is not found");
	ok(!op_key_get(&f.op, of(user.id), mine.id, &got, &err), "nor shown");
	ok(!op_key_revoke(&f.op, EVERY, "nonsense", &got, &err) && err.kind == ERR_NOT_FOUND,
	   "nor is nonsense");
	is_int(verify(text), ERR_NONE, "it still works");
	ok(op_key_revoke(&f.op, of(mine.user_id), mine.id, &got, &err), "its owner revokes it");
	is_int(got.revoked_at, T0, "when");
	ok(!got.is_active, "inactive");
	f.op.now += 5000;
	ok(op_key_revoke(&f.op, EVERY, mine.id, &got, &err), "again, by the shell");
	is_int(got.revoked_at, T0, "the first moment again");
	is_int(look(&f, LOOK_AUDIT, "ApiKeyRevoked", mine.id), 1, "one audit event");
	is_int(verify(text), ERR_AUTH_INVALID, "it works no longer");
	is_str(err.reason, "revoked", "reason");
	create();
	at_once(&f, 4, revoke_once, &key, counts);
	is_int(counts[1], 4, "4 revoke it at once: all are told so");
	is_int(look(&f, LOOK_AUDIT, "ApiKeyRevoked", key.id), 1, "one audit event");
}

/* --- verify ----------------------------------------------------------------- */

static void test_verify(void)
{
	struct api_key in = plain;
	char *changed;

	begin("professional");
	in.expires_in_days = 1;
	is_int(create_in(in), ERR_NONE, "a key for a day");
	is_int(verify(full), ERR_NONE, "verifies");
	is_str(owner.id, user.id, "its owner");
	is_str(owner.tier, "professional", "and his tier");
	changed = arena_strdup(f.arena, full);
	changed[39] = changed[39] == 'A' ? 'B' : 'A';
	is_int(verify(changed), ERR_AUTH_INVALID, "the public id with another secret");
	is_str(err.reason, "unknown", "reason");
	is_int(verify(""), ERR_AUTH_INVALID, "empty");
	is_int(verify("pk_test_00000000000000000000000000000000"), ERR_AUTH_INVALID, "pk_test_");
	is_int(verify("pk_live_00000000000000000000000000000000"), ERR_AUTH_INVALID, "unknown");
	is_int(verify(arena_printf(f.arena, "%sx", full)), ERR_AUTH_INVALID, "one too long");
	f.op.now = T0 + DAY_MS - 1;
	is_int(verify(full), ERR_NONE, "its last millisecond");
	f.op.now += 1;
	is_int(verify(full), ERR_AUTH_EXPIRED, "then expired");
	is_str(err.reason, "expired", "reason");
	is_int(verify(changed), ERR_AUTH_INVALID, "of which a wrong secret learns nothing");
	is_str(err.reason, "unknown", "reason");
}

/* Whatever made it inactive: revoked, then expired, then the rest. */
static void test_verify_inactive(void)
{
	struct api_key in = plain;

	begin(NULL);
	in.expires_in_days = 1;
	create_in(in);
	by_hand(&f, LOOK_SET_INACTIVE, key.id, NULL);
	is_int(verify(full), ERR_AUTH_INVALID, "inactive before its end");
	is_str(err.reason, "revoked", "reason");
	f.op.now += DAY_MS;
	is_int(verify(full), ERR_AUTH_EXPIRED, "inactive after its end");
	is_str(err.reason, "expired", "reason");
	if (!op_key_revoke(&f.op, of(user.id), key.id, &key, &err))
		bail_out("revoke", &err);
	is_int(verify(full), ERR_AUTH_INVALID, "revoked after its end");
	is_str(err.reason, "revoked", "reason");
}

static void test_verify_owner(void)
{
	struct user u;

	begin(NULL);
	create();
	if (!op_user_suspend(&f.op, EVERY, user.id, NULL, &u, &err))
		bail_out("suspend", &err);
	is_int(verify(full), ERR_FORBIDDEN, "a suspended owner");
	is_str(err.reason, "suspended", "reason");
	is_int(create(), ERR_FORBIDDEN, "makes no keys");
	ok(op_user_approve(&f.op, EVERY, user.id, &(struct user_approve_in){ 0 }, &u,
			   &(struct tenant){ 0 }, &err), "approved again");
	is_int(verify(full), ERR_NONE, "the key works again");
}

/* 501 keys, more than a page, of which one has no end. */
/* Sc 23. */
static void test_expire(void)
{
	struct api_key in = plain, got;
	int64_t n = -1, events;
	const char *text;

	begin(NULL);
	f.op.now += DAY_MS;
	op_key_expire(&f.op, &n, &err);   /* of other tests */
	f.op.now = T0;
	f.conf.keys_per_user = 1000;
	create();
	in.expires_in_days = 1;
	for (int i = 0; i < 501; i++)
		create_in(in);
	text = full;
	events = look(&f, LOOK_AUDITS, NULL, NULL);
	f.op.now += DAY_MS - 1;
	ok(op_key_expire(&f.op, &n, &err) && n == 0, "before their end: none");
	is_int(look(&f, LOOK_AUDITS, NULL, NULL), events, "and no audit event");
	f.op.now += 1;
	ok(op_key_expire(&f.op, &n, &err), "at their end");
	is_int(n, 501, "all that have one");
	is_int(look(&f, LOOK_AUDITS, NULL, NULL), events + 2, "500 in a transaction");
	ok(op_key_expire(&f.op, &n, &err) && n == 0, "again: none");
	ok(op_key_get(&f.op, of(user.id), key.id, &got, &err) && !got.is_active &&
	   got.revoked_at == TIME_NONE, "inactive, not revoked");
	is_int(verify(text), ERR_AUTH_EXPIRED, "it answers as it did before");
	is_str(err.reason, "expired", "reason");
	ok(op_key_revoke(&f.op, of(user.id), key.id, &got, &err) && got.revoked_at == f.op.now,
	   "it can still be revoked");
	f.conf.keys_per_user = 100;
}

/* The names of the keys of a list, newest first. */
static const char *names_of(const struct page_out *out, size_t size, size_t offset)
{
	struct strbuf b = { .arena = f.arena };

	strbuf_adds(&b, "");
	for (size_t i = 0; i < out->rows.n; i++) {
		const struct api_key *k = (const void *)((const char *)out->rows.items + i * size + offset);

		strbuf_adds(&b, i ? " " : "");
		strbuf_adds(&b, k->name);
	}
	return b.s;
}

/* Both lists have the same ones. */
static void listed(struct key_query in, const char *want, const char *name)
{
	struct op admin = f.op;
	struct page_out out;

	in.page.limit = 200;
	if (!op_key_list(&f.op, of(user.id), &in, &out, &err))
		bail_out("list", &err);
	is_str(names_of(&out, sizeof(struct api_key), 0), want, name);
	in.user_email = user.email;
	in.active_only = "false";
	admin.actor.role = ROLE_SUPER_ADMIN;
	if (!op_key_search(&admin, EVERY, &in, &out, &err))
		bail_out("search", &err);
	is_str(names_of(&out, sizeof(struct key_found), offsetof(struct key_found, key)), want,
	       "  among those of all users");
}

static void named_key(const char *name, struct api_key in)
{
	in.name = name;
	in.rate_limit_requests = INT_NONE;
	in.expires_in_days = in.expires_in_days ? in.expires_in_days : INT_NONE;
	create_in(in);
	f.op.now += 1;
}

static void revoke_now(void)
{
	struct api_key k;

	if (!op_key_revoke(&f.op, of(user.id), key.id, &k, &err))
		bail_out("revoke", &err);
}

static void test_filters(void)
{
	int64_t n;

	begin("enterprise");
	named_key("swept", (struct api_key){ .expires_in_days = 1 });
	f.op.now += DAY_MS;
	op_key_expire(&f.op, &n, &err);
	named_key("late", (struct api_key){ .expires_in_days = 1 });
	named_key("both", (struct api_key){ .expires_in_days = 1 });
	f.op.now += DAY_MS;
	revoke_now();
	named_key("gone", (struct api_key){ 0 });
	revoke_now();
	named_key("plain-1", (struct api_key){ .description = "100%_of \303\234ber", .tier = "starter" });
	named_key("Last", (struct api_key){ .tier = "trial" });
	listed((struct key_query){ 0 }, "Last plain-1 gone both late swept", "all");
	listed((struct key_query){ .state = "all" }, "Last plain-1 gone both late swept", "all, said");
	listed((struct key_query){ .state = "active" }, "Last plain-1", "active");
	listed((struct key_query){ .state = "expired" }, "late swept", "past its end, swept or not");
	listed((struct key_query){ .state = "revoked" }, "gone both", "revoked, past its end or not");
	listed((struct key_query){ .tier = "trial" }, "Last", "of a tier");
	listed((struct key_query){ .tier = "starter", .state = "revoked" }, "", "of a tier and a state");
	/* letters alone may be in a public id, which is random */
	listed((struct key_query){ .q = "PLAIN-" }, "plain-1", "a text, in the name");
	listed((struct key_query){ .q = "%_O" }, "plain-1", "in the description, signs as they are");
	listed((struct key_query){ .q = "\303\234" }, "plain-1", "not ASCII");
	listed((struct key_query){ .q = "_" }, "Last plain-1 gone both late swept", "in the public id");
	listed((struct key_query){ .q = "trial_" }, "Last", "no pattern");
}

static void test_search(void)
{
	struct key_query in = { .page.limit = 1, .tenant_id = NULL };
	const struct key_found *found;
	struct page_out out;
	int n = 0;

	begin(NULL);
	f.op.actor.role = ROLE_SUPER_ADMIN;
	create();
	create();
	revoke_now();
	in.tenant_id = user.id;
	do {
		if (!op_key_search(&f.op, EVERY, &in, &out, &err))
			bail_out("search", &err);
		n += (int)out.rows.n;
		in.page.cursor = out.next_cursor;
	} while (in.page.cursor);
	is_int(n, 1, "of a tenant: the active one, when no state is named");
	in = (struct key_query){ .page.limit = 10, .user_email = user.id, .state = "revoked" };
	ok(op_key_search(&f.op, EVERY, &in, &out, &err) && out.rows.n == 1, "by the user's id: the other");
	found = out.rows.items;
	is_str(found->user_email, user.email, "whose it is");
	is_int(found->rate_limit->requests, 10000, "the limit of its tier");
	is_str(found->rate_limit->period, "month", "in a month");
	is_int(found->usage_count, INT_NONE, "without counters: not known");
	in.user_email = "ghost@example.org";
	ok(op_key_search(&f.op, EVERY, &in, &out, &err) && out.rows.n == 0, "of a user who is not there: none");
	in = (struct key_query){ .page.limit = 10, .state = "soon" };
	ok(!op_key_search(&f.op, EVERY, &in, &out, &err) && str_eq(err.field, "state"), "no such state");
}

static void test_revoke_reason(void)
{
	struct api_key got, in = { .revoked_reason = "leaked" };

	begin(NULL);
	create();
	in.id = key.id;
	ok(op_key_revoke_for(&f.op, EVERY, &in, &got, &err), "revoked for a reason");
	is_str(got.revoked_reason, "leaked", "which is kept");
	in.revoked_reason = "lost";
	ok(op_key_revoke_for(&f.op, EVERY, &in, &got, &err), "again, for another");
	is_str(got.revoked_reason, "leaked", "the first reason again");
	in.id = NULL;
	ok(!op_key_revoke_for(&f.op, EVERY, &in, &got, &err) && err.kind == ERR_REQUIRED, "no key");
}

int main(void)
{
	fixture_open(&f);
	test_list();
	test_patch();
	test_revoke();
	test_revoked_meanwhile();
	test_verify();
	test_filters();
	test_search();
	test_revoke_reason();
	test_expire();
	test_verify_inactive();
	test_verify_owner();
	fixture_close(&f);
	return tap_done();
}
