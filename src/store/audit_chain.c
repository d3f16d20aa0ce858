/*
 * store/audit_chain.c - one batch of links as a transaction, and reading chains.
 */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "db/query.h"
#include "db/transaction.h"
#include "store/audit_chain.h"
#include "store/data_key.h"
#include "store/sql.h"

#define RANGE_ARGS(range) .after = db_text((range)->after), .before = db_text((range)->before)

static int64_t earlier(int64_t a, int64_t b)
{
	if (a == TIME_NONE || b == TIME_NONE)
		return a == TIME_NONE ? b : a;
	return a < b ? a : b;
}

bool store_audit_lease(struct db *db, const struct audit_range *ranges, size_t n, struct arena *arena,
		       struct audit_lease *out, struct err *err_r)
{
	int64_t since = TIME_NONE;

	for (size_t i = 0; i < n; i++) {
		if (!db_get(db, SQL_ARGS(audit_lease_get, RANGE_ARGS(&ranges[i])), &audit_lease_schema,
			    arena, out, "The lease of the audit trail is gone: restore a backup", err_r))
			return false;
		since = earlier(since, out->waits_since);
	}
	out->waits_since = since;
	return true;
}

/* --- a batch --------------------------------------------------------------------- */

struct linking {
	const struct audit_linking *in;
	struct arena *arena;
	const char *master_id;
	size_t n;                  /* events that were read */
};

static bool read_batch(struct db *db, const struct linking *l, const struct audit_range *range,
		       struct audit_batch *b, struct err *err_r)
{
	struct field_list list;

	if (!db_list(db, SQL_ARGS(audit_batch, RANGE_ARGS(range),
				  .limit = db_int((int64_t)(l->in->limit - l->n))),
		     &audit_waiting_schema, l->arena, &list, err_r))
		return false;
	*b = (struct audit_batch){
		.master_id = l->master_id,
		.waiting = (struct audit_waiting *)(uintptr_t)list.items, .n = list.n,
		.links = arena_alloc(l->arena, (list.n + 1) * sizeof(*b->links)),
		.heads = arena_alloc(l->arena, (list.n + 1) * sizeof(*b->heads)),
		.filled = arena_alloc(l->arena, (list.n + 1) * sizeof(*b->filled)),
	};
	return true;
}

static bool write_links(struct db *db, const struct linking *l, const struct audit_batch *b,
			struct err *err_r)
{
	union sql_audit_link_insert *rows =
		arena_alloc(l->arena, (b->n_links + 1) * sizeof(*rows));

	for (size_t i = 0; i < b->n_links; i++) {
		const struct audit_link *link = &b->links[i];

		rows[i] = (union sql_audit_link_insert)SQL_VALUES(audit_link_insert,
			.chain = db_text(link->chain), .seq = db_int(link->seq),
			.event_id = db_text(link->event_id), .hash = db_text(link->hash));
	}
	return b->n_links == 0 || db_bulk(db, SQL_ROWS(audit_link_insert, rows, b->n_links), err_r);
}

static bool write_heads(struct db *db, const struct audit_batch *b, struct err *err_r)
{
	for (size_t i = 0; i < b->n_heads; i++)
		if (!db_write(db, SQL_ROW(audit_head_set, &audit_head_schema, &b->heads[i]),
			      NULL, err_r))
			return false;
	return true;
}

static bool fill(struct db *db, const struct audit_batch *b, struct err *err_r)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct audit_event *e = &b->waiting[i].event;

		if (b->filled[i] &&
		    !db_write_one(db, SQL_ARGS(audit_fill, .id = db_text(e->id),
					       .pii_salt = db_text(e->pii_salt),
					       .pii_hash = db_text(e->pii_hash)),
				  "An event of the audit trail is gone", err_r))
			return false;
	}
	return true;
}

/* They are in the order of chains, but within a chain in that of time. */
static bool remove_pending(struct db *db, const struct audit_range *range,
			   const struct audit_batch *b, struct err *err_r)
{
	const struct audit_waiting *w = &b->waiting[b->n - 1];
	const char *chain = w->chain, *last = w->event.id;

	for (size_t i = b->n; i > 0 && str_eq(b->waiting[i - 1].chain, chain); i--)
		if (strcmp(b->waiting[i - 1].event.id, last) > 0)
			last = b->waiting[i - 1].event.id;
	return db_write(db, SQL_ARGS(audit_pending_done, .after = db_text(range->after),
				     .last_chain = db_text(chain), .last_id = db_text(last)), NULL, err_r);
}

