/*
 * tests/db/op_connection.c - connections end with the tenant and with the place in it, and
 * nothing of them stays when the tenant is removed; one caller has a connection at a time.
 */
#include "config.h"

#include "op/refresh.h"
#include "scope_op.h"
#include "store/connection_call.h"
#include "store/refresh.h"

static struct connection row_of(int i)
{
	struct connection c;

	if (!store_connection_by_id(f.db, connection_ids[i], f.arena, &c, &err))
		bail_out("row_of", &err);
	return c;
}

static void test_claims(void)
{
	struct connection_claim first, second;
	struct connection c = row_of(0);

	ok(store_connection_claim(f.db, c.id, c.refresh_gen, f.arena, &first, &err), "a caller claims it");
	is_int(first.refresh_gen, c.refresh_gen + 1, "refresh_gen moves");
	ok(!store_connection_claim(f.db, c.id, c.refresh_gen, f.arena, &second, &err) &&
	   err.kind == ERR_CONFLICT, "another one that read the same does not: %s", err.message);
	ok(!store_connection_claim(f.db, c.id, first.refresh_gen, f.arena, &second, &err) &&
	   err.kind == ERR_CONFLICT, "nor one that read it since");
	c = row_of(0);
	ok(c.lease_until > 0 && str_eq(c.phase, PHASE_CLAIMED), "until its lease ends");
}

#define FAR_AHEAD INT64_C(4102444800000)   /* 2100-01-01, by the clock of a host */

static int64_t waiting(void)
{
	struct field_list all;

	if (!store_connection_pending(f.db, FAR_AHEAD, 10, f.arena, &all, &err))
		bail_out("pending", &err);
	return (int64_t)all.n;
}

/* Of one that has ended: what nobody can claim holds no place among those that wait. */
static void test_pending(void)
{
	struct connection_claim claim;
	struct connection c = row_of(1);

	is_str(c.phase, PHASE_IDLE, "what was ended during a call is nobody's");
	ok(waiting() == 1, "it waits to be revoked");
	ok(store_connection_claim(f.db, c.id, c.refresh_gen, f.arena, &claim, &err), "and can be claimed: %s", err.message);
	is_int(waiting(), 0, "while it is claimed it is not listed, also where a clock is far ahead");
	by_hand(&f, LOOK_END_CLAIM, c.id, "");
	is_int(waiting(), 1, "but once the claim has ended");
	if (!store_connection_retry(f.db, &c, "no_answer", FAR_AHEAD - 1, T0, &err))
		bail_out("retry", &err);
	is_int(row_of(1).attempts, 0, "a caller that claimed it before says nothing about it");
	c = row_of(1);
	if (!store_connection_retry(f.db, &c, "no_answer", FAR_AHEAD - 1, T0, &err))
		bail_out("retry", &err);
	ok(row_of(1).attempts == 1 && str_eq(row_of(1).phase, PHASE_IDLE), "the one that has it does");
}

/* A caller has sent something for it. */
static void send_for(int i)
{
	struct connection_claim claim;
	struct connection c = row_of(i);

	if (!store_connection_claim(f.db, c.id, c.refresh_gen, f.arena, &claim, &err))
		bail_out("claim", &err);
	c = row_of(i);
	if (!store_refresh_sent(f.db, &c, T0, &err))
		bail_out("sent", &err);
}

static void test_tenant_ends(void)
{
	struct membership place;
	struct tenant t;
	int64_t n;

	send_for(1);
	f.op.actor = (struct actor){ .source = "test", .user_id = victim.id, .tenant_id = victim.id };
	if (!op_tenant_enter(&f.op, team.id, TENANT_MEMBERS, &place, &err) ||
	    !op_tenant_delete(&f.op, scope_tenant(&f.op), team.id, team.slug, true, &err))
		bail_out("delete", &err);
	ok(row_of(1).ended_at != TIME_NONE && row_of(1).connect_gen == 1, "those of a deleted team have ended");
	ok(row_of(0).ended_at == TIME_NONE, "those of another tenant have not");
	test_pending();
	f.op.actor = (struct actor){ .source = "test", .role = ROLE_SUPER_ADMIN };
	f.op.now += TENANT_KEPT_MS;
	ok(op_tenant_sweep(&f.op, &n, &err), "30 days later the team goes: %s", err.message);
	ok(!op_tenant_get(&f.op, EVERY, team.id, &t, &err) && err.kind == ERR_NOT_FOUND, "wholly");
	ok(!store_connection_by_id(f.db, connection_ids[1], f.arena, &(struct connection){ 0 }, &err) &&
	   err.kind == ERR_NOT_FOUND, "with connections that no provider could be told of");
	const struct refresh_answer late = {
		.id = connection_ids[1], .user_id = victim.id, .tenant_id = team.id, .provider = "strava",
		.app_id = app_ids[1], .gen = 9, .access_token = "a", .refresh_token = "r",
		.expires_at = TIME_NONE, .answered_at = f.op.now,
	};
	bool written = true;
	/* a process that has not seen the team's data key */
	vault_free(&f.process.vault);
	f.process.vault = op_vault_open(&f.op);
	ok(op_refresh_write(&f.op, &late, &written, &err) && !written,
	   "an answer that a spool still has is outdated: %s", err.message);
	ok(!store_provider_app_by_id(f.db, app_ids[1], f.arena, &(struct provider_app){ 0 }, &err) &&
	   err.kind == ERR_NOT_FOUND, "and its application");
	ok(store_provider_app_by_id(f.db, app_ids[0], f.arena, &(struct provider_app){ 0 }, &err),
	   "a user's stays");
}

int main(void)
{
	scope_op_open();
	test_claims();
	test_tenant_ends();
	fixture_close(&f);
	return tap_done();
}
