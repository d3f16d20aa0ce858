/*
 * model/data_key.h - a key that seals secrets, as it is stored: wrapped by a subkey of
 * the master key.
 */
#ifndef PIERRE_MODEL_DATA_KEY_H
#define PIERRE_MODEL_DATA_KEY_H

#include "base/field.h"

struct data_key {
	int64_t id;                /* 1, 2, ...; never used twice */
	const char *tenant_id;     /* NULL: of all tenants that have none of their own */
	const char *master_id;     /* which master key wraps it (auth/master.h) */
	const char *wrapped;
	int64_t seals;             /* so many so far, at most */
	int64_t created_at;
	/* for people; not in the database */
	const char *state;         /* "current": it seals; "old": it only opens */
	const char *master;        /* the option that has this master key, or "unknown" */
	int64_t rows;              /* with a secret that it sealed */
};
extern const struct field_schema data_key_schema;
/* View: what is shown. */
#define DATA_KEY_SHOWN FIELD_OWN_VIEW(0)
extern const struct field_schema data_key_shown_schema;   /* "DataKeyShown" */

struct data_key_next {
	int64_t id;
};
extern const struct field_schema data_key_next_schema;

/* The id of the master key that is in use. */
struct data_key_master {
	const char *master_id;
};
extern const struct field_schema data_key_master_schema;

#endif
