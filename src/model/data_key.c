/* model/data_key.c - fields of a data key. */
#include "config.h"

#include "model/data_key.h"

static const struct field fields[] = {
	FIELD(struct data_key, id, INT, DATA_KEY_SHOWN, "Stands in front of what it sealed"),
	FIELD(struct data_key, tenant_id, UUID, FIELD_NULLABLE | DATA_KEY_SHOWN,
	      "Whose secrets it seals; none = those of all others"),
	FIELD(struct data_key, master_id, TEXT, FIELD_PRIVATE, NULL),
	FIELD(struct data_key, wrapped, TEXT, FIELD_PRIVATE | FIELD_SECRET, NULL),
	FIELD(struct data_key, state, TEXT, FIELD_INPUT | DATA_KEY_SHOWN,
	      "current: it seals; old: it only opens"),
	FIELD(struct data_key, master, TEXT, FIELD_INPUT | DATA_KEY_SHOWN,
	      "The option that has its master key, or unknown"),
	FIELD(struct data_key, seals, INT, DATA_KEY_SHOWN, "Secrets that it has sealed, at most"),
	FIELD(struct data_key, rows, INT, FIELD_INPUT | DATA_KEY_SHOWN,
	      "Rows with a secret that it sealed"),
	FIELD(struct data_key, created_at, TIME, DATA_KEY_SHOWN, "When it was made"),
	{ 0 },
};
const struct field_schema data_key_schema =
	FIELD_SCHEMA("DataKey", struct data_key, fields);
const struct field_schema data_key_shown_schema =
	FIELD_VIEW("DataKeyShown", struct data_key, fields, DATA_KEY_SHOWN);

static const struct field next_fields[] = {
	FIELD(struct data_key_next, id, INT, 0, NULL),
	{ 0 },
};
const struct field_schema data_key_next_schema =
	FIELD_SCHEMA("DataKeyNext", struct data_key_next, next_fields);

static const struct field master_fields[] = {
	FIELD(struct data_key_master, master_id, TEXT, 0, NULL),
	{ 0 },
};
const struct field_schema data_key_master_schema =
	FIELD_SCHEMA("DataKeyMaster", struct data_key_master, master_fields);
