/*
 * store/change.h - the changes of keys, sessions, users and tenants on all hosts, by
 * Pierre and by other programs: triggers write them into the table `changes`.
 */
#ifndef PIERRE_STORE_CHANGE_H
#define PIERRE_STORE_CHANGE_H

#include "base/arena.h"
#include "base/err.h"

struct db;

/* What is committed after this call is at that position or a later one. */
bool store_changes_position(struct db *db, int64_t *position_r, struct err *err_r);
#define CHANGED_ALL "00000000-0000-0000-0000-000000000000"   /* every id of a table */
/* Ids of what was committed there or later (some also of earlier), up to max;
 * texts live in arena. */
bool store_changes_since(struct db *db, int64_t position, size_t max,
			 struct arena *arena, const char **ids, size_t *n_r, struct err *err_r);
/* What is older than an hour. */
bool store_changes_sweep(struct db *db, int64_t *n_r, struct err *err_r);

#endif
