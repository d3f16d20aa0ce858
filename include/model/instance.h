/*
 * model/instance.h - what a database is.
 */
#ifndef PIERRE_MODEL_INSTANCE_H
#define PIERRE_MODEL_INSTANCE_H

#include "base/field.h"

struct instance {
	const char *database_id;
	const char *key_check;            /* NULL before the first use of a key */
	const char *setup_token_hash;     /* NULL: none, or spent */
	int64_t setup_token_expires_at;
	int64_t created_at;
};
extern const struct field_schema instance_schema;

#endif
