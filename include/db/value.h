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
	int64_t i;                         /* of a list: how many */
	union {
		const char *s;
		const char *const *items;  /* of a list */
	};
};
static inline struct db_value db_null(void)
{
	return (struct db_value){ .type = DB_NULL };
}
static inline struct db_value db_int(int64_t v)      /* INT_NONE -> NULL */
{
	return v == INT_NONE ? db_null() : (struct db_value){ .type = DB_INT, .i = v };
}
static inline struct db_value db_text(const char *s) /* NULL -> NULL */
{
	return s ? (struct db_value){ .type = DB_TEXT, .s = s } : db_null();
}
static inline struct db_value db_bool(bool v)
{
	return (struct db_value){ .type = DB_BOOL, .i = v };
}
static inline struct db_value db_time(int64_t ms)    /* TIME_NONE -> NULL */
{
	return ms == TIME_NONE ? db_null() : (struct db_value){ .type = DB_TIME, .i = ms };
}
static inline struct db_value db_strings(struct strings v)   /* no list -> NULL */
{
	return v.items ? (struct db_value){ .type = DB_STRINGS, .i = (int64_t)v.n, .items = v.items }
		       : db_null();
}

static inline struct strings db_value_strings(const struct db_value *v)
{
	return (struct strings){ v->items, (size_t)v->i };
}

#define DB_NO_ARGS NULL, 0

#endif
