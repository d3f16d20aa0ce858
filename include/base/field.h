/*
 * base/field.h - one table of fields per record: the same rows read database
 * rows into it and bind it to statements (db), read a JSON body or a query string
 * into it, write it as JSON and describe it in the OpenAPI document (http), read
 * the options of a command (cmd) and tell the audit trail of it (op). So these
 * cannot drift.
 *
 * A body or a reply that has some of the rows is a view of the table: a schema
 * with the same rows and a flag that its rows have. No row is written twice, and
 * the order of rows means nothing but the order of members in a reply.
 */
#ifndef PIERRE_BASE_FIELD_H
#define PIERRE_BASE_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/strings.h"

#define INT_NONE INT64_MIN  /* an int64_t member without a value: SQL NULL, JSON null */

enum field_type {        /* member type in the struct                       */
	FIELD_TEXT,      /* const char *; NULL = null                        */
	FIELD_UUID,      /* const char *, 36 lower-case characters           */
	FIELD_INT,       /* int64_t; INT_NONE = null                         */
	FIELD_BOOL,      /* bool                                             */
	FIELD_TIME,      /* int64_t ms; TIME_NONE = null; RFC 3339 in JSON   */
	FIELD_STRINGS,   /* struct strings                                   */
	FIELD_JSON,      /* const char *, text of a JSON object; NULL = null */
	FIELD_OBJECT,    /* const void * to a struct of .schema; output only */
	FIELD_LIST,      /* struct field_list of .schema; output only        */
};

struct field_list {
	const void *items;  /* n structs, schema->size apart */
	size_t n;
};

enum field_flag {
	FIELD_REQUIRED = 1 << 0, /* of a table without views: a body must have it, not null */
	FIELD_NULLABLE = 1 << 1, /* null is allowed                             */
	FIELD_PRIVATE  = 1 << 2, /* database only: never in JSON or OpenAPI     */
	FIELD_SECRET   = 1 << 3, /* in JSON, never echoed in an error or a log  */
	FIELD_AUDIT    = 1 << 4, /* the audit trail tells it; TEXT, UUID or BOOL */
	FIELD_INPUT    = 1 << 5, /* only in bodies: it has no column, no reply has it */
	FIELD_VERSION  = 1 << 6, /* INT that grows with each change of the record: the ETag of a
	                          * reply is made of it; BOOL and TEXT with values: and of
	                          * this; OBJECT: of the version of that */
	FIELD_FREE     = 1 << 7, /* a text that a client words: the audit trail has it masked,
	                          * since nobody can take it out again (base/mask.h) */

	/* Views that have the row. FIELD_MUST(view): and a body of that view must
	 * have it. A record has up to ten views of its own: FIELD_OWN_VIEW(0) to (9). */
	FIELD_PATCH    = 1 << 8,  /* a body that changes a record; null only where NULLABLE */
	FIELD_CREATE   = 1 << 10, /* a body that makes a record; null = left out */
};
#define FIELD_OWN_VIEW(i) (UINT32_C(1) << (12 + 2 * (i)))   /* null = left out */
#define FIELD_MUST(view) ((view) | (view) << 1)

struct field_schema;

/* What a text must be like, beyond its length. ERR_INVALID naming `name`. */
typedef bool field_check_fn(const char *text, const char *name, struct err *err_r);

struct field {
	const char *name;            /* JSON name; NULL ends the table          */
	const char *column;          /* database column; NULL = same as name    */
	const char *audit;           /* name in the audit trail; NULL = same as name */
	enum field_type type;
	uint32_t flags;
	size_t offset;               /* of the member: offsetof(struct x, y)    */
	int64_t min, max;            /* TEXT: code points; JSON: bytes; STRINGS: items; INT: value;
	                              * 0,0 = no bound, of a length max 0 = no upper one */
	const char *const *values;   /* TEXT, STRINGS: allowed words, NULL-terminated */
	field_check_fn *check;       /* TEXT, and each of STRINGS; or NULL      */
	const struct field_schema *schema; /* LIST, OBJECT; of an OBJECT NULL: only described */
	const char *sentence;        /* documentation, one sentence             */
	const char *option;          /* name in the shell; NULL = same as name  */
	const char *value_word;      /* "FILE", in a usage; NULL = last word of that name */
};

