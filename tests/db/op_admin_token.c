/*
 * tests/db/op_admin_token.c - admin tokens: what each call leaves, whatever goes wrong; who
 * makes and ends them; and what they may not do for a forgotten password. On the backend of
 * TEST_DATABASE_URL.
 */
#include "config.h"

#include "model/permission.h"
#include "op/admin_token.h"
#include "op/credential.h"
#include "op/password_reset.h"
#include "op/session.h"
#include "op/token_use.h"
#include "op/user.h"
#include "worst.h"
#include "op_account.h"

static struct admin_token token;
static const char *text;

static struct admin_token make(struct strings permissions)
{
	const struct admin_token in = { .service_name = "cron", .permissions = permissions,
					.expires_in_days = INT_NONE, .overlap_seconds = INT_NONE };
	struct admin_token out;

	f.op.actor = (struct actor){ .role = ROLE_SUPER_ADMIN, .source = "test" };
	if (!op_admin_token_create(&f.op, &in, &out, &text, &err))
		bail_out("make", &err);
	return out;
}

static bool presented(struct op *op, const char *what, struct err *err_r)
{
	const struct credential_text presented = { .text = what };
	struct credential c;

	if (!op_credential_check(op, &presented, CREDENTIAL_ADMIN, &c, err_r))
		return false;
	op->actor = credential_actor(&c, "test");
	return true;
}

/* A call begins: its credential was judged. */
static void call(const char *action)
{
	if (!presented(&f.op, text, &err))
		bail_out("call", &err);
	f.op.now += 1000;
	token_use_begin(&f.op, action, NULL, 201);
}

static struct page_out usage_of(const char *id)
{
	const struct token_use_query in = { .page.limit = 200, .from = TIME_NONE, .to = TIME_NONE };
	struct page_out out;

	if (!op_admin_token_usage(&f.op, EVERY, id, &in, &out, &err))
		bail_out("usage", &err);
	return out;
}

static bool counted(const char *id, size_t n)
{
	struct admin_token now;

	return op_admin_token_get(&f.op, EVERY, id, &now, &err) && now.usage_count == (int64_t)n &&
	       usage_of(id).rows.n == n;
}

static const struct token_use *last_of(const char *id) { return usage_of(id).rows.items; }

/* --- who it is ---------------------------------------------------------------------- */

static void test_kind(void)
{
	static const enum credential_use others[] = { CREDENTIAL_VERIFY, CREDENTIAL_ACT };
	struct credential c;

	token = make(STRINGS("manage_users"));
	for (size_t i = 0; i < 2; i++)
		ok(!op_credential_check(&f.op, &(struct credential_text){ .text = text }, others[i], &c, &err) &&
		   err.kind == ERR_AUTH_INVALID && str_eq(err.reason, "unknown"), "opens nothing but /admin");
	done(presented(&f.op, text, &err), "there it is known");
	ok(f.op.actor.role == ROLE_ADMIN && !f.op.actor.user_id && str_eq(f.op.actor.token_id, token.id),
	   "ranks as an admin, and is no user");
	ok(scope_own(&f.op).kind == SCOPE_NOBODY, "nothing is its own");
}

static void test_makes_none(void)
{
	const struct admin_token in = { .service_name = "more", .is_super_admin = true,
					.expires_in_days = INT_NONE, .overlap_seconds = INT_NONE };
	struct admin_token out, other = make(permissions_all);
	const char *shown;

	call("x");
	ok(!op_admin_token_create(&f.op, &in, &out, &shown, &err) && err.kind == ERR_FORBIDDEN, "makes none: %s", err.message);
	ok(!op_admin_token_rotate(&f.op, EVERY, other.id, &in, &out, &shown, &err) && err.kind == ERR_FORBIDDEN,
	   "rotates none, not itself either");
	ok(!op_admin_token_revoke(&f.op, EVERY, token.id, &out, &err) && err.kind == ERR_FORBIDDEN &&
	   str_eq(err.reason, "role"), "ends no other");
	ok(op_admin_token_revoke(&f.op, EVERY, other.id, &out, &err) && out.revoked_at == f.op.now, "ends itself");
	ok(!presented(&f.op, text, &err) && str_eq(err.reason, "revoked"), "so");
}

/* --- what a call leaves --------------------------------------------------------------- */

static bool rename_it(const char *id, const char *tier)
{
	struct field_given given = named(f.arena, &user_patch_schema, "tier");
	struct user out;

	return op_user_update(&f.op, EVERY, id, &(struct user){ .tier = tier }, &given, &out, &err);
}

