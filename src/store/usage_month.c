/*
 * store/usage_month.c - where a month's usage is: a file of its own beside the
 * SQLite database, partitions in PostgreSQL. Made at first use.
 */
#include "config.h"

#include <dirent.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "db/admin.h"
#include "db/handle.h"
#include "db/query.h"
#include "db/transaction.h"
#include "store/sql.h"
#include "store/usage_private.h"

#define MONTH_TEXT 7    /* 2026-11 */
#define INFIX ".usage-"

static bool in_files(const struct usage_store *u)
{
	return db_backend_of(u->main) == DB_SQLITE;
}

void usage_month_suffix(uint32_t id, char out[USAGE_SUFFIX])
{
	char moment[TIME_TEXT];

	time_format(usage_month_start(id), moment);
	memcpy(out, INFIX, strlen(INFIX));
	memcpy(out + strlen(INFIX), moment, MONTH_TEXT);
	out[strlen(INFIX) + MONTH_TEXT] = '\0';
}

const char *usage_month_path(const struct usage_store *u, uint32_t id, const char *add)
{
	char suffix[USAGE_SUFFIX];

	usage_month_suffix(id, suffix);
	return arena_printf(u->arena, "%s%s%s", db_path(u->main), suffix, add);
}

/* --- files -------------------------------------------------------------------------- */

/* "2026-11" and nothing behind it. */
static bool month_parse(const char *text, uint32_t *id_r)
{
	char moment[TIME_TEXT] = "YYYY-MM-01T00:00:00.000Z";
	int64_t ms;

	if (strlen(text) != MONTH_TEXT)
		return false;
	memcpy(moment, text, MONTH_TEXT);
	if (!time_parse(moment, &ms))
		return false;
	*id_r = window_id(WINDOW_MONTH, ms);
	return true;
}

