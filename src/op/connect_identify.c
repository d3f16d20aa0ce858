/*
 * op/connect_identify.c - tokens that are saved become the connection of their user, once
 * the provider has said whose they are.
 */
#include "config.h"

#include "base/str.h"
#include "op/audit.h"
#include "op/connect.h"
#include "op/connect_call.h"
#include "op/notification.h"
#include "op/vault.h"
#include "store/connect.h"
#include "store/connection_call.h"

#define TRIES 3
#define RETRY_MS (30 * SECOND_MS)
#define RETRY_MOST_MS (15 * 60 * SECOND_MS)
#define ASKED_MOST_MS DAY_MS        /* of tokens whose end is not known */

/* What an attempt to settle is about. */
struct settlement {
	const struct provider *p;
	const struct connection *c;
	const char *account;
	struct connection_end end;
	struct connection aside;
	struct connect_state finished;
	struct notification told;
	const char *outcome;
};

static const char *scopes_sentence(struct op *op, const struct connection *c)
{
	struct strings missing = scopes_missing(op->arena, c->scopes_asked, c->scopes_granted);

	return missing.n == 0 ? "" : arena_printf(op->arena, " Not granted: %s.",
						  strings_join(op->arena, missing, ", "));
}

/* The outcome, for the attempt, which has the id of the connection, and for the user. */
static void tell(struct op *op, struct settlement *s, const char *outcome, bool success,
		 const char *message)
{
	s->outcome = outcome;
	s->told = notification_prepare(op, s->c->user_id, s->c->tenant_id, s->c->provider, success, message);
	s->finished = (struct connect_state){ .id = s->c->id, .outcome = outcome, .message = message };
	s->end.told = &s->told;
	s->end.finished = &s->finished;
}

/* The new tokens go; at the provider too, where this ends no others. */
static void give_up(struct settlement *s)
{
	s->end.revoke = str_eq(s->p->revoke_kills, "token");
	s->end.drop = !s->end.revoke;
}

/* Another user, or another tenant, has this account by the same application. The first one
 * stays; its tokens may be spent by this, so it is refreshed. */
static void conflict(struct op *op, struct settlement *s, const struct connection *other)
{
	give_up(s);
	s->end.refresh_id = other->id;
	tell(op, s, OUTCOME_ELSEWHERE, false,
	     arena_printf(op->arena, "This %s account is connected elsewhere already: disconnect it there "
			  "first, or use an application of your own", s->p->title));
}

/* It would have said so with the tokens, so it cannot be asked again. */
static void nobody(struct op *op, struct settlement *s)
{
	give_up(s);
	tell(op, s, OUTCOME_FAILED, false,
	     arena_printf(op->arena, "%s was not connected: it did not say whose tokens these are. Connect again",
			  s->p->title));
}

static bool is_same(const struct connection_tokens *a, const struct connection_tokens *b)
{
	return str_eq(a->access_token, b->access_token) ||
	       (a->refresh_token && str_eq(a->refresh_token, b->refresh_token));
}

/* What the row had before is to be revoked, in the row that goes; not when it is, or ends, what
 * it has now. Of what its owner brought nobody knows. Best effort: what does not open stays. */
static bool set_aside(struct op *op, struct settlement *s, const struct connection *there,
		      const struct connection_tokens *now, struct err *err_r)
{
	struct connection_tokens old;
	bool same;

	if (!there->app_id || !s->p->revoke_url)
		return true;
	if (!connection_same_grant(op, there, &(struct connection){ .app_id = s->c->app_id,
								    .provider_user_id = s->account },
				   &same, err_r))
		return false;
	if ((same && !str_eq(s->p->revoke_kills, "token")) || !op_connection_open(op, there, &old, err_r) ||
	    is_same(&old, now))
		return true;
	s->aside = *there;
	s->aside.id = s->c->id;
	s->aside.connect_gen = s->c->connect_gen;
	s->aside.updated_at = op->now;
	s->end.aside = &s->aside;
	return op_connection_seal(op, &old, &s->aside, err_r);
}

/* Into the row that is there: its id stays. */
static bool move(struct op *op, struct settlement *s, struct connection *there, struct err *err_r)
{
	struct connection_tokens tokens;

	if (!op_connection_open(op, s->c, &tokens, err_r) || !set_aside(op, s, there, &tokens, err_r))
		return false;
	there->app_id = s->c->app_id;
	there->provider_user_id = s->account;
	there->state = CONNECTION_OK;
	there->reason = NULL;
	there->token_type = s->c->token_type;
	there->expires_at = s->c->expires_at;
	there->scopes_granted = s->c->scopes_granted;
	there->scopes_asked = s->c->scopes_asked;
	there->refreshed_at = s->c->refreshed_at;
	there->connected_at = s->c->connected_at;
	there->state_since = there->updated_at = op->now;
	s->end.replaced = there;
	s->end.scope = scope_connection(s->c);
	return op_connection_seal(op, &tokens, there, err_r);
}

/* *out: NULL = there is none. */
static bool found(bool there, struct connection *row, struct connection **out, struct err *err_r)
{
	*out = there ? row : NULL;
	return there || err_r->kind == ERR_NOT_FOUND;
}

