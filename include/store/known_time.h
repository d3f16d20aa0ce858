/*
 * store/known_time.h - the one row that says which moment is known to have come,
 * and the database's own clock.
 */
#ifndef PIERRE_STORE_KNOWN_TIME_H
#define PIERRE_STORE_KNOWN_TIME_H

#include "base/arena.h"
#include "base/err.h"
#include "model/audit.h"
#include "model/known_time.h"

struct db;

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
