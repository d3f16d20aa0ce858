/*
 * tests/db/op_vault_tenant.c - data keys of tenants, and an attempt to connect whose data key
 * goes at each step.
 */
#include "config.h"

#include "auth/auth.h"
#include "vault_op.h"
#include "op/connect.h"
#include "op/connect_call.h"
#include "op/provider_app.h"
#include "provider/providers.h"

/* --- of a tenant ------------------------------------------------------------------------------ */

/* The text, naming another data key (auth/seal.h). */
static const char *renamed(const char *sealed, uint32_t id)
{
	unsigned char raw[256];
	char *text = arena_alloc(f.arena, 2 * sizeof(raw));
	size_t n;

	if (!base64url_decode(sealed, raw, sizeof(raw), &n))
		bail_out("renamed", &err);
	for (int i = 0; i < 4; i++)
		raw[1 + i] = (unsigned char)(id >> (24 - 8 * i));
	base64url_encode(raw, n, text);
	return text;
}

/* Sc 54: another tenant, another key. */
static void test_two_tenants(void)
{
	static const struct seal_place place = { "t", "sealed_c", "r", { NULL } };
	struct user user = make_user(&f, "enterprise");
	struct tenant t[2];
	const char *sealed[2], *moved;
	int64_t own[2], id[2] = { 0, 0 };
	char *plain;
	size_t n;

	for (int i = 0; i < 2; i++) {
		if (!op_tenant_create(&f.op, of(user.id), &(struct tenant){ .name = "T", .slug = i ? "two" : "one" },
				      &t[i], &err))
			bail_out("tenant", &err);
		own[i] = rotate(t[i].id).id;
	}
	fresh_vault();
	for (int i = 0; i < 2; i++)
		ok(op_seal(&f.op, t[i].id, &place, "x", 1, &id[i], &sealed[i], &err) && id[i] == own[i],
		   "tenant %d seals by its own data key", i + 1);
	ok(own[0] != own[1] && !str_eq(sealed[0], sealed[1]), "which is another one");
	for (int i = 0; i < 2; i++) {
		uint32_t named = 0;

		ok(seal_key_id(sealed[i], &named) && named == own[i], "the text names it");
		moved = renamed(sealed[i], (uint32_t)own[!i]);
		ok(seal_key_id(moved, &named) && named == own[!i] &&
		   !op_seal_open(&f.op, &place, moved, &plain, &n, &err) && !plain && n == 0,
		   "that of the other one does not open it: %s", err.message);
		ok(op_seal_open(&f.op, &place, sealed[i], &plain, &n, &err) && n == 1, "its own does");
	}
}

/* Sc 54. */
static void test_tenant(void)
{
	static const struct seal_place place = { "t", "sealed_c", "r", { NULL } };
	struct user user = make_user(&f, "enterprise");
	struct tenant t;
	const char *sealed, *sealed_own;
	int64_t own, all = 0, id = 0, removed;
	char *plain;
	size_t n;

	if (!op_tenant_create(&f.op, of(user.id), &(struct tenant){ .name = "T", .slug = "t" }, &t, &err))
		bail_out("tenant", &err);
	fresh_vault();
	ok(op_seal(&f.op, t.id, &place, "x", 1, &all, &sealed, &err) && all == listed(all).id &&
	   !listed(all).tenant_id, "a tenant without a data key of its own has that of all");
	own = rotate(t.id).id;
	fresh_vault();
	ok(op_seal(&f.op, t.id, &place, "x", 1, &id, &sealed, &err) && id == own, "with one, its own");
	ok(op_seal_open(&f.op, &place, sealed, &plain, &n, &err) && n == 1, "and it opens");
	sealed_own = sealed;
	id = 0;
	ok(op_seal(&f.op, NULL, &place, "x", 1, &id, &sealed, &err) && id == all, "others go on with that of all");
	is_str(listed(all).state, "current", "both are current");
	is_str(listed(own).state, "current", "state");
	ok(!retire(own), "so it is not retired");
	must(arena_printf(f.arena, "DELETE FROM tenant_users WHERE tenant_id = '%s'", t.id));
	ok(!sql(arena_printf(f.arena, "DELETE FROM tenants WHERE id = '%s'", t.id)),
	   "a tenant with data keys goes only with them");
	must(arena_printf(f.arena, "UPDATE tenants SET is_active = FALSE, deleted_at = '2001-01-01T00:00:00.000Z'"
			  " WHERE id = '%s'", t.id));
	ok(op_tenant_sweep(&f.op, &removed, &err), "so its removal takes them");
	is_int(sql_number(arena_printf(f.arena, "SELECT count(*) FROM tenants WHERE id = '%s'", t.id)) +
	       listed(own).id, 0, "and both are gone");
	fresh_vault();
	ok(!op_seal_open(&f.op, &place, sealed_own, &plain, &n, &err) && !plain && str_eq(err.reason, "sealed"),
	   "what they sealed opens nowhere: %s", err.message);
}

