/* store/ready.c - the round trip that /health/ready stands on. */
#include "config.h"

#include "base/clock.h"
#include "db/db.h"
#include "store/ready.h"

bool store_ready(struct db *db, int64_t timeout_ms, struct err *err_r)
{
	db_deadline(db, clock_monotonic() + timeout_ms);
	return db_ping(db, err_r);
}
