/*
 * tests/db/op_sweep.c - what is kept for a while goes when that is over, a page at a
 * time, and nothing else; on the backend of TEST_DATABASE_URL.
 */
#include "config.h"

#include "chain_op.h"
#include "op/admin_token.h"
#include "op/member.h"
#include "op/password_reset.h"
#include "op/sweep.h"

#define SERIES " FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1201) SELECT i FROM n) s"
#define USES(id, token, at) \
	"INSERT INTO admin_token_usage (id, token_id, timestamp, action, success, status_code)" \
	" SELECT " id ", " token ", '" at "', 'read', TRUE, 200" SERIES

static const char *const kinds[] = { "admin_token_usage", "password_resets", "tenant_invitations" };
static int64_t rows(size_t kind)
{
	return sql_number(arena_printf(f.arena, "SELECT count(*) FROM %s", kinds[kind]));
}

/* 1201 calls of a token, a reset and an invitation. */
static void make(void)
{
	struct user user = make_user(&f, NULL), guest = make_user(&f, NULL);
	struct admin_token token;
	struct invitation offer;
	struct tenant team;
	struct password_reset reset;
	const char *text;

	if (!op_admin_token_create(&f.op, &(struct admin_token){ .service_name = "cron",
			.expires_in_days = INT_NONE, .overlap_seconds = INT_NONE }, &token, &text, &err) ||
	    !op_tenant_create(&f.op, of(user.id), &(struct tenant){ .name = "Team",
			.rate_limit_requests = INT_NONE }, &team, &err) ||
	    !op_password_reset_create(&f.op, EVERY, guest.id, &reset, &err))
		bail_out("make", &err);
	f.op.actor.user_id = user.id;
	if (!op_invitation_create(&f.op, EVERY, team.id, &(struct invitation){ .email = guest.email,
			.role = "viewer" }, &offer, &err))
		bail_out("invite", &err);
	f.op.actor.user_id = NULL;
	if (!sql_of(arena_printf(f.arena, USES("printf('00000000-0000-4000-8000-%%012d', i)", "'%s'",
				 "2030-01-01T00:00:00.000Z"), token.id),
		    arena_printf(f.arena, USES("CAST('00000000-0000-4000-8000-' || lpad(CAST(i AS TEXT), 12, '0') AS UUID)",
				 "CAST('%s' AS UUID)", "2030-01-01T00:00:00.000Z"), token.id)))
		bail_out("uses", &err);
}

/* *pages_r: transactions, each with an event. */
static int64_t swept(int64_t after, int64_t *pages_r)
{
	int64_t n, before = look(&f, LOOK_AUDITS, NULL, NULL);

	f.op.now = T0 + after;
	if (!op_sweep(&f.op, &n, &err))
		bail_out("sweep", &err);
	*pages_r = look(&f, LOOK_AUDITS, NULL, NULL) - before;
	return n;
}

/* The first kind cannot be swept: the others are. */
static void test_one_fails(void)
{
	static const char hide[] = "ALTER TABLE tenant_invitations RENAME TO hidden";
	static const char show[] = "ALTER TABLE hidden RENAME TO tenant_invitations";
	int64_t n;

	f.op.now = T0 + 2 * DAY_MS;
	if (!sql_of(hide, hide))
		bail_out("hide", &err);
	ok(!op_sweep(&f.op, &n, &err), "a kind that cannot be swept is told: %s", err.message);
	is_int(n, 1, "the reset behind it goes, a day after its end");
	if (!sql_of(show, show))
		bail_out("show", &err);
}

int main(void)
{
	int64_t pages;

	chain_open();
	make();
	is_int(swept(DAY_MS, &pages), 0, "after a day all is there");
	is_int(pages, 0, "and nothing was written");
	test_one_fails();
	is_int(rows(1), 0, "that one");
	is_int(swept(37 * DAY_MS - 1, &pages), 0, "an invitation that ended after 7 days");
	is_int(swept(37 * DAY_MS, &pages), 1, "goes 30 days after it");
	is_int(rows(2), 0, "that one");
	is_int(swept(400 * DAY_MS - 1, &pages), 0, "calls of admin tokens are kept for 400 days");
	is_int(rows(0), 1201, "all of them");
	is_int(swept(400 * DAY_MS, &pages), 1201, "and go then");
	is_int(pages, 3, "500 in a transaction");
	is_int(rows(0), 0, "to the last");
	is_int(swept(500 * DAY_MS, &pages), 0, "again: nothing to drop");
	fixture_close(&f);
	return tap_done();
}
