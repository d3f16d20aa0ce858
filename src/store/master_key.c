/* store/master_key.c - another master key, in one transaction. */
#include "config.h"

#include "db/query.h"
#include "store/audit.h"
#include "store/audit_chain.h"
#include "store/data_key.h"
#include "store/master_key.h"
#include "store/sql.h"

static bool wrap_all(struct db *db, struct master_rotation *m, struct err *err_r)
{
	struct field_list list;
	struct data_key *keys;

	if (!store_data_key_list(db, m->arena, &list, err_r))
		return false;
	keys = (struct data_key *)(uintptr_t)list.items;
	for (size_t i = 0; i < list.n; i++)
		if (!m->wrap(&keys[i], m->arg, err_r) ||
		    !db_write_one(db, SQL_ARGS(data_key_wrap, .id = db_int(keys[i].id),
					       .wrapped = db_text(keys[i].wrapped),
					       .master_id = db_text(keys[i].master_id)),
				  "A data key is gone", err_r))
			return false;
	m->keys = (int64_t)list.n;
	return true;
}

static bool sign_all(struct db *db, struct master_rotation *m, struct err *err_r)
{
	struct field_list list;
	struct audit_head *heads;

	if (!store_audit_heads(db, m->arena, &list, err_r))
		return false;
	heads = (struct audit_head *)(uintptr_t)list.items;
	for (size_t i = 0; i < list.n; i++)
		if (!m->sign(&heads[i], m->arg, err_r) ||
		    !db_write(db, SQL_ROW(audit_head_set, &audit_head_schema, &heads[i]), NULL,
			      err_r))
			return false;
	m->heads = (int64_t)list.n;
	return true;
}

static bool rotate_tx(struct db *db, void *arg, struct err *err_r)
{
	struct master_rotation *m = arg;
	int64_t changed;

	if (!db_write(db, SQL_ARGS(instance_lock), NULL, err_r) ||
	    !db_write(db, SQL_ARGS(audit_lease_hold), NULL, err_r) ||
	    !db_write(db, SQL_ARGS(instance_change_key_check, .old_check = db_text(m->old_check),
				   .new_check = db_text(m->new_check)), &changed, err_r))
		return false;
	if (changed == 0)
		return err_set(err_r, ERR_CONFLICT, "The master key was changed meanwhile");
	return wrap_all(db, m, err_r) && sign_all(db, m, err_r);
}

bool store_master_rotate(struct db *db, const struct audit_event *event,
			 struct master_rotation *m, struct err *err_r)
{
	return store_commit(db, event, rotate_tx, m, err_r);
}
