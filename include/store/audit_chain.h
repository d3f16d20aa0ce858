/*
 * store/audit_chain.h - the links of the audit trail. What is hashed, and how a
 * chain goes on, is op/audit_link.c's; what makes it true, op/audit_verify.c's.
 */
#ifndef PIERRE_STORE_AUDIT_CHAIN_H
#define PIERRE_STORE_AUDIT_CHAIN_H

#include "base/arena.h"
#include "base/err.h"
#include "model/audit_chain.h"

struct db;

#define AUDIT_PAGE 1000   /* of a batch, and of store_audit_walk() */

/* The chains between two in the order of their names, without these. All there are:
 * AUDIT_RANGE_ALL. */
struct audit_range {
	const char *after, *before;
};
#define AUDIT_RANGE_ALL ((struct audit_range){ "", "~" })   /* a chain is "system" or a UUID */

/* Events outside of the ranges are not counted in out->waits_since. n > 0. */
bool store_audit_lease(struct db *db, const struct audit_range *ranges, size_t n, struct arena *arena,
		       struct audit_lease *out, struct err *err_r);

/* What a batch, or the part of it from one range, is to become. */
struct audit_batch {
	struct audit_waiting *waiting;   /* by chain, then in the order of time */
	size_t n;
	const char *master_id;           /* of the master key that signs heads; NULL: none is named yet */
	struct audit_link *links;        /* space for n */
	size_t n_links;
	struct audit_head *heads;        /* space for n */
	size_t n_heads;
	/* of waiting[i].event that had no pii_hash, the append made one: filled[i] */
	bool *filled;
};
/* Fills links, heads and filled, also when it is called again. What it makes no link for
 * goes on waiting. */
typedef bool audit_append_fn(void *arg, struct audit_batch *b, struct err *err_r);

struct audit_linking {
	const char *host_id;
	int64_t now, until;        /* of the lease */
	int64_t far;               /* one that ends after it was written by a wrong clock, and is free */
	const struct audit_range *ranges;   /* what is read, in this order */
	size_t n_ranges;
	size_t limit;              /* of events */
	audit_append_fn *append;
	void *arg;
};
/* One transaction: take or keep the lease for the host; for each range read events that
 * wait, append, write. The row of the lease is locked meanwhile, so no two links are appended at once.
 * *n_r = events that were read, also when it fails later; 0 when another host has the
 * lease. */
bool store_audit_link(struct db *db, const struct audit_linking *in, struct arena *arena,
		      size_t *n_r, struct err *err_r);

/* Events that are older than the chain; the number never changes. Reads them all. */
bool store_audit_unchained(struct db *db, int64_t *n_r, struct err *err_r);
bool store_audit_pending(struct db *db, int64_t *n_r, struct err *err_r);
/* Of struct audit_head, by chain. */
bool store_audit_heads(struct db *db, struct arena *arena, struct field_list *out,
		       struct err *err_r);
/* The system's, then those with a link since then, the last ones first. */
bool store_audit_heads_recent(struct db *db, int64_t since, int64_t limit, struct arena *arena,
			      struct field_list *out, struct err *err_r);
/* ERR_NOT_FOUND: the chain has none. */
bool store_audit_head(struct db *db, const char *chain, struct arena *arena,
		      struct audit_head *out, struct err *err_r);
bool store_audit_end(struct db *db, const char *chain, struct arena *arena,
		     struct audit_end *out, struct err *err_r);
/* Of struct audit_chain: all there are. */
bool store_audit_chains(struct db *db, struct arena *arena, struct field_list *out,
			struct err *err_r);
/* Of struct audit_entry: up to AUDIT_PAGE links behind seq. */
bool store_audit_walk(struct db *db, const char *chain, int64_t seq, struct arena *arena,
		      struct field_list *out, struct err *err_r);
/* ERR_NOT_FOUND: there is no such link. */
bool store_audit_link_get(struct db *db, const char *chain, int64_t seq, struct arena *arena,
			  struct audit_link *out, struct err *err_r);
/* Of struct audit_unlinked: events that should have a link, those that wait since
 * before a moment, and what waits for a link though its event is gone. */
bool store_audit_unlinked(struct db *db, int64_t before, int64_t limit, struct arena *arena,
			  struct field_list *out, struct err *err_r);

#endif
