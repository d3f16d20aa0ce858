/* model/instance.c - fields of the one row of the instance. */
#include "config.h"

#include "model/instance.h"

static const struct field instance_fields[] = {
	FIELD(struct instance, database_id, UUID, FIELD_REQUIRED, "Random id of this database"),
	FIELD(struct instance, key_check, TEXT, FIELD_PRIVATE, "Check value of the master key"),
	FIELD(struct instance, setup_token_hash, TEXT, FIELD_PRIVATE,
	      "SHA-256 of the token for the first admin"),
	FIELD(struct instance, setup_token_expires_at, TIME, FIELD_NULLABLE,
	      "When that token ends"),
	FIELD(struct instance, created_at, TIME, FIELD_REQUIRED,
	      "When the database was first served"),
	{ 0 },
};
const struct field_schema instance_schema =
	FIELD_SCHEMA("Instance", struct instance, instance_fields);
