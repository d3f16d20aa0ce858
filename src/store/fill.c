/*
 * store/fill.c - filling rows from before, a page at a time: sql/common/fill.sql. Each
 * step can be repeated, so a lost COMMIT or a killed process needs no care.
 */
#include "config.h"

#include "db/query.h"
#include "db/transaction.h"
#include "store/fill.h"
#include "store/sql.h"

#define FIRST "00000000-0000-0000-0000-000000000000"

/* The part of a table that a step is about. Its first row is the last one of the step
 * before, which is filled, or cannot be. */
struct page {
	char first[UUID_TEXT], last[UUID_TEXT];
};

#define RANGE(p) .first = db_text((p)->first), .last = db_text((p)->last)

/* --- the kinds of rows ------------------------------------------------------------ */

static bool users_missing(struct db *db, const struct page *p, int64_t *n_r, struct err *err_r)
{
	return db_number(db, SQL_ARGS(fill_users_missing, RANGE(p)), n_r, err_r);
}

static bool fill_users(struct db *db, const struct page *p, int64_t *n_r, struct err *err_r)
{
	return db_write(db, SQL_ARGS(fill_tenants, RANGE(p)), NULL, err_r) &&
	       db_write(db, SQL_ARGS(fill_owners, RANGE(p)), n_r, err_r);
}

static bool keys_missing(struct db *db, const struct page *p, int64_t *n_r, struct err *err_r)
{
	return db_number(db, SQL_ARGS(fill_keys_missing, RANGE(p)), n_r, err_r);
}

static bool fill_keys(struct db *db, const struct page *p, int64_t *n_r, struct err *err_r)
{
	return db_write(db, SQL_ARGS(fill_keys, RANGE(p)), n_r, err_r);
}

/* Admins are few and have an index: the first ones of them, not a page of users. */
static bool roles_missing(struct db *db, const struct page *p, int64_t *n_r, struct err *err_r)
{
	(void)p;
	return db_number(db, SQL_ARGS(fill_roles_missing), n_r, err_r);
}

static bool fill_roles(struct db *db, const struct page *p, int64_t *n_r, struct err *err_r)
{
	(void)p;
	return db_write(db, SQL_ARGS(fill_roles), n_r, err_r);
}

typedef bool fill_fn(struct db *db, const struct page *p, int64_t *n_r, struct err *err_r);

static bool user_page(struct db *db, const char *after, char last[UUID_TEXT], struct err *err_r);
static bool key_page(struct db *db, const char *after, char last[UUID_TEXT], struct err *err_r);

static const struct kind {
	/* the end of the page after an id, "" = none; NULL: it is no walk */
	bool (*page)(struct db *db, const char *after, char last[UUID_TEXT], struct err *err_r);
	fill_fn *missing, *fill;
} kinds[] = {
	{ NULL, roles_missing, fill_roles },
	{ user_page, users_missing, fill_users },
	{ key_page, keys_missing, fill_keys },   /* whose owners have their tenant by then */
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* --- a step ------------------------------------------------------------------------- */

static bool page_end(struct db *db, enum db_rc rc, char last[UUID_TEXT])
{
	str_copy(last, UUID_TEXT, rc == DB_ROW ? db_column_text(db, 0) : "");
	db_finish(db);
	return rc == DB_ROW || rc == DB_OK;
}

static bool user_page(struct db *db, const char *after, char last[UUID_TEXT], struct err *err_r)
{
	return page_end(db, db_query(db, SQL_ARGS(fill_user_page, .after = db_text(after)), err_r),
			last);
}

static bool key_page(struct db *db, const char *after, char last[UUID_TEXT], struct err *err_r)
{
	return page_end(db, db_query(db, SQL_ARGS(fill_key_page, .after = db_text(after)), err_r),
			last);
}

struct step {
	const struct kind *kind;
	struct page page;
	int64_t n;
};

static bool step_tx(struct db *db, void *arg, struct err *err_r)
{
	struct step *s = arg;
	int64_t ours;

	s->n = 0;
	return db_number(db, SQL_ARGS(fill_lock), &ours, err_r) &&
	       (ours == 0 || s->kind->fill(db, &s->page, &s->n, err_r));
}

static void next_kind(struct fill *f, bool *end_r)
{
	f->after[0] = '\0';
	f->kind = (f->kind + 1) % KINDS;
	*end_r = f->kind == 0;
}

bool store_fill(struct db *db, struct fill *f, int64_t *n_r, bool *end_r, struct err *err_r)
{
	struct step s = { .kind = &kinds[f->kind] };
	int64_t missing;

	*n_r = 0;
	*end_r = false;
	str_copy(s.page.first, UUID_TEXT, f->after[0] ? f->after : FIRST);
	if (s.kind->page && !s.kind->page(db, s.page.first, s.page.last, err_r))
		return false;
	if (s.kind->page && !s.page.last[0]) {
		next_kind(f, end_r);
		return true;
	}
	if (!s.kind->missing(db, &s.page, &missing, err_r) ||
	    (missing > 0 && !db_transaction(db, step_tx, &s, err_r)))
		return false;
	*n_r = s.n;
	if (s.kind->page)
		str_copy(f->after, UUID_TEXT, s.page.last);
	else if (missing == 0 || s.n == 0)
		next_kind(f, end_r);
	return true;
}
