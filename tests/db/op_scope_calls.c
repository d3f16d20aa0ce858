/*
 * tests/db/op_scope_calls.c - calls on rows that have an owner, with scopes that are not
 * the owner's; and where scopes come from.
 */
#include "config.h"

#include "scope_op.h"

/* --- calls ------------------------------------------------------------------------ */

static bool key_create(struct scope s)
{
	const struct api_key in = {
		.name = "x", .rate_limit_requests = INT_NONE, .expires_in_days = INT_NONE,
	};
	struct api_key out;
	const char *full;

	return op_key_create(&f.op, s, &in, &out, &full, &err);
}

static bool key_list(struct scope s)
{
	struct page_out out;

	return op_key_list(&f.op, s, &(struct key_query){ .page.limit = 200 }, &out, &err) &&
	       out.rows.n > 0 &&
	       str_eq(((const struct api_key *)out.rows.items)->user_id, victim.id);
}

static bool key_search(struct scope s)
{
	struct page_out out;

	return op_key_search(&f.op, s, &(struct key_query){ .page.limit = 200 }, &out, &err) &&
	       out.rows.n > 0;
}

static bool key_rotate(struct scope s)
{
	struct op op = f.op;
	struct key_rotated out;

	op.actor.role = s.kind == SCOPE_ALL ? ROLE_SUPER_ADMIN : ROLE_USER;
	return op_key_rotate(&op, s, key.id, &(struct key_rotate_in){ 86400 }, &out, &err) ||
	       err.kind == ERR_CONFLICT;   /* it was replaced in prepare() */
}

static bool key_get(struct scope s)
{
	struct api_key out;

	return op_key_get(&f.op, s, key.id, &out, &err);
}

static bool key_patch(struct scope s)
{
	struct field_given what = named(f.arena, &api_key_patch_schema, "name");
	const struct api_key in = { .name = "y" };
	struct api_key out;

	return op_key_update(&f.op, s, key.id, &in, &what, &out, &err);
}

static bool key_revoke(struct scope s)
{
	struct api_key out;

	return op_key_revoke(&f.op, s, key.id, &out, &err);
}

/* There are no counters here, so it goes no further than the key. */
static bool usage_report(struct scope s)
{
	const struct usage_query in = { .from = T0 - DAY_MS, .to = T0 };
	struct usage_report out;

	return op_usage_report(&f.op, s, key.id, &in, &out, &err) || err.kind == ERR_UNAVAILABLE;
}

static bool session_list(struct scope s)
{
	struct field_list out;

	return op_session_list(&f.op, s, &out, &err) && out.n > 0;
}

static bool session_end(struct scope s)
{
	return op_session_end(&f.op, s, session.session_id, &err);
}

static bool password_change(struct scope s)
{
	return op_password_update(&f.op, s, &(struct password_update_in){ PASSWORD, PASSWORD }, &err);
}

static bool password_set(struct scope s)
{
	return op_password_set(&f.op, s, victim.id, PASSWORD, &err);
}

static bool user_get(struct scope s)
{
	struct user out;

	return op_user_get(&f.op, s, victim.email, &out, &err);
}

static bool user_list(struct scope s)
{
	struct page_out out;
	const struct user *u;

	if (!op_user_list(&f.op, s, &(struct user_query){ .page.limit = 200 }, &out, &err))
		return false;
	u = out.rows.items;
	for (size_t i = 0; i < out.rows.n; i++)
		if (str_eq(u[i].id, victim.id))
			return true;
	return false;
}

static bool user_suspend(struct scope s)
{
	struct user out;

	return op_user_suspend(&f.op, s, victim.id, NULL, &out, &err);
}

static bool user_approve(struct scope s)
{
	struct tenant tenant;
	struct user out;

	return op_user_approve(&f.op, s, victim.id, &(struct user_approve_in){ 0 }, &out, &tenant,
			       &err);
}

static bool provision_key(struct scope s)
{
	const struct api_key in = {
		.user_email = victim.email, .tier = "starter",
		.expires_in_days = INT_NONE, .rate_limit_requests = INT_NONE,
	};
	struct api_key out;
	const char *full;

	return op_key_provision(&f.op, s, &in, &out, &full, &err);
}

