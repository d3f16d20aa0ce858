/*
 * Sessions after the login: refresh, list, end, sweep. Tokens are only
 * ever compared by their SHA-256; the family secret says whose a refresh token
 * is before anything is done about it.
 */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "op/audit.h"
#include "op/cache.h"
#include "op/credential.h"
#include "op/owner.h"
#include "op/session_pair.h"
#include "op/vault.h"
#include "store/session.h"
#include "store/tenant.h"

#define MOVES_MAX 3   /* of a login whose tenant was suspended meanwhile, or the like */
#define SPENT_GRACE (10 * SECOND_MS)
#define PREVIOUS_ACCESS (60 * SECOND_MS)

/* --- begin ------------------------------------------------------------------ */

static void set_ends(const struct op *op, struct session_pair *out)
{
	out->access_expires_at = op->now + op->process->conf->access_token_ttl * SECOND_MS;
	out->expires_at = op->now + op->process->conf->refresh_token_ttl * SECOND_MS;
}

void session_pair_generate(const struct op *op, const char *session_id, char family_r[33],
			   struct session_pair *out)
{
	family_r[0] = '\0';
	token_access_generate(out->access, out->access_hash);
	token_refresh_generate(session_id, family_r, out->refresh, out->refresh_hash);
	sha256_hex(family_r, strlen(family_r), out->family_hash);
	set_ends(op, out);
}

void session_pair_show(const struct op *op, const struct session_pair *pair,
		       const char *session_id, struct session_tokens *out)
{
	int64_t left = pair->access_expires_at - op->now;

	*out = (struct session_tokens){
		.access_token = arena_strdup(op->arena, pair->access),
		.refresh_token = arena_strdup(op->arena, pair->refresh),
		.expires_in = left > 0 ? left / SECOND_MS : 0,
		.expires_at = pair->access_expires_at,
		.session_id = arena_strdup(op->arena, session_id),
	};
}

/* Who acts, once the credential has said so: the request has no actor yet. */
static struct audit_event event_of(const struct op *op, enum audit_type type,
				   const struct user *user, const char *session_id)
{
	struct audit_event event = op_audit(op, type, session_id);

	event.user_id = user->id;
	event.tenant_id = user->tenant_id ? user->tenant_id : user->id;
	return event;
}

/* The event, which is written first, names the tenant. */
static bool create_in_place(struct op *op, const struct user *user, struct session_new *s,
			    const struct session_login *login, struct err *err_r)
{
	struct audit_event event = event_of(op, AUDIT_USER_LOGIN, user, s->row.id);
	char tenant_id[UUID_TEXT];

	if (!store_tenant_of_login(op->db, user->id, tenant_id, err_r))
		return false;
	event.tenant_id = tenant_id[0] ? tenant_id : user->id;
	s->row.tenant_id = tenant_id[0] ? tenant_id : NULL;
	s->row.remote_addr = event.ip_address;
	s->row.user_agent = event.user_agent;
	return store_session_create(op->db, &event, s, login, err_r);
}

static bool is_moved(const struct err *err)
{
	return err->kind == ERR_UNAVAILABLE && str_eq(err->reason, SESSION_MOVED);
}

bool session_create(struct op *op, struct user *user, const struct session_login *login,
		    struct session_tokens *out, struct err *err_r)
{
	char id[UUID_TEXT], family[33];
	struct session_pair pair;
	struct session_new s = {
		.row = { .id = id, .user_id = user->id,
			 .created_at = op->now, .refreshed_at = op->now },
		.family_hash = pair.family_hash, .access_hash = pair.access_hash,
		.refresh_hash = pair.refresh_hash,
	};
	bool done = false;

	random_uuid(id);
	session_pair_generate(op, id, family, &pair);
	s.row.access_expires_at = pair.access_expires_at;
	s.row.expires_at = pair.expires_at;
	for (int i = 0; i < MOVES_MAX && !done; i++) {
		done = create_in_place(op, user, &s, login, err_r);
		if (!done && !is_moved(err_r))
			break;
	}
	if (done) {
		session_pair_show(op, &pair, id, out);
		user->last_active = op->now;
	}
	explicit_bzero(&pair, sizeof(pair));
	explicit_bzero(family, sizeof(family));
	return done;
}

