/* op/sealed_walk.c - reads, opens and seals again, page by page. */
#include "config.h"

#include <time.h>

#include "auth/seal.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "op/audit.h"
#include "op/sealed_walk.h"
#include "op/vault.h"
#include "store/data_key.h"
#include "store/sealed.h"

#define PAGE 50   /* rows of one transaction: others wait for it on SQLite */
#define TRIES 5   /* of a page, each as long as DATABASE_TIMEOUT_MS where others hold its rows */
#define PAUSE_MS 100   /* before the second one, and twice as long before each that follows */

struct walk {
	struct op op;              /* with an arena of one page */
	struct sealed_walk *of;
	const struct sealed_table *table;
	bool again;                /* the page was tried before: its faults were told */
};

static struct seal_place place_of(const struct walk *w, const struct sealed_row *row, size_t i)
{
	struct seal_place place = { w->table->table, w->table->columns[i], row->row_id, { NULL } };

	for (size_t b = 0; b < SEALED_BOUND; b++)
		place.bound[b] = row->bound[b];
	return place;
}

/* --- one row ------------------------------------------------------------------------ */

/* The key of the row is that of each of its texts. */
static bool is_by(const struct sealed_row *row, size_t i, struct err *err_r)
{
	uint32_t id;

	return (seal_key_id(row->sealed[i], &id) && id == row->key_id) ||
	       err_set(err_r, ERR_INTERNAL, "The row names another data key than the one that sealed it");
}

static bool open_one(struct walk *w, const struct sealed_row *row, size_t i, char **plain_r,
		     size_t *n_r, struct err *err_r)
{
	const struct seal_place place = place_of(w, row, i);

	return is_by(row, i, err_r) &&
	       op_seal_open(&w->op, &place, row->sealed[i], plain_r, n_r, err_r);
}

static bool open_row(struct walk *w, struct sealed_row *row, struct err *err_r)
{
	char *plain;
	size_t n;

	for (size_t i = 0; i < SEALED_COLUMNS; i++)
		if (row->sealed[i] && !open_one(w, row, i, &plain, &n, err_r))
			return false;
	return true;
}

/* By the key that row->new_key_id names: the one that is current for the row. */
static bool reseal_row(struct walk *w, struct sealed_row *row, struct err *err_r)
{
	char *plain;
	size_t n;

	for (size_t i = 0; i < SEALED_COLUMNS; i++) {
		const struct seal_place place = place_of(w, row, i);

		if (row->sealed[i] &&
		    (!open_one(w, row, i, &plain, &n, err_r) ||
		     !op_seal(&w->op, row->tenant_id, &place, plain, n, &row->new_key_id,
			      &row->new_sealed[i], err_r)))
			return false;
	}
	return true;
}

/* --- a page ---------------------------------------------------------------------------- */

/* What does not open is told, and the walk goes on; without a database it ends. */
static bool is_fault(const struct walk *w, const struct sealed_row *row, const struct err *err)
{
	if (err->kind != ERR_INTERNAL)
		return false;
	w->of->faults++;
	if (w->of->fault && !w->again)
		w->of->fault(w->of, w->table->table, row->row_id, err->message);
	return true;
}

static bool is_wanted(const struct walk *w, const struct sealed_row *row)
{
	return !w->of->tenant_id || str_eq(w->of->tenant_id, row->tenant_id);
}

/* A dry run makes no data key where one has served its time. */
static bool current_key(struct walk *w, const char *tenant_id, int64_t *key_id_r,
			struct err *err_r)
{
	struct data_key key = { .id = 0 };
	bool done = w->of->dry ? store_data_key_current(w->op.db, tenant_id, w->op.arena, &key, err_r) :
		    op_seal_key(&w->op, tenant_id, &key.id, err_r);

	*key_id_r = key.id;
	return done;
}

static bool is_old(struct walk *w, struct sealed_row *row, bool *old_r, struct err *err_r)
{
	if (!current_key(w, row->tenant_id, &row->new_key_id, err_r))
		return false;
	*old_r = row->new_key_id != row->key_id;
	return true;
}

