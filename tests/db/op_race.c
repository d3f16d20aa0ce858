/*
 * tests/db/op_race.c - first starts, first admins, suspensions and approvals at
 * once, in processes of their own, on the backend of TEST_DATABASE_URL.
 */
#include "config.h"

#include "op/instance.h"
#include "op_account.h"

/* Run in processes of their own: what two who come at once may do. */
enum { DONE, REFUSED, FAILED };

static int outcome(bool good, const struct err *why)
{
	if (good)
		return DONE;
	return why->kind == ERR_CONFLICT || why->kind == ERR_AUTH_INVALID ? REFUSED : FAILED;
}

static int child_setup(struct fixture *mine, int index, void *token)
{
	struct err why;
	struct user u;
	bool good = op_admin_setup(&mine->op, &(struct user){
		.setup_token = token, .password = PASSWORD,
		.email = arena_printf(mine->arena, "root%d@example.org", index) }, &u, &why);

	return outcome(good, &why);
}

static int child_key(struct fixture *mine, int index, void *arg)
{
	struct err why;
	bool open;

	(void)arg;
	mine->conf.encryption_key = index % 2 ? KEY_A : KEY_B;
	if (op_instance_check_key(&mine->op, &open, &why))
		return DONE;
	return why.kind == ERR_CONFIG ? REFUSED : FAILED;
}

static int child_suspend(struct fixture *mine, int index, void *ids)
{
	struct err why;
	struct user u;
	bool good = op_user_suspend(&mine->op, EVERY, ((const char **)ids)[index], NULL, &u, &why);

	return outcome(good, &why);
}

static int child_approve(struct fixture *mine, int index, void *id)
{
	struct user_approve_in in = { .create_default_tenant = true };
	struct tenant tenant;
	struct err why;
	struct user u;

	(void)index;
	if (!op_user_approve(&mine->op, EVERY, id, &in, &u, &tenant, &why))
		return FAILED;
	return tenant.id ? DONE : REFUSED;
}

static void test_first_start_race(void)
{
	int counts[OUTCOMES];
	const char *token;

	at_once(&f, 8, child_key, NULL, counts);
	is_int(counts[DONE], 4, "8 first starts at once with two keys: one key stays");
	is_int(counts[REFUSED], 4, "the other is refused");
	done(op_admin_setup_token(&f.op, &token, &err), "a token");
	at_once(&f, 6, child_setup, arena_strdup(f.arena, token), counts);
	is_int(counts[DONE], 1, "of 6 at once with the token, one is the first admin");
	is_int(counts[REFUSED], 5, "and 5 are refused");
	is_int(look(&f, LOOK_USERS, NULL, NULL), 1, "there is one user");
}

/* The one active admin there is. */
static const char *only_admin(void)
{
	struct user_query in = { .page.limit = 200, .status = "active" };
	struct page_out out = { 0 };

	if (!op_user_list(&f.op, EVERY, &in, &out, &err) || out.rows.n != 1)
		return NULL;
	return ((const struct user *)out.rows.items)[0].id;
}

/* One round may go well by luck; many do not. */
static void test_admin_race(void)
{
	enum { ROUNDS = 12, ADMINS = 3 };
	struct user in = { .password = PASSWORD, .is_admin = true };
	int counts[OUTCOMES], suspended = 0, refused = 0;
	const char *ids[ADMINS] = { only_admin() };
	struct user u;

	for (int round = 0; round < ROUNDS && ids[0]; round++) {
		for (int i = 1; i < ADMINS; i++) {
			in.email = arena_printf(f.arena, "admin%d-%d@example.org", round, i);
			if (!op_user_create(&f.op, &in, &u, &err))
				return (void)done(false, "another admin");
			ids[i] = u.id;
		}
		at_once(&f, ADMINS, child_suspend, ids, counts);
		suspended += counts[DONE];
		refused += counts[REFUSED];
		ids[0] = only_admin();
	}
	is_int(suspended, ROUNDS * (ADMINS - 1), "of 3 admins suspended at once, two are");
	is_int(refused, ROUNDS, "and one stays, every time");
}

static void test_approval_race(void)
{
	int counts[OUTCOMES];
	struct user u;

	ok(add("race@example.org", NULL, &u), "registered");
	at_once(&f, 5, child_approve, (void *)(uintptr_t)u.id, counts);
	is_int(counts[DONE], 1, "of 5 approvals at once, one makes the tenant");
	is_int(counts[REFUSED], 4, "the others find it");
}

int main(void)
{
	fixture_open(&f);
	test_first_start_race();
	test_admin_race();
	test_approval_race();
	fixture_close(&f);
	return tap_done();
}