bool op_session_create(struct op *op, const struct user *user, struct session_tokens *out,
		       struct err *err_r)
{
	const struct session_login login = {
		.hash_seen = user->password_hash, .hash_kept = user->password_hash,
	};
	struct user copy = *user;

	return owner_check(user->user_status, err_r) &&
		session_create(op, &copy, &login, out, err_r);
}

/* --- refresh ---------------------------------------------------------------- */

static bool unknown(struct err *err_r)
{
	return err_reason(err_r, ERR_AUTH_INVALID, "unknown", "%s", credential_session.unknown);
}

/* A session that is not found was ended, or never existed: the client gets one answer. */
static bool found(bool got, struct err *err_r)
{
	return got || (err_r->kind == ERR_NOT_FOUND ? unknown(err_r) : false);
}

static bool judge(int64_t expires_at, const struct op *op, const struct user *user,
		  struct err *err_r)
{
	if (expires_at <= op->now)
		return err_reason(err_r, ERR_AUTH_EXPIRED, "expired", "%s", credential_session.expired);
	return owner_check(user->user_status, err_r);
}

/* A token of this session that is neither the current nor a just spent one: there is a
 * copy of it, so neither holder may go on. */
static bool reused(struct op *op, const struct session_rotation *r,
		   const struct user *user, struct err *err_r)
{
	struct audit_event event = event_of(op, AUDIT_TOKEN_REUSED, user, r->id);
	bool done = store_session_reused(op->db, &event, r, err_r);

	op_changed(op, r->id);
	if (!found(done, err_r))
		return false;
	return err_reason(err_r, ERR_AUTH_INVALID, "reused",
			  "The refresh token was used before, so its session has ended");
}

static bool rotate(struct op *op, const struct session_rotation *r, const struct user *user,
		   struct err *err_r)
{
	struct audit_event event = event_of(op, AUDIT_TOKEN_REFRESHED, user, r->id);
	bool done = store_session_rotate(op->db, &event, r, err_r);

	op_changed(op, r->id);   /* the old access token ends sooner, and the one before it now */
	return done;
}

/* Of the seed in it. */
static void make_pair(const struct subkey *key, const char *session_id, const char *family,
		      struct session_pair *pair)
{
	token_access_derive(key, session_id, pair->seed, pair->access, pair->access_hash);
	token_refresh_derive(key, session_id, pair->seed, family, pair->refresh, pair->refresh_hash);
}

/* By the master key in use, which the other hosts have too. */
static bool make_new(struct op *op, const char *session_id, const char *family,
		     struct session_pair *pair, struct err *err_r)
{
	const struct master_subkeys *keys = op->process->pair_keys;
	const struct subkey *key = keys ? master_subkey_find(keys, op_vault_master(op)) : NULL;

	if (!key)
		return err_set(err_r, ERR_INTERNAL, "This process has no key to make pairs of tokens");
	token_seed_generate(pair->seed);
	make_pair(key, session_id, family, pair);
	set_ends(op, pair);
	return true;
}

/* The pair that is good now; false: it was not made with this seed and a key of ours. */
static bool make_again(const struct op *op, const char *session_id, const char *family,
		       const struct session_given *given, struct session_pair *pair)
{
	if (!given->seed)
		return false;
	str_copy(pair->seed, sizeof(pair->seed), given->seed);
	pair->access_expires_at = given->access_expires_at;
	for (size_t i = 0; i < MASTER_KEYS; i++) {
		const struct master_subkey *k = &op->process->pair_keys->of[i];

		if (!k->key.set)
			continue;
		make_pair(&k->key, session_id, family, pair);
		if (equal_ct(pair->access_hash, given->access_hash) &&
		    equal_ct(pair->refresh_hash, given->refresh_hash))
			return true;
	}
	return false;
}

