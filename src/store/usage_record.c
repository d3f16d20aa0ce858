/*
 * store/usage_record.c - a batch of the recorder: rows, what the counters will
 * need of them, and how far the rings are recorded, in one transaction.
 *
 * Adding to the counters row by row would cost more than the rows (18 ms for
 * 1000 keys, each batch). So a batch leaves short texts, which usage_count.c
 * folds about once a second.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "db/query.h"
#include "db/transaction.h"
#include "store/sql.h"
#include "store/usage_private.h"

struct record {
	struct usage_store *u;
	struct usage_month *m;
	const struct usage_row *rows;
	size_t n;
	uint64_t *seqs;              /* by ring: position after this batch */
	bool *moved;                 /* by ring */
	struct strbuf bodies[USAGE_PARTS];
	uint32_t parts;              /* bits: those with a body */
	size_t inserted;
	int64_t time_ms;             /* of the last row, ... */
	const char *moment;          /* ... as text: many rows have the same */
};

size_t store_usage_month_run(const struct usage_row *rows, size_t n)
{
	uint32_t month = window_id(WINDOW_MONTH, rows[0].time_ms);
	int64_t start = window_start(WINDOW_MONTH, month), end = window_end(WINDOW_MONTH, month);
	size_t i = 1;

	while (i < n && rows[i].time_ms >= start && rows[i].time_ms < end)
		i++;
	return i;
}

/* --- positions --------------------------------------------------------------------- */

static void positions_reserve(struct usage_month *m, const struct usage_row *rows, size_t n)
{
	size_t need = 0;

	for (size_t i = 0; i < n; i++)
		if (rows[i].ring >= need)
			need = (size_t)rows[i].ring + 1;
	if (need <= m->n_positions)
		return;
	m->positions = realloc(m->positions, need * sizeof(*m->positions));
	if (!m->positions)
		abort();
	memset(m->positions + m->n_positions, 0,
	       (need - m->n_positions) * sizeof(*m->positions));
	m->n_positions = need;
}

static bool position_read(struct record *r, uint32_t ring, struct err *err_r)
{
	struct usage_position *p = &r->m->positions[ring];
	int64_t seq;

	if (p->known)
		return true;
	if (!db_number(r->m->db, SQL_ARGS(usage_position,
		       .month_at = db_time(usage_month_start(r->m->id)),
		       .host_id = db_text(r->u->host_id), .ring = db_int(ring)), &seq, err_r))
		return false;
	*p = (struct usage_position){ true, (uint64_t)seq };
	return true;
}

static bool position_write(struct record *r, uint32_t ring, struct err *err_r)
{
	int64_t changed;

	if (!db_write(r->m->db, SQL_ARGS(usage_position_set,
		      .month_at = db_time(usage_month_start(r->m->id)),
		      .host_id = db_text(r->u->host_id), .ring = db_int(ring),
		      .seq = db_int((int64_t)r->seqs[ring]),
		      .had = db_int((int64_t)r->m->positions[ring].seq)), &changed, err_r))
		return false;
	return changed == 1 ||
		err_set(err_r, ERR_CONFLICT, "Another recorder of this host has stored these rows");
}

static bool positions_write(struct record *r, struct err *err_r)
{
	for (uint32_t ring = 0; ring < r->m->n_positions; ring++)
		if (r->moved[ring] && !position_write(r, ring, err_r))
			return false;
	return true;
}

/* --- rows ------------------------------------------------------------------------------ */

