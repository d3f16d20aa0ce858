/*
 * db/value.h - what a statement is given: values that map to both backends.
 */
#ifndef PIERRE_DB_VALUE_H
#define PIERRE_DB_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/field.h"

enum db_type { DB_NULL, DB_INT, DB_TEXT, DB_BOOL, DB_TIME, DB_STRINGS };
struct db_value {
	enum db_type type;
	int64_t i;
	const char *s;
};
static inline struct db_value db_int(int64_t v)      /* INT_NONE -> NULL */
{
	return (struct db_value){ v == INT_NONE ? DB_NULL : DB_INT, v, NULL };
}
static inline struct db_value db_text(const char *s) /* NULL -> NULL */
{
	return (struct db_value){ s ? DB_TEXT : DB_NULL, 0, s };
}
static inline struct db_value db_bool(bool v)
{
	return (struct db_value){ DB_BOOL, v, NULL };
}
static inline struct db_value db_time(int64_t ms)    /* TIME_NONE -> NULL */
{
	return (struct db_value){ ms == TIME_NONE ? DB_NULL : DB_TIME, ms, NULL };
}
static inline struct db_value db_strings(const char *json_array)
{
	return (struct db_value){ json_array ? DB_STRINGS : DB_NULL, 0, json_array };
}

#define DB_ARGS(...) (const struct db_value[]){ __VA_ARGS__ }, \
	(sizeof((const struct db_value[]){ __VA_ARGS__ }) / sizeof(struct db_value))
#define DB_NO_ARGS NULL, 0

#endif
