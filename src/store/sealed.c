/* store/sealed.c - the table of tables with sealed columns, and what is done to each. */
#include "config.h"

#include "db/query.h"
#include "db/transaction.h"
#include "store/audit.h"
#include "store/sealed.h"
#include "store/sql.h"

/* --- system_secrets -------------------------------------------------------------------- */

static bool secret_page(struct db *db, const char *after, int64_t limit, struct arena *arena,
			struct field_list *out, struct err *err_r)
{
	return db_list(db, SQL_ARGS(system_secret_page, .after = db_text(after),
				    .limit = db_int(limit)),
		       &sealed_row_schema, arena, out, err_r);
}

static bool secret_reseal(struct db *db, const struct sealed_row *row, int64_t *n_r,
			  struct err *err_r)
{
	return db_write(db, SQL_ARGS(system_secret_reseal, .row_id = db_text(row->row_id),
				     .sealed_1 = db_text(row->sealed[0]),
				     .new_1 = db_text(row->new_sealed[0]),
				     .new_key_id = db_int(row->new_key_id)), n_r, err_r);
}

static bool secret_count(struct db *db, int64_t key_id, int64_t *n_r, struct err *err_r)
{
	return db_number(db, SQL_ARGS(system_secret_count, .key_id = db_int(key_id)), n_r, err_r);
}

/* --- rows whose id is a UUID ------------------------------------------------------------ */

static const char *first(const char *after)
{
	return *after ? after : "00000000-0000-0000-0000-000000000000";
}

static bool app_page(struct db *db, const char *after, int64_t limit, struct arena *arena,
			 struct field_list *out, struct err *err_r)
{
	return db_list(db, SQL_ARGS(provider_app_page, .after = db_text(first(after)), .limit = db_int(limit)),
		       &sealed_row_schema, arena, out, err_r);
}

static bool app_reseal(struct db *db, const struct sealed_row *row, int64_t *n_r,
			   struct err *err_r)
{
	return db_write(db, SQL_ARGS(provider_app_reseal, .row_id = db_text(row->row_id),
				     .sealed_1 = db_text(row->sealed[0]),
				     .new_1 = db_text(row->new_sealed[0]),
				     .new_key_id = db_int(row->new_key_id)), n_r, err_r);
}

static bool app_count(struct db *db, int64_t key_id, int64_t *n_r, struct err *err_r)
{
	return db_number(db, SQL_ARGS(provider_app_count, .key_id = db_int(key_id)), n_r, err_r);
}

static bool connection_page(struct db *db, const char *after, int64_t limit, struct arena *arena,
			 struct field_list *out, struct err *err_r)
{
	return db_list(db, SQL_ARGS(connection_page, .after = db_text(first(after)), .limit = db_int(limit)),
		       &sealed_row_schema, arena, out, err_r);
}

static bool connection_reseal(struct db *db, const struct sealed_row *row, int64_t *n_r,
			   struct err *err_r)
{
	return db_write(db, SQL_ARGS(connection_reseal, .row_id = db_text(row->row_id),
				     .sealed_1 = db_text(row->sealed[0]),
				     .new_1 = db_text(row->new_sealed[0]),
				     .sealed_2 = db_text(row->sealed[1]),
				     .new_2 = db_text(row->new_sealed[1]),
				     .new_key_id = db_int(row->new_key_id)), n_r, err_r);
}

static bool connection_count(struct db *db, int64_t key_id, int64_t *n_r, struct err *err_r)
{
	return db_number(db, SQL_ARGS(connection_count, .key_id = db_int(key_id)), n_r, err_r);
}

static bool connect_page(struct db *db, const char *after, int64_t limit, struct arena *arena,
			 struct field_list *out, struct err *err_r)
{
	return db_list(db, SQL_ARGS(connect_page, .after = db_text(first(after)), .limit = db_int(limit)),
		       &sealed_row_schema, arena, out, err_r);
}

static bool connect_reseal(struct db *db, const struct sealed_row *row, int64_t *n_r,
			   struct err *err_r)
{
	return db_write(db, SQL_ARGS(connect_reseal, .row_id = db_text(row->row_id),
				     .sealed_1 = db_text(row->sealed[0]),
				     .new_1 = db_text(row->new_sealed[0]),
				     .sealed_2 = db_text(row->sealed[1]),
				     .new_2 = db_text(row->new_sealed[1]),
				     .new_key_id = db_int(row->new_key_id)), n_r, err_r);
}

static bool connect_count(struct db *db, int64_t key_id, int64_t *n_r, struct err *err_r)
{
	return db_number(db, SQL_ARGS(connect_count, .key_id = db_int(key_id)), n_r, err_r);
}

/* --- all of them ------------------------------------------------------------------------ */

const struct sealed_table sealed_tables[] = {
	{ "system_secrets", { "sealed_value" }, secret_page, secret_reseal, secret_count },
	{ "provider_apps", { "sealed_secret" }, app_page, app_reseal, app_count },
	{ "provider_connections", { "sealed_access", "sealed_refresh" }, connection_page,
	  connection_reseal, connection_count },
	{ "connect_states", { "sealed_verifier", "sealed_code" }, connect_page, connect_reseal,
	  connect_count },
	{ 0 },
};

struct writing {
	const struct sealed_table *table;
	const struct sealed_row *rows;
	size_t n;
	int64_t written;
};

static bool write_tx(struct db *db, void *arg, struct err *err_r)
{
	struct writing *w = arg;
	int64_t n;

	w->written = 0;
	for (size_t i = 0; i < w->n; i++) {
		if (!w->table->reseal(db, &w->rows[i], &n, err_r))
			return false;
		w->written += n;
	}
	return true;
}

bool store_sealed_write(struct db *db, const struct sealed_table *t,
			const struct sealed_row *rows, size_t n, int64_t *n_r,
			struct err *err_r)
{
	struct writing w = { t, rows, n, 0 };
	bool done = n == 0 || db_transaction(db, write_tx, &w, err_r);

	*n_r = done ? w.written : 0;
	return done;
}

bool store_sealed_count(struct db *db, int64_t key_id, int64_t *n_r, struct err *err_r)
{
	int64_t n;

	*n_r = 0;
	for (const struct sealed_table *t = sealed_tables; t->table; t++) {
		if (!t->count(db, key_id, &n, err_r))
			return false;
		*n_r += n;
	}
	return true;
}

bool store_sealed_note(struct db *db, const struct audit_event *event, struct err *err_r)
{
	return store_commit(db, event, NULL, NULL, err_r);
}
