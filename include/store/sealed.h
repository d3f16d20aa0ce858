/*
 * store/sealed.h - every table with sealed columns, one row each, so that data keys can
 * be checked and changed without knowing what the secrets are for.
 *
 * A sealed column is called sealed_<name>, and its table has a key_id with FOREIGN KEY
 * to key_versions: the data key that sealed all sealed columns of the row. So a data
 * key that a row needs cannot be retired. tests/lint/sealed.t finds a column that is
 * missing here.
 */
#ifndef PIERRE_STORE_SEALED_H
#define PIERRE_STORE_SEALED_H

#include "base/arena.h"
#include "base/err.h"
#include "model/audit.h"
#include "model/sealed.h"

struct db;

struct sealed_table {
	const char *table;
	const char *columns[SEALED_COLUMNS];   /* in the order of struct sealed_row */
	/* up to `limit` of struct sealed_row behind the row_id `after`, by row_id */
	bool (*page)(struct db *db, const char *after, int64_t limit, struct arena *arena,
		     struct field_list *out, struct err *err_r);
	/* new_sealed and new_key_id, where all that is sealed still stands as it was read:
	 * it gives way to every other writer. In a transaction. */
	bool (*reseal)(struct db *db, const struct sealed_row *row, int64_t *n_r,
		       struct err *err_r);
	bool (*count)(struct db *db, int64_t key_id, int64_t *n_r, struct err *err_r);
};
extern const struct sealed_table sealed_tables[];   /* ends with { 0 } */

/* reseal() of many, as one transaction. *n_r: rows written; one that was changed since it
 * was read is not. Can be run again. */
bool store_sealed_write(struct db *db, const struct sealed_table *t,
			const struct sealed_row *rows, size_t n, int64_t *n_r,
			struct err *err_r);
/* Of all tables. */
bool store_sealed_count(struct db *db, int64_t key_id, int64_t *n_r, struct err *err_r);
/* The event alone: rows were written. */
bool store_sealed_note(struct db *db, const struct audit_event *event, struct err *err_r);

#endif
