/*
 * base/field.h - one table of fields per struct: the same rows read database
 * rows into it (db), check a JSON body into it, write it as JSON, and
 * describe it in the OpenAPI document (http). So these cannot drift.
 */
#ifndef PIERRE_BASE_FIELD_H
#define PIERRE_BASE_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/strings.h"

#define INT_NONE INT64_MIN  /* an int64_t member without a value: SQL NULL, JSON null */

enum field_type {        /* member type in the struct                       */
	FIELD_TEXT,      /* const char *; NULL = null                        */
	FIELD_UUID,      /* const char *, 36 lower-case characters           */
	FIELD_INT,       /* int64_t; INT_NONE = null                         */
	FIELD_BOOL,      /* bool                                             */
	FIELD_TIME,      /* int64_t ms; TIME_NONE = null; RFC 3339 in JSON   */
	FIELD_STRINGS,   /* struct strings                                   */
	FIELD_OBJECT,    /* const void * to a struct of .schema; output only */
	FIELD_LIST,      /* struct field_list of .schema; output only        */
};

struct field_list {
	const void *items;  /* n structs, schema->size apart */
	size_t n;
};

enum field_flag {
	FIELD_REQUIRED = 1 << 0, /* a body must have it (and not null)          */
	FIELD_NULLABLE = 1 << 1, /* null is allowed                             */
	FIELD_PRIVATE  = 1 << 2, /* database only: never in JSON or OpenAPI     */
	FIELD_SECRET   = 1 << 3, /* in JSON, never echoed in an error or a log  */
	FIELD_RULED    = 1 << 4, /* op refuses what is not in values, in its own words */
	FIELD_AUDIT    = 1 << 5, /* the audit trail tells it; TEXT, UUID or BOOL */
};

struct field_schema;

#define FIELD_GIVEN_MAX 32   /* bits of given */

struct field {
	const char *name;            /* JSON name; NULL ends the table          */
	const char *column;          /* database column; NULL = same as name    */
	const char *audit;           /* name in the audit trail; NULL = same as name */
	enum field_type type;
	unsigned flags;
	size_t offset;               /* of the member: offsetof(struct x, y)    */
	int64_t min, max;            /* TEXT: code points; INT: value; 0,0 = no bound */
	const char *const *values;   /* TEXT: allowed words, NULL-terminated    */
	const struct field_schema *schema; /* LIST, OBJECT; of an OBJECT NULL: only described */
	const char *sentence;        /* documentation, one sentence             */
};

/* A named struct: what OpenAPI calls components/schemas/<name>. */
struct field_schema {
	const char *name;
	size_t size;                 /* sizeof(struct x) */
	const struct field *fields;
	/* offset + 1 of a uint32_t member whose bit i says that the body named
	 * fields[i] (for PATCH); 0 = the struct has none. A table of more than
	 * FIELD_GIVEN_MAX rows is refused (ERR_INTERNAL) */
	size_t given_offset;
};

/*
 * One row: FIELD(struct subject, key_id, UUID, FIELD_NULLABLE, "Id of the API key")
 * and then by name what else it has (.column, .min, .max, .values, .schema). Its
 * name is the member's. A member whose type is not that of the kind does not compile.
 */
#define FIELD(s, member, kind, flag, ...) FIELD_AS(#member, s, member, kind, flag, __VA_ARGS__)

/* The same for a row with a name of its own. */
#define FIELD_AS(as, s, member, kind, flag, ...) \
	{ .name = (as), .type = _Generic(((s *)0)->member, FIELD_C_##kind: FIELD_##kind), \
	  .flags = (flag), .offset = offsetof(s, member), .sentence = __VA_ARGS__ }

/* what a member of each kind is in C */
#define FIELD_C_TEXT    const char *
#define FIELD_C_UUID    const char *
#define FIELD_C_INT     int64_t
#define FIELD_C_BOOL    bool
#define FIELD_C_TIME    int64_t
#define FIELD_C_STRINGS struct strings
#define FIELD_C_OBJECT  default
#define FIELD_C_LIST    struct field_list

#define FIELD_SCHEMA(as, s, rows) { .name = (as), .size = sizeof(s), .fields = (rows) }

static inline void *field_ptr(const struct field *f, void *base)
{
	return (char *)base + f->offset;
}

static inline const void *field_cptr(const struct field *f, const void *base)
{
	return (const char *)base + f->offset;
}

#endif
