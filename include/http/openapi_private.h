/*
 * http/openapi_private.h - the document being written, between openapi.c
 * (paths), openapi_answer.c (responses) and openapi_schema.c (schemas).
 */
#ifndef PIERRE_HTTP_OPENAPI_PRIVATE_H
#define PIERRE_HTTP_OPENAPI_PRIVATE_H

#include "http/route.h"

/* One schema of components/schemas, in the order in which routes reach them. */
struct named_schema {
	const struct field_schema *schema;
	bool is_input;
	struct named_schema *next;
};

/* What a route may say with one status. */
struct answer {
	int status;
	const char *title;               /* of a problem */
	const char *codes[ERR__COUNT + 1];   /* of its problems; one may be nginx's */
	size_t n_codes;
	bool charged;                    /* the route counts against limits */
	bool late;                       /* and may have done so before it fails */
	bool verified;                   /* it tells what was presented */
	bool etag;
	bool replayed;                   /* it may be that of an earlier request */
	bool page;                       /* it may be HTML, and set a cookie */
};

struct document {
	const struct route *const *tables;
	struct strbuf *out;
	struct named_schema *schemas;
};

void doc_put(struct document *d, const char *text);
/* Between two members or items; nothing after an opening bracket. */
void doc_comma(struct document *d);
void doc_key(struct document *d, const char *name);
/* A member; left out when value is NULL. */
void doc_text(struct document *d, const char *name, const char *value);
void doc_int(struct document *d, const char *name, int64_t value);
void doc_ref(struct document *d, const char *kind, const char *name);

/* Note a schema and all it reaches. One met as input is described as input. False:
 * ERR_INTERNAL names a schema that another field table has the name of. */
bool doc_reach(struct document *d, const struct field_schema *schema, bool is_input,
	       struct err *err_r);
void doc_schemas(struct document *d);

/* Members of a schema: type, bounds, words. */
void doc_type(struct document *d, const struct field *f, bool nullable);

/* components/headers, components/responses, and "responses" of one route. */
void doc_headers(struct document *d);
void doc_problems(struct document *d);
void doc_responses(struct document *d, const struct route *r);

#endif
