/* op/claim.c - claims of requests with an Idempotency-Key, and their sealed replies. */
#include "config.h"

#include <string.h>

#include "auth/seal.h"
#include "op/cache.h"
#include "op/claim.h"
#include "op/vault.h"
#include "store/claim.h"

/* --- begin -------------------------------------------------------------------------- */

/* The key of one tenant is not that of another. */
static const char *key_hash(const struct op *op, const char *key)
{
	const char *tenant = op->actor.tenant_id ? op->actor.tenant_id : "";
	const char *text = arena_printf(op->arena, "%s\n%s", tenant, key);
	char hash[SHA256_HEX];

	sha256_hex(text, strlen(text), hash);
	return arena_strdup(op->arena, hash);
}

bool op_claim_begin(struct op *op, const char *key, const char *route, const char *request,
		    size_t n, struct err *err_r)
{
	const char *owner = op->actor.token_id ? op->actor.token_id : op->actor.user_id;
	char fingerprint[SHA256_HEX];

	if (!owner || !op->process->reply_keys)
		return err_set(err_r, ERR_INTERNAL, "This process cannot keep replies, or nobody acts");
	sha256_hex(request, n, fingerprint);
	op->claim = arena_new_struct(op->arena, struct claim);
	*op->claim = (struct claim){
		.owner_id = owner, .key_hash = key_hash(op, key), .route = route,
		.fingerprint = arena_strdup(op->arena, fingerprint), .sealed_reply = "",
		.created_at = op->now, .expires_at = op->now + CLAIM_KEPT_MS,
	};
	return true;
}

/* --- the reply ----------------------------------------------------------------------- */

/* By the master key in use, which the other hosts have too. */
static struct seal_key reply_key(struct op *op)
{
	const struct master_subkeys *keys = op->process->reply_keys;
	const struct subkey *found = master_subkey_find(keys, op_vault_master(op));

	return (struct seal_key){ .id = 0, .key = found ? *found : keys->of[0].key };
}

/* A reply opens only in the row of its request. */
static struct seal_place place_of(const struct op *op, const struct claim *c)
{
	return (struct seal_place){
		.table = "idempotency_keys", .column = "sealed_reply",
		.row = arena_printf(op->arena, "%s/%s", c->owner_id, c->key_hash),
		.bound = { c->fingerprint, c->event_id },
	};
}

static bool open_reply(struct op *op, const struct claim *row, struct claim_reply *out,
		       struct err *err_r)
{
	struct seal_place place = place_of(op, row);
	char *text = NULL;
	bool done = false;

	for (size_t i = 0; i < MASTER_KEYS && !done; i++) {
		struct seal_key key = { .id = 0, .key = op->process->reply_keys->of[i].key };

		done = seal_open(&key, &place, row->sealed_reply, op->arena, &text, &out->n, err_r);
		explicit_bzero(&key, sizeof(key));
	}
	out->text = text;
	out->status = row->status;
	if (done)
		return true;
	op->claim->made = row->made;
	return err_reason(err_r, ERR_CONFLICT, "reply_gone", "The request was done, but its reply was "
			  "sealed by a key that is not in use any more: look at what it made, %s",
			  row->made ? row->made : "and repeat nothing");
}

bool op_claim_find(struct op *op, struct claim_reply *out, bool *found_r, struct err *err_r)
{
	struct claim row;

	*found_r = store_claim_find(op->db, op->claim->owner_id, op->claim->key_hash, op->now,
				    op->arena, &row, err_r);
	if (!*found_r)
		return err_r->kind == ERR_NOT_FOUND;
	if (!str_eq(row.fingerprint, op->claim->fingerprint))
		return err_reason(err_r, ERR_INVALID, "other_request",
				  "This Idempotency-Key was used for another request: use a new one");
	return open_reply(op, &row, out, err_r);
}

/* --- end ------------------------------------------------------------------------------ */

static void tell_changes(struct op *op)
{
	struct claim_change *c = op->claim->changes;

	op->claim->changes = NULL;
	for (; c; c = c->next)
		op_changed(op, c->id);
}

bool op_claim_commit(struct op *op, const struct claim_reply *reply, bool *again_r,
		     struct err *err_r)
{
	struct seal_key key = reply_key(op);
	struct seal_place place = place_of(op, op->claim);
	bool done;

	*again_r = false;
	op->claim->status = reply->status;
	done = seal(&key, &place, reply->text, reply->n, op->arena, &op->claim->sealed_reply, err_r);
	explicit_bzero(&key, sizeof(key));
	if (done)
		done = store_claim_commit(op->db, op->claim, again_r, err_r);
	else
		store_claim_drop(op->db, op->claim);
	tell_changes(op);
	return done;
}

void op_claim_drop(struct op *op)
{
	store_claim_drop(op->db, op->claim);
	op->claim->changes = NULL;
}

bool op_claim_refused(const struct op *op, struct err *err_r)
{
	if (!op->claim->late || err_r->kind != ERR_UNAVAILABLE)
		return false;
	return err_reason(err_r, ERR_CONFLICT, "in_progress", "A request with this Idempotency-Key is "
			  "still running: repeat it in a moment, for its reply");
}