/* A named struct: what OpenAPI calls components/schemas/<name>. */
struct field_schema {
	const char *name;
	size_t size;                 /* sizeof(struct x) */
	const struct field *fields;
	uint32_t view;               /* flag of the rows that belong to it; 0 = the
	                              * record: all but PRIVATE and INPUT rows */
};

/*
 * One row: FIELD(struct api_key, name, TEXT, FIELD_MUST(FIELD_CREATE) | FIELD_PATCH,
 * "What it is for") and then by name what else it has (.column, .min, .max, .values,
 * .check, .schema). Its name is the member's. A member whose type is not that of
 * the kind does not compile.
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
#define FIELD_C_JSON    const char *
#define FIELD_C_OBJECT  default
#define FIELD_C_LIST    struct field_list

#define FIELD_SCHEMA(as, s, rows) { .name = (as), .size = sizeof(s), .fields = (rows) }
/* The rows of that table that have the flag `which`. */
#define FIELD_VIEW(as, s, rows, which) \
	{ .name = (as), .size = sizeof(s), .fields = (rows), .view = (which) }

static inline void *field_ptr(const struct field *f, void *base)
{
	return (char *)base + f->offset;
}

static inline const void *field_cptr(const struct field *f, const void *base)
{
	return (const char *)base + f->offset;
}

/* Is the row in JSON of this schema? */
static inline bool field_shown(const struct field_schema *s, const struct field *f)
{
	if (s->view)
		return (f->flags & s->view) && !(f->flags & FIELD_PRIVATE);
	return !(f->flags & (FIELD_PRIVATE | FIELD_INPUT));
}

/* Must what comes in by this schema have the row? */
static inline bool field_required(const struct field_schema *s, const struct field *f)
{
	return (f->flags & (s->view ? s->view << 1 : (uint32_t)FIELD_REQUIRED)) != 0;
}

/* May the row be null in what comes in by this schema? */
static inline bool field_nullable(const struct field_schema *s, const struct field *f)
{
	if (s->view == 0 || s->view == FIELD_PATCH)
		return f->flags & FIELD_NULLABLE;
	return !field_required(s, f);
}

/* The row with that name in JSON of this schema, or NULL. */
const struct field *field_named(const struct field_schema *s, const char *name);

/* No member has a value: NULL, INT_NONE, TIME_NONE, false, no list. */
void field_clear(const struct field_schema *s, void *out);
bool field_is_null(const struct field *f, const void *record);

/* Is the member of this row within its bounds, one of its words, and does its check
 * accept it? Null is accepted. ERR_RANGE or ERR_INVALID naming the field. */
bool field_judge(const struct field *f, const void *record, struct err *err_r);
/* The same for each row of the schema; one that must be there and is null is
 * ERR_REQUIRED. For what did not come in by a reader, as in a call from C. */
bool field_check(const struct field_schema *s, const void *record, struct err *err_r);

/* --- what a body has named ------------------------------------------------------ */

/* Rows of the schema by which it was read. */
struct field_given {
	const struct field *const *rows;
	size_t n;
};

/* Was this member named? FIELD_GIVEN(given, struct api_key, expires_at) */
#define FIELD_GIVEN(given, s, member) field_is_given((given), offsetof(s, member))
bool field_is_given(const struct field_given *given, size_t offset);

/* field_check() of what was named alone; null where the row is not NULLABLE is
 * ERR_REQUIRED. */
bool field_check_given(const struct field_given *given, const void *record, struct err *err_r);
/* Copy what was named from one struct of the record to another. */
void field_patch(const struct field_given *given, const void *from, void *to);

#endif
