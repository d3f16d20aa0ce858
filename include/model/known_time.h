/*
 * model/known_time.h - which moment is known to have come.
 */
#ifndef PIERRE_MODEL_KNOWN_TIME_H
#define PIERRE_MODEL_KNOWN_TIME_H

#include "base/field.h"

struct known_time {
	int64_t server_now;       /* PostgreSQL's clock; TIME_NONE on SQLite */
	int64_t known_at;         /* TIME_NONE: there is no row yet */
	const char *host_id;      /* segment_host_id() of the writer, or "" */
	int64_t host_ms;          /* clock_uptime() of that host then */
};
extern const struct field_schema known_time_schema;

#endif
