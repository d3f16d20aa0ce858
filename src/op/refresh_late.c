/* op/refresh_late.c - tokens that nobody waits for any more. */
#include "config.h"

#include "base/log.h"
#include "base/str.h"
#include "op/audit.h"
#include "op/refresh_late.h"
#include "op/vault.h"
#include "provider/providers.h"
#include "store/connection.h"

static bool is_revoked_alone(const struct op *op, const char *provider)
{
	const struct providers *all = op->process->providers;
	struct provider p;
	struct err err;

	return all && provider_get(all, provider, op->now, &p, &err) && p.revoke_url &&
	       str_eq(p.revoke_kills, "token");
}

/* A provider may give what it gave before, and the owner bring it anew: that is in use. What
 * cannot be opened is not known to be another one. */
static bool has_one_of(struct op *op, const struct connection *c, const struct refresh_answer *a)
{
	struct connection_tokens tokens;
	struct err err;

	return !op_connection_open(op, c, &tokens, &err) || str_eq(tokens.access_token, a->access_token) ||
	       (a->refresh_token && tokens.refresh_token && str_eq(tokens.refresh_token, a->refresh_token));
}

/* Newer tokens of the same connection: it is as it should be. */
static bool goes_on(const struct connection *c, const struct refresh_answer *a)
{
	return c->ended_at == TIME_NONE && c->connect_gen == a->connect_gen;
}

struct leaving {
	const struct refresh_answer *a;
	const char *provider_user_id;
};

static bool leave(struct op *op, void *arg, int64_t *key_id_r, struct err *err_r)
{
	const struct leaving *l = arg;
	const struct refresh_answer *a = l->a;
	const struct connection_tokens tokens = { a->access_token, a->refresh_token };
	struct connection c = connection_new(op, a->user_id, a->tenant_id, a->provider);
	struct audit_event event;

	c.app_id = a->app_id;
	c.provider_user_id = l->provider_user_id;
	c.state = CONNECTION_UNIDENTIFIED;
	c.reason = "late";
	c.expires_at = a->expires_at;
	c.ended_at = c.retry_at = op->now;
	if (!op_connection_seal(op, &tokens, &c, err_r))
		return false;
	*key_id_r = c.key_id;
	event = op_audit_of(op, AUDIT_TOKENS_LATE, c.id, &connection_schema, &c);
	event.user_id = c.user_id;
	event.tenant_id = c.tenant_id;
	return store_connection_add(op->db, &event, &c, err_r);
}

bool op_refresh_late(struct op *op, const struct refresh_answer *a, struct err *err_r)
{
	struct leaving l = { .a = a };
	struct connection there;
	bool is_there;

	if (!is_revoked_alone(op, a->provider))
		return true;
	is_there = store_connection_by_id(op->db, a->id, op->arena, &there, err_r);
	if (!is_there && err_r->kind != ERR_NOT_FOUND)
		return false;
	if (is_there && (goes_on(&there, a) || has_one_of(op, &there, a)))
		return true;
	l.provider_user_id = is_there ? there.provider_user_id : a->account;
	if (op_seal_retry(op, leave, &l, err_r))
		return true;
	if (err_is_passing(err_r))
		return false;
	/* its user, tenant or application is gone too */
	log_warn("late_tokens_dropped", LOG_S("provider", a->provider), LOG_S("error", err_r->message));
	return true;
}
