/*
 * op/audit_link.c - appends events that wait to their chains. Of a chain that is broken
 * the log and a metric tell, and `pierre audit verify` says what is wrong.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "op/audit_hash.h"
#include "op/audit_link.h"
#include "store/audit_chain.h"

#define LEASE_MS 2000   /* after it another host goes on */
#define LEASE_FAR_MS 60000   /* an end further away was written by a wrong clock */
#define RETRY_MS 600000      /* a broken chain is looked at this often */
#define BATCH_LEAST 10

bool audit_head_holds(const struct subkey *key, const struct audit_head *head,
		      struct arena *arena)
{
	char mac[SHA256_HEX];

	audit_head_mac(key, head, arena, mac);
	return equal_ct(mac, head->mac);
}

struct append_state {
	struct arena *arena;
	struct audit_linker *linker;
	const struct subkey *key;   /* that signs heads */
	int64_t now;
};

static bool is_broken(const struct audit_linker *l, const char *chain)
{
	for (size_t i = 0; i < l->n_broken; i++)
		if (str_eq(l->broken[i], chain))
			return true;
	return false;
}

static bool set_broken(struct audit_linker *l, const char *chain, struct err *err_r)
{
	if (l->n_broken == AUDIT_BROKEN_MAX)
		return err_set(err_r, ERR_DATABASE, "More than %d heads of the audit trail are gone, old or "
			       "not written by this service; 'pierre audit verify' shows what was changed",
			       AUDIT_BROKEN_MAX);
	str_copy(l->broken[l->n_broken++], UUID_TEXT, chain);
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All chains but the broken ones; *n_r = n_broken + 1. */
static const struct audit_range *whole_ranges(const struct audit_linker *l, struct arena *arena,
					      size_t *n_r)
{
	struct audit_range *ranges = arena_alloc(arena, (l->n_broken + 1) * sizeof(*ranges));
	const char *names[AUDIT_BROKEN_MAX], *after = AUDIT_RANGE_ALL.after;

	for (size_t i = 0; i < l->n_broken; i++)
		names[i] = l->broken[i];
	qsort(names, l->n_broken, sizeof(*names), by_name);
	for (size_t i = 0; i < l->n_broken; i++) {
		ranges[i] = (struct audit_range){ after, arena_strdup(arena, names[i]) };
		after = ranges[i].before;
	}
	ranges[l->n_broken] = (struct audit_range){ after, AUDIT_RANGE_ALL.before };
	*n_r = l->n_broken + 1;
	return ranges;
}

/* The head is of the last link, and was written with the key; before the first link there
 * is none. */
static bool is_whole(const struct append_state *a, const struct audit_waiting *w,
		     const struct audit_head *head)
{
	return w->head_seq == w->last_seq &&
	       (w->head_seq == INT_NONE || audit_head_holds(a->key, head, a->arena));
}

/* Where the chain of this event ended so far; seq INT_NONE: it is broken. */
static bool begin_head(const struct append_state *a, const struct audit_waiting *w,
		       struct audit_head *head, struct err *err_r)
{
	char hash[SHA256_HEX];

	*head = (struct audit_head){ w->chain, w->head_seq, w->head_hash, w->head_mac, a->now };
	if (!is_whole(a, w, head)) {
		head->seq = INT_NONE;
		return is_broken(a->linker, w->chain) || set_broken(a->linker, w->chain, err_r);
	}
	if (w->head_seq != INT_NONE)
		return true;
	audit_begin_hash(w->chain, a->linker->unchained, a->arena, hash);
	head->seq = 0;
	head->hash = arena_strdup(a->arena, hash);
	return true;
}

static void end_head(const struct append_state *a, struct audit_head *head)
{
	char mac[SHA256_HEX];

	audit_head_mac(a->key, head, a->arena, mac);
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
	struct append_state *a = arg;
	struct audit_head *head = NULL;

	a->key = master_subkey_find(a->linker->keys, b->master_id);
	if (!a->key)
		return err_set(err_r, ERR_CONFIG, "This host has not the master key that signs the audit "
			       "trail: give it the ENCRYPTION_KEY of the other hosts and restart it");
	b->n_links = b->n_heads = 0;
	for (size_t i = 0; i < b->n; i++) {
		const struct audit_waiting *w = &b->waiting[i];

		b->filled[i] = false;
		if (w->linked_seq != INT_NONE)   /* rows that were moved here with their links */
			continue;
		if (!head || !str_eq(head->chain, w->chain)) {
			head = &b->heads[b->n_heads];
			if (!begin_head(a, w, head, err_r))
				return false;
			b->n_heads += head->seq != INT_NONE;
		}
		if (head->seq != INT_NONE)
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

/* A batch that was read and came too late was too big, for this link. */
static bool link_batch(struct op *op, struct audit_linker *l, const struct audit_range *ranges,
		       size_t n_ranges, bool *full_r, struct err *err_r)
{
	struct append_state a = { op->arena, l, NULL, op->now };
	const struct audit_linking in = {
		.host_id = l->host_id, .now = op->now, .until = op->now + LEASE_MS,
		.far = op->now + LEASE_FAR_MS, .ranges = ranges, .n_ranges = n_ranges, .limit = l->batch,
		.append = append, .arg = &a,
	};
	size_t n;
	bool done = store_audit_link(op->db, &in, op->arena, &n, err_r);

	*full_r = n == in.limit;
	if (!done && n > 0 && err_r->kind == ERR_UNAVAILABLE)
		l->batch = n / 2 > BATCH_LEAST ? n / 2 : BATCH_LEAST;
	else if (done && *full_r)
		l->batch += l->batch / 8 + 1;
	if (l->batch > AUDIT_PAGE)
		l->batch = AUDIT_PAGE;
	return done;
}

bool op_audit_link(struct op *op, struct audit_linker *l, bool *more_r, struct err *err_r)
{
	const struct audit_range *ranges;
	struct audit_lease lease;
	size_t n;

	*more_r = false;
	if (!l->keys || !master_subkey_find(l->keys, NULL))
		return err_set(err_r, ERR_INTERNAL, "There is no key for the audit trail");
	if (l->batch == 0)
		l->batch = AUDIT_PAGE;
	if (op->now >= l->retry_at) {
		l->n_broken = 0;
		l->retry_at = op->now + RETRY_MS;
	}
	ranges = whole_ranges(l, op->arena, &n);
	if (!store_audit_lease(op->db, ranges, n, op->arena, &lease, err_r)) {
		if (l->waits_since == TIME_NONE)   /* what waits is not known, so it is told */
			l->waits_since = op->now;
		return false;
	}
	l->waits_since = lease.waits_since;
	if (lease.waits_since == TIME_NONE || !is_mine(&lease, l, op->now))
		return true;
	if (!l->counted) {   /* which may take long, and to link must not */
		*more_r = true;
		return count(op, l, err_r);
	}
	return link_batch(op, l, ranges, n, more_r, err_r);
}
