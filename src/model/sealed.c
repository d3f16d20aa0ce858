/* model/sealed.c - fields of a row with sealed columns. */
#include "config.h"

#include "model/sealed.h"

static const struct field row_fields[] = {
	FIELD(struct sealed_row, row_id, TEXT, 0, NULL),
	FIELD(struct sealed_row, tenant_id, TEXT, FIELD_NULLABLE, NULL),
	FIELD_AS("bound_1", struct sealed_row, bound[0], TEXT, FIELD_NULLABLE, NULL),
	FIELD_AS("bound_2", struct sealed_row, bound[1], TEXT, FIELD_NULLABLE, NULL),
	FIELD_AS("bound_3", struct sealed_row, bound[2], TEXT, FIELD_NULLABLE, NULL),
	FIELD(struct sealed_row, key_id, INT, 0, NULL),
	FIELD_AS("sealed_1", struct sealed_row, sealed[0], TEXT, FIELD_NULLABLE, NULL),
	FIELD_AS("sealed_2", struct sealed_row, sealed[1], TEXT, FIELD_NULLABLE, NULL),
	{ 0 },
};
const struct field_schema sealed_row_schema =
	FIELD_SCHEMA("SealedRow", struct sealed_row, row_fields);
