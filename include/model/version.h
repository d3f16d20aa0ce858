/*
 * model/version.h - a change that is made only to a record as its client has seen it
 * (If-Match). The version grows with each change of the record; it is judged while the row
 * is locked.
 */
#ifndef PIERRE_MODEL_VERSION_H
#define PIERRE_MODEL_VERSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct versions {
	const int64_t *items;
	size_t n;                      /* 0: none will do */
};

/* NULL: any will do. ERR_PRECONDITION reason version: it is none of these. */
bool version_check(const struct versions *wanted, int64_t version, struct err *err_r);

#endif