static bool is_text(const char *s)
{
	for (const char *p = s; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return utf8_valid(s, strlen(s));
}

/* What a client sends may be cut inside a character, or be no text at all; the
 * database must take every row. */
static const char *clean(struct arena *a, const char *s)
{
	const char *p = s;
	char *copy;

	while (p && *p >= ' ' && *p < 0x7f)   /* nearly always to the end */
		p++;
	if (!p || !*p || is_text(p))
		return s;
	copy = arena_strdup(a, s);
	for (char *c = copy; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c >= 0x7f)
			*c = '?';
	return copy;
}

static struct db_value text_or_null(const char *s)
{
	return db_text(s && *s ? s : NULL);
}

static const char *moment_of(struct record *r, int64_t time_ms)
{
	char text[TIME_TEXT];

	if (!r->moment || r->time_ms != time_ms) {
		time_format(time_ms, text);
		r->moment = arena_strdup(r->u->arena, text);
		r->time_ms = time_ms;
	}
	return r->moment;
}

/* Not on the arena, which would clear a quarter of a megabyte, twice. */
static void rows_reserve(struct usage_store *u, size_t n)
{
	if (n <= u->rows_cap)
		return;
	u->rows = reallocarray(u->rows, n, sizeof(*u->rows));
	if (!u->rows)
		abort();
	u->rows_cap = n;
}

static void add_row(struct record *r, const struct usage_row *row)
{
	struct arena *a = r->u->arena;
	const char *route = clean(a, row->route);
	uint32_t part;

	if (!route || !*route)
		route = "other";
	r->u->rows[r->inserted++] = SQL_VALUES(usage_row_insert,
		.requested_at = db_text(moment_of(r, row->time_ms)),
		.request_id = db_text(clean(a, row->request_id ? row->request_id : "")),
		.key_id = text_or_null(row->key_id), .user_id = text_or_null(row->user_id),
		.tenant_id = text_or_null(row->tenant_id), .route = db_text(route),
		.method = db_text(clean(a, row->method ? row->method : "")),
		.cost = db_int(row->cost), .ip_address = text_or_null(clean(a, row->address)),
		.user_agent = text_or_null(clean(a, row->user_agent)));
	if (!row->key_id || !*row->key_id)
		return;
	part = usage_part(row->key_id);
	usage_body_add(&r->bodies[part], row->time_ms, row->cost, row->key_id, route);
	r->parts |= 1u << part;
}

static bool add_rows(struct record *r, struct err *err_r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct usage_row *row = &r->rows[i];

		if (!r->moved[row->ring]) {
			if (!position_read(r, row->ring, err_r))
				return false;
			if (row->seq <= r->m->positions[row->ring].seq)
				continue;
		}
		r->moved[row->ring] = true;
		r->seqs[row->ring] = row->seq;
		add_row(r, row);
	}
	return true;
}

static bool write_bodies(struct record *r, struct err *err_r)
{
	union sql_usage_batch_insert rows[USAGE_PARTS];
	size_t n = 0;

	for (uint32_t part = 0; part < USAGE_PARTS; part++)
		if (r->parts & 1u << part)
			rows[n++] = SQL_VALUES(usage_batch_insert,
				.month_at = db_time(usage_month_start(r->m->id)),
				.part = db_int(part), .body = db_text(r->bodies[part].s));
	return n == 0 || db_bulk(r->m->db, SQL_ROWS(usage_batch_insert, rows, n), err_r);
}

/* --- the transaction ------------------------------------------------------------------- */

static void begin(struct record *r)
{
	struct arena *a = r->u->arena;

	arena_reset(a);
	r->seqs = arena_alloc(a, r->m->n_positions * sizeof(*r->seqs));
	r->moved = arena_alloc(a, r->m->n_positions * sizeof(*r->moved));
	r->inserted = 0;
	r->moment = NULL;
	r->parts = 0;
	for (size_t i = 0; i < USAGE_PARTS; i++)
		r->bodies[i] = (struct strbuf){ .arena = a };
}

static bool record_tx(struct db *db, void *arg, struct err *err_r)
{
	struct record *r = arg;

	begin(r);
	if (!add_rows(r, err_r))
		return false;
	return r->inserted == 0 ||
		(db_bulk(db, SQL_ROWS(usage_row_insert, r->u->rows, r->inserted), err_r) &&
		 write_bodies(r, err_r) && positions_write(r, err_r));
}

/* Also after an uncertain COMMIT: the next try reads the positions again. */
static void forget_positions(struct usage_month *m)
{
	for (size_t i = 0; i < m->n_positions; i++)
		m->positions[i].known = false;
}

static void keep_positions(struct record *r)
{
	for (size_t i = 0; i < r->m->n_positions; i++)
		if (r->moved[i])
			r->m->positions[i] = (struct usage_position){ true, r->seqs[i] };
}

bool store_usage_record(struct usage_store *u, const struct usage_row *rows, size_t n,
			int64_t *inserted_r, struct err *err_r)
{
	struct record r = { .u = u, .rows = rows, .n = n };
	struct err err;
	bool done;

	*inserted_r = 0;
	if (n == 0)
		return true;
	if (!usage_month_open(u, window_id(WINDOW_MONTH, rows[0].time_ms), &r.m, err_r))
		return false;
	positions_reserve(r.m, rows, n);
	rows_reserve(u, n);
	done = db_transaction(r.m->db, record_tx, &r, &err);
	if (!done && err.kind == ERR_CONFLICT) {
		forget_positions(r.m);
		done = db_transaction(r.m->db, record_tx, &r, &err);
	}
	if (!done && err_r)
		*err_r = err;
	r.m->dirty |= r.parts;
	if (done)
		keep_positions(&r);
	else
		forget_positions(r.m);
	*inserted_r = done ? (int64_t)r.inserted : 0;
	return done;
}