static void test_rows(void)
{
	struct user u = make_user(&f, NULL);

	token = make(STRINGS("manage_users"));
	call("read");
	done(token_use_end(&f.op, 200, &err), "a read");
	ok(counted(token.id, 1), "one row, and counted");
	call("write");
	ok(rename_it(u.id, "professional"), "a write");
	ok(counted(token.id, 2), "its row is there with it");
	ok(token_use_end(&f.op, 201, &err) && counted(token.id, 2), "and no second one after it");
	ok(str_eq(last_of(token.id)->target_resource, u.id) && last_of(token.id)->success &&
	   last_of(token.id)->status_code == 201, "it says what it was about");
	call("write");
	ok(rename_it(u.id, "starter") && token_use_end(&f.op, 503, &err) && counted(token.id, 3),
	   "a write whose reply fails after its COMMIT: one row");
	ok(!last_of(token.id)->success && last_of(token.id)->status_code == 503 &&
	   str_eq(last_of(token.id)->target_resource, u.id), "which says that it failed, and what it was about");
	call("refused");
	ok(!rename_it(NOBODY, "starter") && counted(token.id, 3), "what is rolled back leaves none");
	ok(token_use_end(&f.op, 404, &err) && counted(token.id, 4), "but before the reply");
	ok(!last_of(token.id)->success && last_of(token.id)->status_code == 404, "that it was not done");
}

/* Not written = not answered. */
static void test_not_written(void)
{
	struct user u = make_user(&f, NULL);

	token = make(STRINGS("manage_users"));
	call("read");
	worst(WORST_DB_TRANSACTION, (struct moment){ .answer = ANSWER_REFUSED });
	ok(!token_use_end(&f.op, 200, &err) && err.kind == ERR_UNAVAILABLE, "a read whose row is not written");
	call("write");
	worst(WORST_DB_TRANSACTION, (struct moment){ .answer = ANSWER_REFUSED });
	ok(!rename_it(u.id, "professional") && str_eq(reread(u.id).tier, "starter"), "a write is not done");
	worst(WORST_DB_TRANSACTION, (struct moment){ .answer = ANSWER_REFUSED });
	ok(!token_use_end(&f.op, 503, &err), "and its failure not written");
	ok(counted(token.id, 0), "there is no row");
	call("read");
	worst(WORST_DB_TRANSACTION, (struct moment){ .answer = ANSWER_LOST });
	ok(!token_use_end(&f.op, 200, &err), "the answer to COMMIT is lost");
	ok(token_use_end(&f.op, 200, &err) && counted(token.id, 1), "again: one row, counted once");
}

static void revoke_it(void *id)
{
	struct actor was = f.op.actor;
	struct admin_token out;

	f.op.actor = (struct actor){ .role = ROLE_SUPER_ADMIN, .source = "test" };
	if (!op_admin_token_revoke(&f.op, EVERY, id, &out, &err))
		bail_out("revoke", &err);
	f.op.actor = was;
}

/* After it was judged, and before it wrote. */
static void test_revoked_meanwhile(void)
{
	struct user u = make_user(&f, NULL);

	token = make(STRINGS("manage_users"));
	call("write");
	worst(WORST_DB_TRANSACTION, (struct moment){ .before = revoke_it, .arg = (void *)(uintptr_t)token.id });
	ok(!rename_it(u.id, "professional") && err.kind == ERR_AUTH_INVALID && str_eq(err.reason, "revoked"),
	   "revoked meanwhile: %s", err.message);
	is_str(reread(u.id).tier, "starter", "nothing was written");
	ok(!token_use_end(&f.op, 401, &err) && counted(token.id, 0), "nor is it counted");
}

enum { CALLS = 5 };
static int child_calls(struct fixture *child, int index, void *arg)
{
	(void)index;
	for (int i = 0; i < CALLS; i++) {
		child->op.actor.use = NULL;
		if (!presented(&child->op, arg, &err))
			return 1;
		token_use_begin(&child->op, "read", NULL, 200);
		if (!token_use_end(&child->op, 200, &err))
			return 2;
	}
	return 0;
}

static void test_at_once(void)
{
	int counts[OUTCOMES];

	token = make(STRINGS("list_keys"));
	at_once(&f, 8, child_calls, (void *)(uintptr_t)text, counts);
	is_int(counts[0], 8, "8 processes call at once");
	f.op.actor = (struct actor){ .role = ROLE_SUPER_ADMIN, .source = "test" };
	ok(counted(token.id, 8 * CALLS), "each call left a row and was counted");
}

/* --- rotation ------------------------------------------------------------------------ */

