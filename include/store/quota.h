/*
 * store/quota.h - what hosts have leased of each limit, one row a subject and
 * window. On SQLite these rows live in a file of their own (`<db>.quota`), so
 * that an admin's transaction never makes /verify wait; on PostgreSQL in the
 * one database. `db` here is that handle (struct op's `quota`).
 */
#ifndef PIERRE_STORE_QUOTA_H
#define PIERRE_STORE_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/window.h"

struct db;

/* The handle that the rest of this file takes, on what `main` names; not yet
 * connected. On PostgreSQL it is `main` itself. Free it with the other. */
struct db *store_quota_open(struct db *main);
void store_quota_close(struct db **quota, struct db *main);
/* SQLite: make or bring forward the file. Before anything is leased. */
bool store_quota_migrate(struct db *quota, struct err *err_r);

/* How much: what is left / share (share 0: `most`), within least..most. */
struct quota_want {
	int64_t least, most, share;
};
struct quota_lease {
	const char *subject;
	enum window_kind kind;
	uint32_t window;
	int64_t limit;
	struct quota_want want;
	int64_t asked;             /* out: by `want`; 0 = the limit was reached before */
	int64_t granted;           /* out: 0 = the limit is reached */
	int64_t leased;            /* out: in this window after it, by all hosts */
};
/* Lease that much of each, if it is left: granted = least(asked, limit - leased)
 * where leased < limit, in one upsert (R27: the obvious `leased + n <=
 * limit` loses the remainder). All in one transaction, committed when true. */
bool store_quota_lease(struct db *db, struct quota_lease *all, size_t n, struct err *err_r);
/* Give back n requests each (never below zero), in one transaction; to a window
 * that is over: nothing. */
struct quota_return {
	const char *subject;
	enum window_kind kind;
	uint32_t window;
	int64_t n;
};
bool store_quota_return(struct db *db, const struct quota_return *all, size_t n,
			struct err *err_r);
/* Leased so far in this window, by all hosts; no row = 0. */
bool store_quota_leased(struct db *db, const char *subject, enum window_kind kind,
			uint32_t window, int64_t *leased_r, struct err *err_r);
/* Rows of windows that ended an hour before now or earlier, since another host's
 * clock may be behind; pages of 500. */
bool store_quota_sweep(struct db *db, int64_t now_ms, int64_t *n_r, struct err *err_r);

#endif
