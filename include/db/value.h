/*
 * db/value.h - what a statement is given: values that map to both backends.
 */
#ifndef PIERRE_DB_VALUE_H
#define PIERRE_DB_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/field.h"

/* DB_UNSET: a parameter that was not given; a statement with one is refused. */
enum db_type { DB_UNSET, DB_NULL, DB_INT, DB_TEXT, DB_BOOL, DB_TIME, DB_STRINGS };
struct db_value {
	enum db_type type;
	int64_t i;
	const char *s;
};
static inline struct db_value db_null(void)
{
	return (struct db_value){ .type = DB_NULL };
}
static inline struct db_value db_int(int64_t v)      /* INT_NONE -> NULL */
{
	return v == INT_NONE ? db_null() : (struct db_value){ DB_INT, v, NULL };
}
static inline struct db_value db_text(const char *s) /* NULL -> NULL */
{
	return s ? (struct db_value){ DB_TEXT, 0, s } : db_null();
}
static inline struct db_value db_bool(bool v)
{
	return (struct db_value){ DB_BOOL, v, NULL };
}
static inline struct db_value db_time(int64_t ms)    /* TIME_NONE -> NULL */
{
	return ms == TIME_NONE ? db_null() : (struct db_value){ DB_TIME, ms, NULL };
}
static inline struct db_value db_strings(const char *json_array)
{
	return json_array ? (struct db_value){ DB_STRINGS, 0, json_array } : db_null();
}

#define DB_NO_ARGS NULL, 0

#endif