static int rotate_too(struct fixture *child, int index, void *id)
{
	const struct admin_token in = { .expires_in_days = INT_NONE, .overlap_seconds = INT_NONE };
	struct admin_token out;
	const char *shown;

	(void)index;
	return op_admin_token_rotate(&child->op, EVERY, id, &in, &out, &shown, &err) ? 0
		: err.kind == ERR_CONFLICT ? 1 : 2;
}

static void test_rotate(void)
{
	const struct admin_token in = { .expires_in_days = INT_NONE, .overlap_seconds = 600 };
	struct admin_token old, out;
	const char *first, *second;
	int counts[OUTCOMES];

	token = make(STRINGS("list_keys"));
	first = text;
	at_once(&f, 6, rotate_too, (void *)(uintptr_t)token.id, counts);
	is_int(counts[0], 1, "rotated by six at once: once");
	is_int(counts[1], 5, "five are told so");
	ok(!presented(&f.op, first, &err) && str_eq(err.reason, "revoked"), "without an overlap the old one ends at once");
	token = make(STRINGS("list_keys"));
	first = text;
	done(op_admin_token_rotate(&f.op, EVERY, token.id, &in, &out, &second, &err), "with an overlap");
	ok(strings_within(out.permissions, STRINGS("list_keys")) && out.permissions.n == 1, "the same permissions");
	ok(presented(&f.op, first, &err) && presented(&f.op, second, &err), "both are good");
	f.op.now += 600 * SECOND_MS;
	ok(!presented(&f.op, first, &err) && err.kind == ERR_AUTH_EXPIRED && presented(&f.op, second, &err),
	   "then the new one alone");
	token = make(STRINGS("list_keys"));
	f.op.actor = (struct actor){ .role = ROLE_SUPER_ADMIN, .source = "test" };
	old = (struct admin_token){ .service_name = "short", .expires_in_days = 1, .overlap_seconds = INT_NONE };
	if (!op_admin_token_create(&f.op, &old, &token, &text, &err))
		bail_out("short", &err);
	f.op.now += DAY_MS - 60 * SECOND_MS;
	ok(op_admin_token_rotate(&f.op, EVERY, token.id, &in, &out, &second, &err) &&
	   op_admin_token_get(&f.op, EVERY, token.id, &old, &err) && old.expires_at == token.expires_at,
	   "it never outlives its own end");
	is_int(out.expires_at, f.op.now + DAY_MS, "the new one lives as long as the old one was made for");
}

/* --- forgotten passwords ------------------------------------------------------------- */

static bool reset(const char *user_id, struct password_reset *out)
{
	return op_password_reset_create(&f.op, EVERY, user_id, out, &err);
}

static bool complete(const char *reset_token, const char *password)
{
	return op_password_reset_spend(&f.op, &(struct password_reset_in){ reset_token, password }, &err);
}

static bool logs_in(const struct user *u, const char *password)
{
	struct session_tokens tokens;
	struct user seen;

	return op_login(&f.op, &(struct login_in){ u->email, password }, &tokens, &seen, &err);
}

static struct user of_role(const char *role)
{
	static int n;
	struct user out;

	f.op.actor = (struct actor){ .role = ROLE_SUPER_ADMIN, .source = "test" };
	if (!op_user_create(&f.op, &(struct user){ .password = PASSWORD, .role = role,
		.email = arena_printf(f.arena, "a-%s%d@example.org", role, ++n) }, &out, &err))
		bail_out("of_role", &err);
	return out;
}

/* Nobody gets more than he has by another's password. */
static void test_reset_who(void)
{
	struct user user = of_role("user"), admin = of_role("admin"), super = of_role("super_admin");
	struct password_reset r;

	f.op.actor = (struct actor){ .role = ROLE_ADMIN, .user_id = admin.id, .source = "test" };
	ok(!reset(super.id, &r) && err.kind == ERR_FORBIDDEN && str_eq(err.reason, "role"), "an admin: not of a super_admin");
	done(reset(user.id, &r), "of a user");
	done(reset(admin.id, &r), "and of an admin");
	token = make(permissions_all);
	call("reset");
	ok(!reset(super.id, &r) && err.kind == ERR_FORBIDDEN, "a token: not of a super_admin");
	ok(!reset(admin.id, &r) && err.kind == ERR_FORBIDDEN && str_eq(err.reason, "role"),
	   "nor of an admin, who may more than it: %s", err.message);
	done(reset(user.id, &r), "of a user");
	ok(!reset(NOBODY, &r) && err.kind == ERR_NOT_FOUND, "of nobody");
}