static int by_id(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void add_month(struct usage_months *months, uint32_t id)
{
	if (months->n == months->capacity) {
		months->capacity += 64;
		months->ids = realloc(months->ids, months->capacity * sizeof(*months->ids));
		if (!months->ids)
			abort();
	}
	months->ids[months->n++] = id;
}

struct usage_months usage_month_files(const struct usage_store *u)
{
	char *path = arena_strdup(u->arena, db_path(u->main));
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	const char *prefix = arena_printf(u->arena, "%s" INFIX, name);
	DIR *dir = db_is_memory(u->main) ? NULL : opendir(dirname(path));
	struct usage_months months = { 0 };
	struct dirent *e;
	uint32_t id;

	while (dir && (e = readdir(dir)))
		if (str_starts(e->d_name, prefix) &&
		    month_parse(e->d_name + strlen(prefix), &id))
			add_month(&months, id);
	if (dir)
		closedir(dir);
	if (months.n > 0)
		qsort(months.ids, months.n, sizeof(*months.ids), by_id);
	return months;
}

/* --- opening ----------------------------------------------------------------------------- */

static bool make_tx(struct db *db, void *arg, struct err *err_r)
{
	uint32_t id = *(const uint32_t *)arg;
	char suffix[USAGE_SUFFIX];
	int64_t made;

	usage_month_suffix(id, suffix);
	suffix[strlen(INFIX) + 4] = '_';
	if (!db_number(db, SQL_ARGS(usage_month_make, .suffix = db_text(suffix + strlen(INFIX)),
				    .start_at = db_time(usage_month_start(id)),
				    .end_at = db_time(usage_month_start(id + 1))), &made, err_r))
		return false;
	if (made > 0)
		log_info("usage_month_made", LOG_S("month", suffix + strlen(INFIX)));
	return true;
}

static bool prepare_month(struct usage_store *u, struct usage_month *m, struct err *err_r)
{
	char suffix[USAGE_SUFFIX];
	int applied;

	if (!in_files(u)) {
		m->db = u->main;
		return db_transaction(m->db, make_tx, &m->id, err_r);
	}
	usage_month_suffix(m->id, suffix);
	m->db = db_new_beside(u->main, suffix, &sql_usage_catalog, false);
	return db_migrate(m->db, &applied, err_r);
}

void usage_month_close(struct usage_store *u, struct usage_month *m)
{
	if (m->db != u->main)
		db_free(&m->db);
	free(m->positions);
	*m = (struct usage_month){ .db = NULL };
}

static bool checkpoint(struct usage_month *m, int64_t least, struct err *err_r)
{
	bool done;

	if (!db_files_kept(m->db, err_r))
		return false;
	return db_log_bytes(m->db) < least || db_checkpoint(m->db, &done, err_r);
}

/* This month may not be opened again for long, so its log is emptied too. */
static void leave(struct usage_store *u, struct usage_month *m)
{
	struct err err;

	if (!m->db)
		return;
	arena_reset(u->arena);
	if (in_files(u) && !checkpoint(m, 1, &err))
		log_warn("checkpoint_failed", LOG_S("error", err.message));
	usage_month_close(u, m);
}

bool store_usage_checkpoint(struct usage_store *u, int64_t least, struct err *err_r)
{
	arena_reset(u->arena);
	for (size_t i = 0; in_files(u) && i < USAGE_MONTHS; i++)
		if (u->months[i].db && !checkpoint(&u->months[i], least, err_r))
			return false;
	return true;
}

/* The month itself, or else the place to open it in. */
static struct usage_month *place(struct usage_store *u, uint32_t id)
{
	struct usage_month *oldest = &u->months[0];

	for (size_t i = 0; i < USAGE_MONTHS; i++)
		if (u->months[i].db && u->months[i].id == id)
			return &u->months[i];
	for (size_t i = 0; i < USAGE_MONTHS; i++)
		if (u->months[i].used < oldest->used)
			oldest = &u->months[i];
	return oldest;
}

bool usage_month_open(struct usage_store *u, uint32_t id, struct usage_month **m_r,
		      struct err *err_r)
{
	struct usage_month *m = place(u, id);

	if (m->db && db_removed(m->db))   /* by retention */
		usage_month_close(u, m);
	if (!m->db || m->id != id) {
		while (m->dirty)
			if (!usage_month_count(u, m, USAGE_ENOUGH, err_r))
				return false;
		leave(u, m);
		m->id = id;
		if (!prepare_month(u, m, err_r)) {
			usage_month_close(u, m);
			return false;
		}
	}
	m->used = ++u->turn;
	*m_r = m;
	return true;
}

bool usage_month_read(const struct usage_store *u, uint32_t id, struct db **db_r,
		      struct err *err_r)
{
	struct db_schema_status status;
	char suffix[USAGE_SUFFIX];
	bool done;

	*db_r = NULL;
	if (access(usage_month_path(u, id, ""), F_OK) != 0)
		return true;
	usage_month_suffix(id, suffix);
	*db_r = db_new_beside(u->main, suffix, &sql_usage_catalog, true);
	done = db_schema_read(*db_r, &status, err_r);
	if (!done || status.current == 0)   /* 0: just being made */
		db_free(db_r);
	return done;
}

/* --- what is not counted ------------------------------------------------------------------ */

/* Months of one database in which something is not counted. */
static bool uncounted(struct db *db, struct usage_months *out, struct err *err_r)
{
	enum db_rc rc = db_query(db, SQL_ARGS(usage_batch_months), err_r);
	int64_t start;

	for (; rc == DB_ROW; rc = db_next(db, err_r))
		if (time_parse(db_column_text(db, 0), &start))
			add_month(out, window_id(WINDOW_MONTH, start));
	db_finish(db);
	return rc == DB_OK;
}

static bool will_count(struct usage_store *u, uint32_t id, struct err *err_r)
{
	struct usage_month *m;

	if (!usage_month_open(u, id, &m, err_r))
		return false;
	m->dirty = USAGE_ALL_PARTS;
	return true;
}

static bool file_uncounted(struct usage_store *u, uint32_t id, bool *some_r, struct err *err_r)
{
	struct usage_months found = { 0 };
	struct db *db;
	bool done;

	if (!usage_month_read(u, id, &db, err_r))
		return false;
	done = !db || uncounted(db, &found, err_r);
	db_free(&db);
	*some_r = found.n > 0;
	free(found.ids);
	return done;
}

static bool look_in_file(struct usage_store *u, uint32_t id, struct err *err_r)
{
	bool some;

	return file_uncounted(u, id, &some, err_r) && (!some || will_count(u, id, err_r));
}

/* All months, since a clock that was wrong may have written to any. A month that cannot
 * be read (a restored file that belongs to root) does not stop the others. */
static bool find_in_files(struct usage_store *u, struct err *err_r)
{
	struct usage_months months = usage_month_files(u);
	struct err err = { 0 };
	bool all = true;

	for (size_t i = 0; i < months.n; i++) {
		if (look_in_file(u, months.ids[i], &err))
			continue;
		if (all)
			*err_r = err;
		all = false;
	}
	free(months.ids);
	return all;
}

static bool find_in_partitions(struct usage_store *u, struct err *err_r)
{
	struct usage_months months = { 0 };
	bool done = uncounted(u->main, &months, err_r);

	for (size_t i = 0; done && i < months.n; i++)
		done = will_count(u, months.ids[i], err_r);
	free(months.ids);
	return done;
}

bool store_usage_recover(struct usage_store *u, struct err *err_r)
{
	arena_reset(u->arena);
	return in_files(u) ? find_in_files(u, err_r) : find_in_partitions(u, err_r);
}
