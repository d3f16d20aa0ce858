/* model/system_secret.h - a secret of the service itself, by name. */
#ifndef PIERRE_MODEL_SYSTEM_SECRET_H
#define PIERRE_MODEL_SYSTEM_SECRET_H

#include "base/field.h"

struct system_secret {
	const char *name;
	const char *sealed_value;
	int64_t key_id;            /* the data key that sealed it */
	int64_t created_at, updated_at;
	const char *value;         /* opened, of `pierre secret show --reveal` alone */
};
extern const struct field_schema system_secret_schema;
/* View: with the value. */
#define SYSTEM_SECRET_SHOWN FIELD_OWN_VIEW(0)
extern const struct field_schema system_secret_shown_schema;

#endif
