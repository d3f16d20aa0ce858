/*
 * store/usage_private.h - what the files of src/store/usage*.c share.
 */
#ifndef PIERRE_STORE_USAGE_PRIVATE_H
#define PIERRE_STORE_USAGE_PRIVATE_H

#include "base/str.h"
#include "base/window.h"
#include "store/usage.h"

struct db_value;

#define USAGE_MONTHS 3        /* open at once: the last one, this one, a clock ahead */
#define USAGE_PARTS 16        /* of the keys, for counting: bits of `dirty` */
#define USAGE_ALL_PARTS ((1u << USAGE_PARTS) - 1)
#define USAGE_SUFFIX 20       /* ".usage-2026-11" */

/* As many as there are; the caller frees ids. */
struct usage_months {
	uint32_t *ids;
	size_t n, capacity;
};

struct usage_position {
	bool known;           /* read, or written, by this process */
	uint64_t seq;
};

struct usage_month {
	struct db *db;        /* NULL = none; on PostgreSQL the main handle */
	uint32_t id;
	uint32_t dirty;       /* parts in which something may be uncounted */
	uint32_t next;        /* part to count first: each has its turn */
	uint64_t used;        /* when, in turns */
	struct usage_position *positions;   /* by ring */
	size_t n_positions;
};

struct usage_store {
	struct db *main;
	char host_id[UUID_TEXT];            /* "" = this process only reports */
	struct arena *arena;                /* of one transaction */
	union sql_usage_row_insert *rows;   /* of a batch */
	size_t rows_cap;
	struct usage_month months[USAGE_MONTHS];
	uint64_t turn;
	size_t next;                        /* month to count first */
};

/* --- usage_month.c ---------------------------------------------------------- */

/* Made when it is missing. Of the months that are open the one that was not
 * used for longest may be closed; what it holds is counted first. */
bool usage_month_open(struct usage_store *u, uint32_t id, struct usage_month **m_r,
		      struct err *err_r);
/* SQLite: a handle of its own on the month's file, to read, or NULL when there is none
 * yet; one that retention removes meanwhile is not made again. Free it. */
bool usage_month_read(const struct usage_store *u, uint32_t id, struct db **db_r,
		      struct err *err_r);
void usage_month_close(struct usage_store *u, struct usage_month *m);
/* Months that have a file beside the database, oldest first. */
struct usage_months usage_month_files(const struct usage_store *u);
void usage_month_suffix(uint32_t id, char out[USAGE_SUFFIX]);
/* The path of a month's file and what is added to it, on u->arena. */
const char *usage_month_path(const struct usage_store *u, uint32_t id, const char *add);
/* A month's start in ms. */
static inline int64_t usage_month_start(uint32_t id)
{
	return window_start(WINDOW_MONTH, id);
}

/* --- usage_count.c ------------------------------------------------------------ */
/* A bounded piece of what one month has not counted. */
bool usage_month_count(struct usage_store *u, struct usage_month *m, size_t enough,
		       struct err *err_r);

/* --- usage_body.c: the text between record and count ---------------------------- */
uint32_t usage_part(const char *key_id);
/* "hour cost key route\n" */
void usage_body_add(struct strbuf *b, int64_t time_ms, int64_t cost, const char *key_id,
		    const char *route);
struct usage_line {
	int64_t hour, cost;
	const char *key_id, *route;
};
/* The next line of a body, cut in place; false at its end. */
bool usage_body_next(char **body, struct usage_line *out);

#endif
