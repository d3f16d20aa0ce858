/* store/key_import.c - API keys of another program, by their hashes. */
#include "config.h"

#include "base/str.h"
#include "db/query.h"
#include "store/audit.h"
#include "store/key.h"
#include "store/sql.h"
#include "store/tenant.h"

#define TRIAL "trial"

struct import {
	struct key_batch *batch;
	struct arena *arena;
};

/* What is there in place of *k. */
static bool look(struct db *db, const struct api_key *k, struct arena *arena,
		 struct key_present *out, struct err *err_r)
{
	struct api_key was;
	struct user owner;
	struct tenant_place place;

	if (!store_key_by_prefix(db, k->key_prefix, arena, &was, &owner, &place, err_r))
		return false;
	out->there = true;
	out->anothers = !str_eq(was.user_id, k->user_id);
	out->ended = !was.is_active ||
		     (was.expires_at != TIME_NONE && was.expires_at <= k->created_at);
	return true;
}

static bool import_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct import *i = arg;
	const struct key_batch *b = i->batch;
	int64_t n;

	for (size_t k = 0; k < b->n; k++) {
		b->present_r[k] = (struct key_present){ .there = false };
		if ((b->keys[k].tenant_id && !store_tenant_personal(db, b->keys[k].user_id, err_r)) ||
		    !db_write(db, SQL_ROW(key_import, &api_key_schema, &b->keys[k]), &n, err_r) ||
		    (n == 0 && !look(db, &b->keys[k], i->arena, &b->present_r[k], err_r)))
			return false;
	}
	return !b->trial || err_reason(err_r, ERR_CONFLICT, TRIAL, "Only a trial: rolled back");
}

bool store_key_import(struct db *db, struct scope scope, const struct audit_event *event,
		      struct key_batch *batch, struct arena *arena, struct err *err_r)
{
	if (scope.kind != SCOPE_ALL)
		return err_set(err_r, ERR_NOT_FOUND, "No user found");
	return store_commit(db, event, import_tx, &(struct import){ batch, arena }, err_r) ||
	       (batch->trial && str_eq(err_r->reason, TRIAL));
}

bool store_key_imported_exist(struct db *db, bool *exist_r, struct err *err_r)
{
	int64_t n = 0;

	if (!db_number(db, SQL_ARGS(key_imported_exist), &n, err_r))
		return false;
	*exist_r = n > 0;
	return true;
}
