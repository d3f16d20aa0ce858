/*
 * store/store.h - the database that the options name: a handle on it, and
 * whether it can be reached now.
 */
#ifndef PIERRE_STORE_STORE_H
#define PIERRE_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/err.h"

struct db;

/* Not yet connected, free it with db_free(). NULL (ERR_CONFIG) = a bad URL. */
struct db *store_open(const struct conf *conf, struct err *err_r);

/* A round trip, also when it has to connect first, within timeout_ms. */
bool store_ready(struct db *db, int64_t timeout_ms, struct err *err_r);

/* Can everything be written? False: only what ends a right, and err_r says why. */
bool store_writable(struct db *db, struct err *err_r);

#endif