/* Another request was faster with the same token, or its reply was lost. */
static bool give_again(struct op *op, const struct session_rotation *r, const char *family,
		       const struct user *user, struct session_pair *pair, struct err *err_r)
{
	struct audit_event event = event_of(op, AUDIT_TOKEN_REFRESHED, user, r->id);
	struct session_given given;

	if (!store_session_given(op->db, r, op->arena, &given, err_r))
		return err_r->kind == ERR_NOT_FOUND ? reused(op, r, user, err_r) : false;
	/* by an older program, with another key, or the password was changed since */
	if (!make_again(op, r->id, family, &given, pair))
		return err_reason(err_r, ERR_AUTH_INVALID, "spent",
				  "The refresh token was used a moment ago: use the pair that it gave, "
				  "or log in again");
	return store_session_given_again(op->db, &event, err_r);
}

bool op_session_refresh(struct op *op, const char *refresh_token, const char *user_id,
			struct session_tokens *out, struct user *user_r, struct err *err_r)
{
	char id[UUID_TEXT], family[33], family_hash[SHA256_HEX], presented[SHA256_HEX];
	struct session_pair pair;
	struct tenant_place place;
	struct session_ref ref;
	struct session_rotation r = {
		.id = id, .family_hash = family_hash, .presented_hash = presented,
		.seed = pair.seed, .access_hash = pair.access_hash,
		.refresh_hash = pair.refresh_hash, .now = op->now,
		.previous_until = op->now + PREVIOUS_ACCESS, .spent_since = op->now - SPENT_GRACE,
	};
	bool done;

	if (!token_refresh_parse(refresh_token, id, family))
		return unknown(err_r);
	sha256_hex(family, strlen(family), family_hash);
	token_hash(refresh_token, presented);
	if (!found(store_session_by_family(op->db, id, family_hash, op->arena, &ref,
					   user_r, &place, err_r), err_r) ||
	    !judge(ref.expires_at, op, user_r, err_r) || !credential_place_check(&place, err_r))
		return false;
	user_r->tenant_id = place.tenant_id;   /* of the session, and so of its events */
	if (user_id && !str_eq(user_id, user_r->id))
		return unknown(err_r);
	if (!make_new(op, id, family, &pair, err_r))
		return false;
	r.access_expires_at = pair.access_expires_at;
	r.expires_at = pair.expires_at;
	done = rotate(op, &r, user_r, err_r) ||
		(err_r->kind == ERR_NOT_FOUND && give_again(op, &r, family, user_r, &pair, err_r));
	if (done)
		session_pair_show(op, &pair, id, out);
	explicit_bzero(&pair, sizeof(pair));
	explicit_bzero(family, sizeof(family));
	return done;
}

/* --- list, end, sweep ------------------------------------------------------- */

bool op_session_list(struct op *op, struct scope scope, struct field_list *out,
		     struct err *err_r)
{
	return store_session_list(op->db, scope, op->actor.session_id, op->now, op->arena,
				  out, err_r);
}

bool op_session_end(struct op *op, struct scope scope, const char *session_id,
		    struct err *err_r)
{
	bool own = str_eq(session_id, op->actor.session_id);
	struct audit_event event;
	char id[UUID_TEXT];
	bool done;

	if (!session_id || !uuid_parse(session_id, id))
		return err_set(err_r, ERR_NOT_FOUND, "No such session");
	event = op_audit(op, own ? AUDIT_USER_LOGOUT : AUDIT_SESSION_ENDED, id);
	done = store_session_end(op->db, scope, id, &event, err_r);
	op_changed(op, id);
	return done;
}

bool op_session_sweep(struct op *op, int64_t *n_r, struct err *err_r)
{
	struct audit_event event;
	int64_t n;

	*n_r = 0;
	do {
		event = op_audit(op, AUDIT_SYSTEM_MAINTENANCE, NULL);
		if (!store_session_sweep(op->db, &event, op->now, &n, err_r))
			return false;
		*n_r += n;
	} while (n > 0);
	return true;
}
