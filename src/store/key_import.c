/* store/key_import.c - API keys of another program, by their hashes. */
#include "config.h"

#include "base/str.h"
#include "db/query.h"
#include "store/audit.h"
#include "store/key.h"
#include "store/sql.h"

#define TRIAL "trial"

struct import {
	const struct api_key *keys;
	size_t n;
	bool trial;
	int64_t imported;
};

static bool import_tx(struct db *db, void *arg, struct err *err_r)
{
	struct import *i = arg;
	int64_t n;

	i->imported = 0;
	for (size_t k = 0; k < i->n; k++) {
		if (!db_write(db, SQL_ROW(key_import, &api_key_schema, &i->keys[k]), &n, err_r))
			return false;
		i->imported += n;
	}
	return !i->trial || err_reason(err_r, ERR_CONFLICT, TRIAL, "Only a trial: rolled back");
}

bool store_key_import(struct db *db, struct scope scope, const struct audit_event *event,
		      const struct api_key *keys, size_t n, bool trial, int64_t *n_r,
		      struct err *err_r)
{
	struct import i = { .keys = keys, .n = n, .trial = trial };
	bool done;

	if (scope.kind != SCOPE_ALL)
		return err_set(err_r, ERR_NOT_FOUND, "No user found");
	done = store_commit(db, event, import_tx, &i, err_r) ||
	       (trial && str_eq(err_r->reason, TRIAL));
	*n_r = done ? i.imported : 0;
	return done;
}

bool store_key_imported_exist(struct db *db, bool *exist_r, struct err *err_r)
{
	int64_t n = 0;

	if (!db_number(db, SQL_ARGS(key_imported_exist), &n, err_r))
		return false;
	*exist_r = n > 0;
	return true;
}