static int complete_too(struct fixture *child, int index, void *reset_token)
{
	(void)index;
	return op_password_reset_spend(&child->op, &(struct password_reset_in){ reset_token, "another long password" }, &err)
		? 0 : err.kind == ERR_AUTH_INVALID ? 1 : 2;
}

static void test_reset(void)
{
	struct user user = of_role("user");
	struct password_reset first, second;
	int counts[OUTCOMES];

	done(reset(user.id, &first) && reset(user.id, &second), "two resets");
	ok(strlen(first.reset_token) == 47 && str_starts(first.reset_token, "prt_"), "prt_ and 43 characters");
	done(logs_in(&user, PASSWORD), "the old password is good meanwhile");
	f.op.actor = (struct actor){ .source = "test" };
	ok(!complete(first.reset_token, "short") && str_eq(err.field, "new_password"), "a bad password does not spend it");
	done(complete(first.reset_token, "another long password"), "a new password");
	is_int(look(&f, LOOK_SESSIONS, user.id, NULL), 0, "all sessions have ended");
	is_int(look(&f, LOOK_AUDIT, "PasswordReset", user.id), 1, "written down");
	ok(!complete(first.reset_token, "a third long password") && err.kind == ERR_AUTH_INVALID && str_eq(err.reason, "unknown"),
	   "once: %s", err.message);
	ok(!complete(second.reset_token, "a third long password") && err.kind == ERR_AUTH_INVALID, "it ends the others");
	ok(!logs_in(&user, PASSWORD) && logs_in(&user, "another long password"), "the new password is the one");
	f.op.actor.role = ROLE_SUPER_ADMIN;
	done(reset(user.id, &first), "a reset");
	f.op.now += 3600 * SECOND_MS;
	ok(!complete(first.reset_token, PASSWORD) && err.kind == ERR_AUTH_EXPIRED, "an hour later: %s", err.message);
	done(reset(user.id, &first), "another one");
	f.op.client.remote_addr = "198.51.100.9";
	at_once(&f, 4, complete_too, (void *)(uintptr_t)first.reset_token, counts);
	is_int(counts[0], 1, "spent by four at once: once");
	is_int(counts[1], 3, "three are told that it is spent");
}

/* It was issued for the account as it was. */
static void test_reset_ends(void)
{
	struct field_given given = named(f.arena, &user_patch_schema, "role");
	struct user user = of_role("user"), out;
	const char *was = f.op.client.remote_addr;
	struct password_reset r;

	f.op.client.remote_addr = "2001:db8:77::1";   /* a network that has guessed nothing */
	done(reset(user.id, &r), "a reset");
	done(op_password_set(&f.op, EVERY, user.id, "another long password", &err), "the password is set meanwhile");
	ok(!complete(r.reset_token, PASSWORD) && err.kind == ERR_AUTH_INVALID, "which ends it");
	f.op.actor.role = ROLE_SUPER_ADMIN;
	done(reset(user.id, &r) && op_user_suspend(&f.op, EVERY, user.id, NULL, &out, &err), "the user is suspended");
	ok(!complete(r.reset_token, PASSWORD) && err.kind == ERR_AUTH_INVALID, "which ends it too");
	done(reset(user.id, &r) && op_user_update(&f.op, EVERY, user.id, &(struct user){ .role = "super_admin" },
		&given, &out, &err), "the user is made a super_admin");
	ok(!complete(r.reset_token, PASSWORD) && err.kind == ERR_AUTH_INVALID, "which ends it as well");
	f.op.client.remote_addr = was;
}

/* Slowed like logins, for the network that guesses. */
static void test_reset_throttle(void)
{
	struct user user = of_role("user");
	struct password_reset r;
	int wrong = 0;

	done(reset(user.id, &r), "a reset");
	f.op.client.remote_addr = "203.0.113.9";
	while (wrong < 20 && !complete("prt_wrong", PASSWORD) && err.kind == ERR_AUTH_INVALID)
		wrong++;
	is_int(wrong, 5, "five are judged");
	ok(err.kind == ERR_RATE && err.retry_after > 0, "the next one waits: %s", err.message);
	ok(!complete(r.reset_token, PASSWORD) && err.kind == ERR_RATE, "a right one too");
	f.op.client.remote_addr = "198.51.100.77";
	done(complete(r.reset_token, "another long password"), "not from elsewhere");
	f.op.client.remote_addr = "192.0.2.1";
}

int main(void)
{
	fixture_open(&f);
	test_kind();
	test_makes_none();
	test_rows();
	test_not_written();
	test_revoked_meanwhile();
	test_at_once();
	test_rotate();
	test_reset_who();
	test_reset();
	test_reset_ends();
	test_reset_throttle();
	fixture_close(&f);
	return tap_done();
}
