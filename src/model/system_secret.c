/* model/system_secret.c - fields of a secret of the service. */
#include "config.h"

#include "model/check.h"
#include "model/system_secret.h"

static const struct field fields[] = {
	FIELD(struct system_secret, name, TEXT, FIELD_AUDIT | SYSTEM_SECRET_SHOWN, "Its name",
	      NAME_BOUNDS),
	FIELD(struct system_secret, sealed_value, TEXT, FIELD_PRIVATE | FIELD_SECRET, NULL),
	FIELD(struct system_secret, value, TEXT, FIELD_INPUT | FIELD_SECRET | SYSTEM_SECRET_SHOWN,
	      "The secret"),
	FIELD(struct system_secret, key_id, INT, SYSTEM_SECRET_SHOWN, "The data key that sealed it"),
	FIELD(struct system_secret, created_at, TIME, SYSTEM_SECRET_SHOWN, "When it was first set"),
	FIELD(struct system_secret, updated_at, TIME, SYSTEM_SECRET_SHOWN, "When it was last set"),
	{ 0 },
};
const struct field_schema system_secret_schema =
	FIELD_SCHEMA("SystemSecret", struct system_secret, fields);
const struct field_schema system_secret_shown_schema =
	FIELD_VIEW("SystemSecretShown", struct system_secret, fields, SYSTEM_SECRET_SHOWN);
