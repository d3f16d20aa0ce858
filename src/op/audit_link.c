/*
 * op/audit_link.c - appends events that wait to their chains. A head that was not
 * written with the key is never gone on from: then nothing is linked, the log and
 * the metric say so, and `pierre audit verify` says what is wrong.
 */
#include "config.h"

#include "op/audit_hash.h"
#include "op/audit_link.h"
#include "store/audit_chain.h"

#define LEASE_MS 2000   /* after it another host goes on */
#define LEASE_FAR_MS 60000   /* an end further away was written by a wrong clock */

bool audit_head_holds(const struct subkey *key, const struct audit_head *head,
		      struct arena *arena)
{
	char mac[SHA256_HEX];

	audit_head_mac(key, head, arena, mac);
	return equal_ct(mac, head->mac);
}

struct append_state {
	struct arena *arena;
	const struct audit_linker *linker;
	int64_t now;
};

/* Where the chain of this event ended so far. */
static bool begin_head(const struct append_state *a, const struct audit_waiting *w,
		       struct audit_head *head, struct err *err_r)
{
	char hash[SHA256_HEX];

	*head = (struct audit_head){ w->chain, w->head_seq, w->head_hash, w->head_mac, a->now };
	if (w->head_seq == INT_NONE) {
		audit_begin_hash(w->chain, a->linker->unchained, a->arena, hash);
		head->seq = 0;
		head->hash = arena_strdup(a->arena, hash);
		return true;
	}
	return audit_head_holds(a->linker->key, head, a->arena) ||
	       err_set(err_r, ERR_DATABASE, "The head of the audit chain %s was not written by this "
		       "service; 'pierre audit verify' shows what was changed", w->chain);
}

static void end_head(const struct append_state *a, struct audit_head *head)
{
	char mac[SHA256_HEX];

	audit_head_mac(a->linker->key, head, a->arena, mac);
	head->mac = arena_strdup(a->arena, mac);
}

static void append_one(const struct append_state *a, struct audit_batch *b, size_t i,
		       struct audit_head *head)
{
	struct audit_waiting *w = &b->waiting[i];
	char hash[SHA256_HEX];

	b->filled[i] = !w->event.pii_hash && audit_pii(&w->event, a->arena);
	audit_link_hash(head->hash, w->chain, ++head->seq, &w->event, a->arena, hash);
	head->hash = arena_strdup(a->arena, hash);
	b->links[b->n_links++] = (struct audit_link){ w->chain, head->seq, w->event.id, head->hash };
}

static bool append(void *arg, struct audit_batch *b, struct err *err_r)
{
	const struct append_state *a = arg;
	struct audit_head *head = NULL;

	b->n_links = b->n_heads = 0;
	for (size_t i = 0; i < b->n; i++) {
		const struct audit_waiting *w = &b->waiting[i];

		if (w->linked_seq != INT_NONE)   /* rows that were moved here with their links */
			continue;
		if (!head || !str_eq(head->chain, w->chain)) {
			head = &b->heads[b->n_heads++];
			if (!begin_head(a, w, head, err_r))
				return false;
		}
		append_one(a, b, i, head);
	}
	for (size_t i = 0; i < b->n_heads; i++)
		end_head(a, &b->heads[i]);
	return true;
}

static bool is_mine(const struct audit_lease *lease, const struct audit_linker *l, int64_t now)
{
	return str_eq(lease->host_id, l->host_id) || lease->until_at <= now ||
	       lease->until_at > now + LEASE_FAR_MS;
}

/* The first link of the system's chain says how many events are older. */
static bool count(struct op *op, struct audit_linker *l, struct err *err_r)
{
	struct audit_head head;

	if (!store_audit_head(op->db, AUDIT_SYSTEM, op->arena, &head, err_r) &&
	    (err_r->kind != ERR_NOT_FOUND || !store_audit_unchained(op->db, &l->unchained, err_r)))
		return false;
	l->counted = true;
	return true;
}

bool op_audit_link(struct op *op, struct audit_linker *l, bool *more_r, struct err *err_r)
{
	struct append_state a = { op->arena, l, op->now };
	struct audit_lease lease;
	size_t n;

	*more_r = false;
	if (!l->key || !l->key->set)
		return err_set(err_r, ERR_INTERNAL, "There is no key for the audit trail");
	if (!store_audit_lease(op->db, op->arena, &lease, err_r))
		return false;
	l->waits_since = lease.waits_since;
	if (lease.waits_since == TIME_NONE || !is_mine(&lease, l, op->now))
		return true;
	if (!l->counted) {   /* which may take long, and to link must not */
		*more_r = true;
		return count(op, l, err_r);
	}
	if (!store_audit_link(op->db, l->host_id, op->now, op->now + LEASE_MS, op->now + LEASE_FAR_MS, append, &a,
			      op->arena, &n, err_r))
		return false;
	*more_r = n == AUDIT_PAGE;
	return true;
}