static bool link_range(struct db *db, struct linking *l, const struct audit_range *range,
		       struct err *err_r)
{
	struct audit_batch b;

	if (!read_batch(db, l, range, &b, err_r))
		return false;
	l->n += b.n;
	return b.n == 0 ||
	       (l->in->append(l->in->arg, &b, err_r) && fill(db, &b, err_r) &&
		write_links(db, l, &b, err_r) && write_heads(db, &b, err_r) &&
		remove_pending(db, range, &b, err_r));
}

static bool link_tx(struct db *db, void *arg, struct err *err_r)
{
	struct linking *l = arg;
	const struct audit_linking *in = l->in;
	int64_t taken;

	l->n = 0;
	if (!db_write(db, SQL_ARGS(audit_lease_take, .host_id = db_text(in->host_id),
				   .now = db_time(in->now), .until_at = db_time(in->until),
				   .far = db_time(in->far)),
		      &taken, err_r))
		return false;
	if (taken == 0)
		return true;
	/* under the lease, which a change of the master key holds too */
	if (!store_data_key_master(db, l->arena, &l->master_id, err_r))
		return false;
	for (size_t i = 0; i < in->n_ranges && l->n < in->limit; i++)
		if (!link_range(db, l, &in->ranges[i], err_r))
			return false;
	return true;
}

bool store_audit_link(struct db *db, const struct audit_linking *in, struct arena *arena,
		      size_t *n_r, struct err *err_r)
{
	struct linking l = { .in = in, .arena = arena };
	bool done = db_transaction(db, link_tx, &l, err_r);

	*n_r = l.n;
	return done;
}

/* --- looking ----------------------------------------------------------------------- */

bool store_audit_unchained(struct db *db, int64_t *n_r, struct err *err_r)
{
	return db_number(db, SQL_ARGS(audit_count_unchained), n_r, err_r);
}

bool store_audit_pending(struct db *db, int64_t *n_r, struct err *err_r)
{
	return db_number(db, SQL_ARGS(audit_count_pending), n_r, err_r);
}

bool store_audit_heads(struct db *db, struct arena *arena, struct field_list *out,
		       struct err *err_r)
{
	return db_list(db, SQL_ARGS(audit_head_list), &audit_head_schema, arena, out, err_r);
}

bool store_audit_heads_recent(struct db *db, int64_t since, int64_t limit, struct arena *arena,
			      struct field_list *out, struct err *err_r)
{
	return db_list(db, SQL_ARGS(audit_head_recent, .since = db_time(since),
				    .limit = db_int(limit)), &audit_head_schema, arena, out, err_r);
}

bool store_audit_head(struct db *db, const char *chain, struct arena *arena,
		      struct audit_head *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(audit_head_get, .chain = db_text(chain)), &audit_head_schema,
		      arena, out, "The chain has no head", err_r);
}

bool store_audit_end(struct db *db, const char *chain, struct arena *arena,
		     struct audit_end *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(audit_chain_end, .chain = db_text(chain)), &audit_end_schema,
		      arena, out, "The chain has no end", err_r);
}

bool store_audit_chains(struct db *db, struct arena *arena, struct field_list *out,
			struct err *err_r)
{
	return db_list(db, SQL_ARGS(audit_chains), &audit_chain_schema, arena, out, err_r);
}

bool store_audit_walk(struct db *db, const char *chain, int64_t seq, struct arena *arena,
		      struct field_list *out, struct err *err_r)
{
	return db_list(db, SQL_ARGS(audit_walk, .chain = db_text(chain), .seq = db_int(seq)),
		       &audit_entry_schema, arena, out, err_r);
}

bool store_audit_link_get(struct db *db, const char *chain, int64_t seq, struct arena *arena,
			  struct audit_link *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(audit_link_get, .chain = db_text(chain), .seq = db_int(seq)),
		      &audit_link_schema, arena, out, "The chain has no such link", err_r);
}

bool store_audit_unlinked(struct db *db, int64_t before, int64_t limit, struct arena *arena,
			  struct field_list *out, struct err *err_r)
{
	return db_list(db, SQL_ARGS(audit_unlinked, .before = db_time(before),
				    .limit = db_int(limit)),
		       &audit_unlinked_schema, arena, out, err_r);
}
