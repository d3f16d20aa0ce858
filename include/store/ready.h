/*
 * store/ready.h - can the store be reached now?
 */
#ifndef PIERRE_STORE_READY_H
#define PIERRE_STORE_READY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct db;

/* A round trip, also when it has to connect first, within timeout_ms. */
bool store_ready(struct db *db, int64_t timeout_ms, struct err *err_r);

#endif