/* Of the rows of a page, those that are to be written stand at its start then: *n_r. */
static bool work(struct walk *w, struct sealed_row *rows, size_t n, size_t *n_r,
		 struct err *err_r)
{
	*n_r = 0;
	for (size_t i = 0; i < n; i++) {
		struct sealed_row *row = &rows[i];
		bool old = false;

		if (!is_wanted(w, row))
			continue;
		w->of->rows++;
		if (w->of->reseal && !is_old(w, row, &old, err_r))
			return false;
		if (w->of->reseal && !old)
			continue;
		if (!(old && !w->of->dry ? reseal_row(w, row, err_r) : open_row(w, row, err_r))) {
			if (!is_fault(w, row, err_r))
				return false;
			continue;
		}
		if (old)
			rows[(*n_r)++] = *row;
	}
	return true;
}

static void wait_ms(int64_t ms)
{
	struct timespec ts = { .tv_sec = ms / SECOND_MS, .tv_nsec = ms % SECOND_MS * 1000000 };

	nanosleep(&ts, NULL);
}

static void keep_rate(const struct sealed_walk *w, size_t n)
{
	if (w->rate > 0)
		wait_ms((int64_t)n * SECOND_MS / w->rate);
}

static bool write_page(struct walk *w, const struct sealed_row *rows, size_t n, struct err *err_r)
{
	int64_t written = 0;

	if (!w->of->dry && !store_sealed_write(w->op.db, w->table, rows, n, &written, err_r))
		return false;
	w->of->resealed += w->of->dry ? (int64_t)n : written;
	if (!w->of->dry)
		keep_rate(w->of, n);
	return true;
}

struct position {
	char after[512];           /* the row that was the last one */
	bool end;
};

/* The position moves on when all is done. */
static bool try_page(struct walk *w, struct position *at, struct err *err_r)
{
	struct field_list list;
	struct sealed_row *rows;
	char last[sizeof(at->after)] = "";
	size_t n;

	if (!w->table->page(w->op.db, at->after, PAGE, w->op.arena, &list, err_r))
		return false;
	rows = (struct sealed_row *)(uintptr_t)list.items;
	/* before work() moves them */
	if (list.n > 0)
		str_copy(last, sizeof(last), rows[list.n - 1].row_id);
	if (!work(w, rows, list.n, &n, err_r) || !write_page(w, rows, n, err_r))
		return false;
	str_copy(at->after, sizeof(at->after), last);
	at->end = list.n < PAGE;
	return true;
}

/* Another transaction held a row for as long as was waited, or the database was away for a
 * moment: an error with a reason is our own refusal. */
static bool was_busy(const struct err *err)
{
	return err->kind == ERR_UNAVAILABLE && !err->reason[0];
}

static bool walk_page(struct walk *w, struct position *at, struct err *err_r)
{
	const struct sealed_walk before = *w->of;

	for (int tries = 1; !try_page(w, at, err_r); tries++) {
		if (tries == TRIES || !was_busy(err_r))
			return false;
		log_warn("page_tried_again", LOG_S("table", w->table->table), LOG_S("error", err_r->message));
		wait_ms(PAUSE_MS << (tries - 1));
		*w->of = before;   /* what it had counted is counted again */
		w->again = true;
		arena_reset(w->op.arena);
	}
	w->again = false;
	return true;
}

/* --- all of it ----------------------------------------------------------------------------- */

static bool walk_table(struct walk *w, struct err *err_r)
{
	struct position at = { .after = "" };

	while (!at.end) {
		if (!walk_page(w, &at, err_r))
			return false;
		arena_reset(w->op.arena);
		if (w->of->progress)
			w->of->progress(w->of);
	}
	return true;
}

static bool note(struct op *op, const struct sealed_walk *w, struct err *err_r)
{
	struct audit_event event = op_audit(op, AUDIT_SECRETS_REWRAPPED, w->tenant_id);

	return w->resealed == 0 || w->dry || store_sealed_note(op->db, &event, err_r);
}

bool op_sealed_walk(struct op *op, struct scope scope, struct sealed_walk *w,
		    struct err *err_r)
{
	struct walk walk = { .op = *op, .of = w };
	bool good = true;

	if (scope.kind != SCOPE_ALL)
		return err_set(err_r, ERR_FORBIDDEN, "Secrets are walked by the shell alone");
	walk.op.arena = arena_new();
	for (walk.table = sealed_tables; good && walk.table->table; walk.table++)
		good = walk_table(&walk, err_r);
	arena_free(&walk.op.arena);
	return good && note(op, w, err_r);
}