static bool is_of(const struct connection *a, const struct connection *b)
{
	return str_eq(a->user_id, b->user_id) && str_eq(a->tenant_id, b->tenant_id);
}

/* own: that of its user, NULL = there is none. One that was connected later than this
 * answer came, which waited in a spool, stays. */
static bool plan_own(struct op *op, struct settlement *s, struct connection *own, struct err *err_r)
{
	if (own && own->connected_at > s->c->connected_at) {
		give_up(s);
		tell(op, s, OUTCOME_CONNECTED, true,
		     arena_printf(op->arena, "%s was connected anew since.", s->p->title));
		return true;
	}
	tell(op, s, OUTCOME_CONNECTED, true,
	     arena_printf(op->arena, "%s is connected.%s", s->p->title, scopes_sentence(op, s->c)));
	if (own)
		return move(op, s, own, err_r);
	s->end.account = s->account ? s->account : "";
	return true;
}

static bool plan(struct op *op, struct settlement *s, struct err *err_r)
{
	struct connection row, *other = NULL, *own = arena_new_struct(op->arena, struct connection);

	s->end = (struct connection_end){ .pending = s->c };
	if (!s->account && s->p->identity_field) {
		nobody(op, s);
		return true;
	}
	if (s->account && !found(store_connection_by_account(op->db, s->c, s->account, op->arena, &row, err_r),
				 &row, &other, err_r))
		return false;
	if (other && !is_of(other, s->c)) {
		conflict(op, s, other);
		return true;
	}
	return found(store_connection_of_user(op->db, s->c, op->arena, own, err_r), own, &own, err_r) &&
	       plan_own(op, s, own, err_r);
}

static bool settle(struct op *op, const struct settlement *s, struct err *err_r)
{
	bool connected = str_eq(s->outcome, OUTCOME_CONNECTED);
	const struct connection *told = s->end.replaced ? s->end.replaced : s->c;
	struct audit_event event = op_audit_of(op, connected ? AUDIT_CONNECTED : AUDIT_CONNECT_FAILED, told->id,
					       &connection_schema, told);

	event.user_id = s->c->user_id;
	event.tenant_id = s->c->tenant_id;
	return store_connection_settle(op->db, &event, &s->end, err_r);
}

/* A data key that it was sealed by was retired meanwhile. */
static bool is_outdated(struct op *op, const struct settlement *s)
{
	return (s->end.replaced && op_seal_outdated(op, s->end.replaced->key_id)) ||
	       (s->end.aside && op_seal_outdated(op, s->aside.key_id));
}

/* Another call may have made or ended what was looked at. */
bool op_connection_identify(struct op *op, const struct provider *p, const struct connection *c,
			    const char *account, const char **outcome_r, struct err *err_r)
{
	struct settlement s = { .p = p, .c = c, .account = account };

	for (int i = 0; i < TRIES; i++) {
		if (!plan(op, &s, err_r))
			return false;
		*outcome_r = s.outcome;
		if (settle(op, &s, err_r))
			return true;
		if (err_r->kind != ERR_NOT_FOUND && err_r->kind != ERR_CONFLICT && !is_outdated(op, &s))
			return false;
	}
	return false;
}

/* --- it did not say ---------------------------------------------------------------------------- */

static int64_t retry_at(const struct op *op, const struct connection *c)
{
	int64_t wait = RETRY_MS << (c->attempts < 6 ? c->attempts : 6);

	return op->now + (wait < RETRY_MOST_MS ? wait : RETRY_MOST_MS);
}

static int64_t last_of(const struct connection *c)
{
	return c->expires_at == TIME_NONE ? c->created_at + ASKED_MOST_MS : c->expires_at;
}

/* The attempt is over; the connection is asked about again. */
static bool finish_only(struct op *op, const struct provider *p, const struct connection *c,
			struct err *err_r)
{
	const struct connect_state s = {
		.id = c->id, .user_id = c->user_id, .tenant_id = c->tenant_id, .provider = c->provider,
		.outcome = OUTCOME_UNIDENTIFIED, .message = arena_printf(op->arena,
			"%s gave tokens, and has not said yet whose they are: it is asked again", p->title),
	};
	const struct notification told = notification_prepare(op, c->user_id, c->tenant_id, c->provider, true,
							      s.message);
	struct audit_event event = op_audit_of(op, AUDIT_CONNECT_CALLED_BACK, s.id, &connect_state_schema, &s);

	event.user_id = s.user_id;
	event.tenant_id = s.tenant_id;
	return store_connect_fail(op->db, &event, &s, &told, err_r);
}

bool op_connection_unidentified(struct op *op, const struct provider *p, const struct connection *c,
				const char *reason, struct err *err_r)
{
	struct settlement s = { .p = p, .c = c, .end = { .pending = c, .revoke = true } };

	if (retry_at(op, c) < last_of(c))
		return store_connection_retry(op->db, c, reason, retry_at(op, c), op->now, err_r) &&
		       (c->attempts > 0 || finish_only(op, p, c, err_r));
	tell(op, &s, OUTCOME_FAILED, false,
	     arena_printf(op->arena, "%s was not connected: it never said whose tokens these are. Connect again",
			  p->title));
	return settle(op, &s, err_r);
}
