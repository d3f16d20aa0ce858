/*
 * store/known_time.h - the one row that says which moment is known to have come,
 * and the database's own clock.
 */
#ifndef PIERRE_STORE_KNOWN_TIME_H
#define PIERRE_STORE_KNOWN_TIME_H

#include "store/audit.h"

struct known_time {
	int64_t server_now;       /* PostgreSQL's clock; TIME_NONE on SQLite */
	int64_t known_at;         /* TIME_NONE: there is no row yet */
	const char *host_id;      /* room_host_id() of the writer, or "" */
	int64_t host_ms;          /* clock_uptime() of that host then */
};

/* The database has a clock of its own (PostgreSQL). */
bool store_has_clock(const struct db *db);

bool store_known_time_get(struct db *db, struct arena *arena, struct known_time *out,
			  struct err *err_r);
/* Write the row, which was read with known_at = `had` (TIME_NONE: none).
 * *moved_r = false: another process has written it since. event NULL: without. */
bool store_known_time_set(struct db *db, const struct audit_event *event,
			  const struct known_time *t, int64_t had, bool *moved_r,
			  struct err *err_r);

#endif
