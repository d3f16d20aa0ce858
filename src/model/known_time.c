/* model/known_time.c - fields of the known time. */
#include "config.h"

#include "model/known_time.h"

static const struct field known_time_fields[] = {
	FIELD(struct known_time, server_now, TIME, FIELD_NULLABLE, NULL),
	FIELD(struct known_time, known_at, TIME, FIELD_NULLABLE, NULL),
	FIELD(struct known_time, host_id, TEXT, FIELD_NULLABLE, NULL),
	FIELD(struct known_time, host_ms, INT, FIELD_NULLABLE, NULL),
	{ 0 },
};
const struct field_schema known_time_schema =
	FIELD_SCHEMA("KnownTime", struct known_time, known_time_fields);
