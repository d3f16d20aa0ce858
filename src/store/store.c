/* store/store.c - opens the database with the product's statements, and asks
 * whether it is there. */
#include "config.h"

#include "base/clock.h"
#include "db/handle.h"
#include "db/transaction.h"
#include "store/sql.h"
#include "store/store.h"

struct db *store_open(const struct conf *conf, struct err *err_r)
{
	return db_new(&(struct db_options){
		.url = conf->database_url,
		.timeout_ms = conf->database_timeout_ms,
		.prepare = conf->database_prepare,
		.catalog = &sql_catalog,
	}, err_r);
}

bool store_writable(struct db *db, struct err *err_r)
{
	return db_has_space(db, err_r);
}

bool store_ready(struct db *db, int64_t timeout_ms, struct err *err_r)
{
	db_deadline(db, clock_monotonic() + timeout_ms);
	return db_ping(db, err_r);
}
