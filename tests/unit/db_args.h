/*
 * db_args.h - parameters by position, for tests that have SQL of their own. What
 * stands in sql/ has names: include/db/args.h.
 */
#ifndef PIERRE_TESTS_DB_ARGS_H
#define PIERRE_TESTS_DB_ARGS_H

#include "db/value.h"

#define DB_ARGS(...) (const struct db_value[]){ __VA_ARGS__ }, \
	(sizeof((const struct db_value[]){ __VA_ARGS__ }) / sizeof(struct db_value))

#endif