/* --- an attempt to connect -------------------------------------------------------------------- */

/* What another process does meanwhile. */
static void rotate_and_rewrap(void *arg)
{
	(void)arg;
	rotate(NULL);
	rewrap();
}

static void rotate_and_retire(void *arg)
{
	int64_t old = *(int64_t *)arg;

	rotate_and_rewrap(NULL);
	if (!retire(old))
		bail_out("retire", &err);
}

static int64_t key_now(void)
{
	int64_t key;

	fresh_vault();
	if (!op_seal_key(&f.op, NULL, &key, &err))
		bail_out("key", &err);
	return key;
}

static void make_app(struct scope scope, struct provider *p)
{
	const struct providers *all = providers_read(f.arena, NULL, &err);

	f.conf.public_url = "https://pierre.example.org";
	if (!all || !provider_get(all, "google-health", f.op.now, p, &err) ||
	    !op_provider_app_put(&f.op, scope, p, &(struct provider_app){ .client_id = "c", .client_secret = "s" },
				 &(struct provider_app){ 0 }, &err))
		bail_out("app", &err);
}

/* A browser that comes back again costs one transaction, and one that counts seals. */
static void is_spent(struct op *op, const struct provider *p, const struct connect_callback *in, const char *when)
{
	int before = worst_calls(WORST_DB_TRANSACTION);
	struct connect_state s;

	ok(!op_connect_call_back(op, p, in, &s, &err) && err.kind == ERR_FORBIDDEN, "state and cookie are spent %s: %s",
	   when, err.message);
	ok(worst_calls(WORST_DB_TRANSACTION) <= before + 2, "which is tried once");
}

/* The data key of its secrets is another one before each of its steps has written. */
static void test_attempt(void)
{
	struct user user = make_user(&f, "starter");
	const struct scope scope = { .kind = SCOPE_USER, .id = user.id, .tenant_id = user.id };
	struct connect_callback in = { .code = "the code" };
	struct connect_visit visit;
	struct connect_link link;
	struct connect_state s;
	struct redemption r;
	struct op_process process;
	struct op other;
	struct provider p;
	int64_t old;

	make_app(scope, &p);
	old = key_now();
	other = another(&process);
	if (!op_connect_begin(&other, scope, &p, &link, &err))
		bail_out("begin", &err);
	worst(WORST_DB_TRANSACTION, (struct moment){ .nth = 2, .before = rotate_and_retire, .arg = &old });
	ok(op_connect_follow(&other, &p, strchr(link.start_url, '=') + 1, &visit, &err),
	   "the data key of a verifier is retired before it is written: %s", err.message);
	in.state = visit.state;
	in.cookie = visit.cookie;
	worst(WORST_DB_TRANSACTION, (struct moment){ .before = rotate_and_rewrap });
	ok(op_connect_call_back(&other, &p, &in, &s, &err), "the verifier is sealed again before the code is written");
	is_int(check().faults, 0, "code and verifier have one data key");
	vault_free(&process.vault);
	old = key_now();
	other = another(&process);
	worst(WORST_DB_TRANSACTION, (struct moment){ .after = rotate_and_retire, .arg = &old });
	ok(op_redemption_claim(&other, s.id, &r, &err), "that of a code is retired before it is opened: %s", err.message);
	is_str(r.code, "the code", "it opens");
	ok(r.verifier && strlen(r.verifier) == 43, "and so does the verifier");
	is_spent(&other, &p, &in, "while its code is redeemed");
	if (!op_redemption_fail(&other, &r.state, &p, OUTCOME_FAILED, "was stopped", NULL, &err))
		bail_out("fail", &err);
	is_spent(&other, &p, &in, "when it is over, and its row has no data key");
	vault_free(&process.vault);
}

int main(void)
{
	vault_begin();
	test_tenant();
	test_two_tenants();
	test_attempt();
	vault_free(&f.process.vault);
	fixture_close(&f);
	return tap_done();
}
