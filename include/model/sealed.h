/*
 * model/sealed.h - a row with sealed columns, alike for each table that has some
 * (store/sealed.h).
 */
#ifndef PIERRE_MODEL_SEALED_H
#define PIERRE_MODEL_SEALED_H

#include "base/field.h"

#define SEALED_BOUND 3
#define SEALED_COLUMNS 2

struct sealed_row {
	const char *row_id;
	const char *tenant_id;                  /* whose data key seals it; NULL = that of all */
	const char *bound[SEALED_BOUND];        /* as in struct seal_place */
	int64_t key_id;                         /* of the data key that sealed its columns */
	const char *sealed[SEALED_COLUMNS];     /* NULL: no secret there */
	int64_t new_key_id;                     /* what is written in their place; not read */
	const char *new_sealed[SEALED_COLUMNS];
};
extern const struct field_schema sealed_row_schema;

#endif
