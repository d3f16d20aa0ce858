/*
 * http/openapi_private.h - the document being written, between openapi.c
 * (paths) and openapi_schema.c (schemas).
 */
#ifndef PIERRE_HTTP_OPENAPI_PRIVATE_H
#define PIERRE_HTTP_OPENAPI_PRIVATE_H

#include "http/route.h"

#define SCHEMAS_MAX 128

struct named_schema {
	const struct field_schema *schema;
	bool is_input;
};

struct document {
	const struct route *const *tables;
	struct strbuf *out;
	struct named_schema schemas[SCHEMAS_MAX];
	size_t n_schemas;
};

void doc_put(struct document *d, const char *text);
/* Between two members or items; nothing after an opening bracket. */
void doc_comma(struct document *d);
void doc_key(struct document *d, const char *name);
/* A member; left out when value is NULL. */
void doc_text(struct document *d, const char *name, const char *value);
void doc_int(struct document *d, const char *name, int64_t value);
void doc_ref(struct document *d, const char *kind, const char *name);

/* Note a schema and all it reaches. One met as input is described as input. */
void doc_reach(struct document *d, const struct field_schema *schema, bool is_input);
void doc_schemas(struct document *d);

#endif
