/*
 * store/usage_count.c - adds the texts that batches left to the counters. They move from
 * one table to the other in one transaction, so nothing needs to be remembered across a
 * crash, and any recorder can do it for one that is gone.
 *
 * Keys are divided into 16 parts: with many busy keys a transaction counts some of the
 * parts, so that it stays short. Parts and months take turns: new batches come while
 * they are counted, and otherwise only the first one would ever be counted.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "db/query.h"
#include "db/transaction.h"
#include "store/sql.h"
#include "store/usage_private.h"

struct delta {
	struct usage_line line;      /* its cost is the sum */
	int64_t requests;
};

/* Open addressing over deltas[]; 0 = free, else index + 1. */
struct fold {
	struct arena *arena;
	struct delta *deltas;
	uint32_t *table;
	size_t n, size;              /* size: of the table, a power of two */
};

struct count {
	struct usage_store *u;
	struct usage_month *m;
	size_t enough;               /* counters changed: take no further part */
	uint32_t done, last;         /* parts that were taken */
	struct fold fold;
};

/* --- folding ---------------------------------------------------------------------- */

static size_t hash(const struct usage_line *l)
{
	uint64_t h = (uint64_t)l->hour ^ UINT64_C(14695981039346656037);

	for (const char *p = l->key_id; *p; p++)
		h = (h ^ (unsigned char)*p) * UINT64_C(1099511628211);
	for (const char *p = l->route; *p; p++)
		h = (h ^ (unsigned char)*p) * UINT64_C(1099511628211);
	return (size_t)(h ^ h >> 32);
}

static bool same(const struct usage_line *a, const struct usage_line *b)
{
	return a->hour == b->hour && str_eq(a->key_id, b->key_id) && str_eq(a->route, b->route);
}

static uint32_t *find(const struct fold *f, const struct usage_line *l)
{
	size_t i = hash(l) & (f->size - 1);

	while (f->table[i] && !same(&f->deltas[f->table[i] - 1].line, l))
		i = (i + 1) & (f->size - 1);
	return &f->table[i];
}

static void grow(struct fold *f)
{
	size_t size = f->size ? f->size * 2 : 1024;
	struct delta *deltas = arena_alloc(f->arena, size / 2 * sizeof(*deltas));

	if (f->n)
		memcpy(deltas, f->deltas, f->n * sizeof(*deltas));
	f->deltas = deltas;
	f->table = arena_alloc(f->arena, size * sizeof(*f->table));
	f->size = size;
	for (uint32_t i = 0; i < f->n; i++)
		*find(f, &f->deltas[i].line) = i + 1;
}

static void fold_line(struct fold *f, const struct usage_line *l)
{
	uint32_t *at;

	if (f->n == f->size / 2)
		grow(f);
	at = find(f, l);
	if (!*at) {
		f->deltas[f->n] = (struct delta){ .line = *l, .requests = 1 };
		*at = (uint32_t)++f->n;
		return;
	}
	f->deltas[*at - 1].requests++;
	f->deltas[*at - 1].line.cost += l->cost;
}

/* --- the transaction -------------------------------------------------------------------- */

static bool take_part(struct count *c, uint32_t part, struct err *err_r)
{
	struct db *db = c->m->db;
	enum db_rc rc = db_query(db, SQL_ARGS(usage_batch_take,
					      .month_at = db_time(usage_month_start(c->m->id)),
					      .part = db_int(part)), err_r);
	struct usage_line line;

	for (; rc == DB_ROW; rc = db_next(db, err_r)) {
		char *body = arena_strdup(c->u->arena, db_column_text(db, 0));

		while (usage_body_next(&body, &line))
			fold_line(&c->fold, &line);
	}
	db_finish(db);
	c->done |= 1u << part;
	return rc == DB_OK;
}

static union sql_usage_delta_insert *delta_rows(const struct count *c)
{
	const struct fold *f = &c->fold;
	union sql_usage_delta_insert *rows = arena_alloc(f->arena, f->n * sizeof(*rows));

	for (size_t i = 0; i < f->n; i++) {
		const struct delta *d = &f->deltas[i];

		rows[i] = SQL_VALUES(usage_delta_insert,
			.key_id = db_text(d->line.key_id),
			.month_at = db_time(usage_month_start(c->m->id)),
			.hour_at = db_time(d->line.hour), .route = db_text(d->line.route),
			.requests = db_int(d->requests), .cost = db_int(d->line.cost));
	}
	return rows;
}

static bool write_counters(const struct count *c, struct err *err_r)
{
	struct db *db = c->m->db;

	return db_bulk(db, SQL_ROWS(usage_delta_insert, delta_rows(c), c->fold.n), err_r) &&
		db_write(db, SQL_ARGS(usage_routes_extend), NULL, err_r) &&
		db_write(db, SQL_ARGS(usage_counters_add), NULL, err_r) &&
		db_write(db, SQL_ARGS(usage_deltas_clear), NULL, err_r);
}

static bool count_tx(struct db *db, void *arg, struct err *err_r)
{
	struct count *c = arg;

	(void)db;
	arena_reset(c->u->arena);
	c->fold = (struct fold){ .arena = c->u->arena };
	c->done = 0;
	for (uint32_t i = 0; i < USAGE_PARTS && c->fold.n < c->enough; i++) {
		c->last = (c->m->next + i) % USAGE_PARTS;
		if ((c->m->dirty & 1u << c->last) && !take_part(c, c->last, err_r))
			return false;
	}
	return c->fold.n == 0 || write_counters(c, err_r);
}

bool usage_month_count(struct usage_store *u, struct usage_month *m, size_t enough,
		       struct err *err_r)
{
	struct count c = { .u = u, .m = m, .enough = enough };

	if (!db_transaction(m->db, count_tx, &c, err_r))
		return false;
	m->dirty &= ~c.done;
	m->next = (c.last + 1) % USAGE_PARTS;
	return true;
}

bool store_usage_count(struct usage_store *u, size_t enough, bool *more_r, struct err *err_r)
{
	struct usage_month *m = NULL;

	*more_r = false;
	for (size_t i = 0; i < USAGE_MONTHS && !m; i++)
		if (u->months[(u->next + i) % USAGE_MONTHS].dirty)
			m = &u->months[(u->next + i) % USAGE_MONTHS];
	if (!m)
		return true;
	u->next = (size_t)(m - u->months) + 1;
	if (!usage_month_count(u, m, enough, err_r))
		return false;
	for (size_t i = 0; i < USAGE_MONTHS; i++)
		*more_r |= u->months[i].dirty != 0;
	return true;
}