static bool provision_limit(struct scope s)
{
	struct api_key out;

	return op_key_limit_set(&f.op, s, &(struct api_key){ .id = key.id,
		.rate_limit_requests = 5, .rate_limit_period = "hour" }, &out, &err);
}

enum { OWN = 1, ALL = 2, SELF = 4 };   /* who may; SELF: it is about the scope's user */
static const struct {
	const char *name;
	bool (*call)(struct scope s);
	int may;
} calls[] = {
	{ "key_create", key_create, OWN | SELF }, { "key_list", key_list, OWN },
	{ "key_search", key_search, ALL }, { "key_rotate", key_rotate, OWN | ALL },
	{ "key_get", key_get, OWN | ALL }, { "key_patch", key_patch, OWN },
	{ "usage_report", usage_report, OWN | ALL }, { "session_list", session_list, OWN },
	{ "user_get", user_get, OWN | ALL }, { "user_list", user_list, ALL },
	{ "provision_key", provision_key, ALL }, { "provision_limit", provision_limit, ALL },
	{ "user_suspend", user_suspend, ALL }, { "user_approve", user_approve, ALL },
	{ "session_end", session_end, OWN }, { "password_change", password_change, OWN | SELF },
	{ "password_set", password_set, ALL }, { "key_revoke", key_revoke, OWN | ALL },
};

static bool may(size_t i, int who)
{
	return calls[i].may & who;
}

static void test_calls(void)
{
	const size_t n = sizeof(calls) / sizeof(calls[0]);
	int64_t audits = look(&f, LOOK_AUDITS, NULL, NULL);

	for (size_t i = 0; i < n; i++) {
		int let = 0;

		for (size_t k = 0; k < STRANGERS; k++)
			let += calls[i].call(stranger(k)) && !(k == OTHER && may(i, SELF));
		if (!may(i, OWN))
			let += calls[i].call(of(victim.id));
		if (!may(i, ALL))
			let += calls[i].call(EVERY);
		ok(let == 0, "%s: none who may not", calls[i].name);
	}
	is_int(look(&f, LOOK_AUDITS, NULL, NULL), audits + 2,
	       "nothing changed but the other's own: a key, the password");
	for (size_t i = 0; i < n; i++)
		if (may(i, ALL))
			ok(calls[i].call(EVERY), "%s: an administrator", calls[i].name);
	make_victim();   /* the sessions of the last one have ended */
	for (size_t i = 0; i < n; i++)
		if (may(i, OWN))
			ok(calls[i].call(of(victim.id)), "%s: the owner", calls[i].name);
}

/* --- where scopes come from --------------------------------------------------------- */

static void scopes_are(struct actor actor, struct scope own, enum scope_kind all, const char *name)
{
	struct scope s;

	f.op.actor = actor;
	s = scope_own(&f.op);
	ok(s.kind == own.kind && str_eq(s.id, own.id), "%s: own", name);
	s = scope_all(&f.op);
	ok(s.kind == all && !s.id, "%s: all", name);
	s = scope_of(&f.op, victim.id);
	ok(s.kind == (all == SCOPE_ALL ? SCOPE_USER : SCOPE_NOBODY), "%s: of a user", name);
	ok(scope_of(&f.op, NULL).kind == SCOPE_NOBODY, "%s: of no user", name);
}

static void test_making(void)
{
	const struct scope mine = of(other.id), nobody = { 0 };

	scopes_are((struct actor){ 0 }, nobody, SCOPE_NOBODY, "nobody");
	scopes_are((struct actor){ .source = "rest", .tenant_id = NOT_THERE, .session_id = NOT_THERE },
		   nobody, SCOPE_NOBODY, "a tenant and a session without a user");
	scopes_are((struct actor){ .user_id = other.id }, mine, SCOPE_NOBODY, "a user");
	scopes_are((struct actor){ .user_id = other.id, .role = ROLE_ADMIN }, mine, SCOPE_ALL, "an administrator");
	scopes_are((struct actor){ .role = ROLE_SUPER_ADMIN, .source = "shell" }, nobody, SCOPE_ALL, "the shell");
}

int main(void)
{
	scope_op_open();
	test_calls();
	test_making();
	fixture_close(&f);
	return tap_done();
}
