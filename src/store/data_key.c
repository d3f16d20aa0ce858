/* store/data_key.c - sql/common/data_key.sql. */
#include "config.h"

#include "db/query.h"
#include "db/transaction.h"
#include "store/audit.h"
#include "store/data_key.h"
#include "store/sql.h"

#define NO_KEY "There is no such data key: it was retired, or never made"
#define NO_INSTANCE "The database has no identity yet; `pierre serve` gives it one"

/* --- reading ------------------------------------------------------------------------ */

bool store_data_key_get(struct db *db, int64_t id, struct arena *arena, struct data_key *out,
			struct err *err_r)
{
	return db_get(db, SQL_ARGS(data_key_get, .id = db_int(id)), &data_key_schema, arena, out,
		      NO_KEY, err_r);
}

bool store_data_key_current(struct db *db, const char *tenant_id, struct arena *arena,
			    struct data_key *out, struct err *err_r)
{
	return db_get(db, SQL_ARGS(data_key_current, .tenant_id = db_text(tenant_id)),
		      &data_key_schema, arena, out, NO_KEY, err_r);
}

bool store_data_key_list(struct db *db, struct arena *arena, struct field_list *out,
			 struct err *err_r)
{
	return db_list(db, SQL_ARGS(data_key_list), &data_key_schema, arena, out, err_r);
}

bool store_data_key_master(struct db *db, struct arena *arena, const char **id_r,
			   struct err *err_r)
{
	struct data_key_master master = { 0 };
	bool found = db_get(db, SQL_ARGS(data_key_master), &data_key_master_schema, arena, &master,
			    NO_KEY, err_r);

	*id_r = found ? master.master_id : NULL;
	return found || err_r->kind == ERR_NOT_FOUND;
}

/* --- counting -------------------------------------------------------------------------- */

struct counted {
	int64_t id, n;
};

static bool count_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct counted *c = arg;

	return db_write_one(db, SQL_ARGS(data_key_count_seals, .id = db_int(c->id),
					 .n = db_int(c->n)), NO_KEY, err_r);
}

bool store_data_key_count_seals(struct db *db, int64_t id, int64_t n, struct err *err_r)
{
	struct counted c = { id, n };

	return db_transaction(db, count_tx, &c, err_r);
}

/* --- making, retiring ------------------------------------------------------------------- */

struct creation {
	struct data_key_new *n;
	struct data_key *key;
};

/* False with ERR_NONE in err_r->kind: there is none. */
static bool last_own(struct db *db, const struct creation *c, struct data_key *out,
		     struct err *err_r)
{
	*err_r = (struct err){ 0 };
	if (db_get(db, SQL_ARGS(data_key_own, .tenant_id = db_text(c->key->tenant_id)),
		   &data_key_schema, c->n->arena, out, NO_KEY, err_r))
		return true;
	if (err_r->kind == ERR_NOT_FOUND)
		*err_r = (struct err){ 0 };
	return false;
}

static bool fill_and_add(struct db *db, const struct creation *c, struct err *err_r)
{
	struct data_key_next next;

	if (!db_get(db, SQL_ARGS(data_key_next), &data_key_next_schema, c->n->arena, &next,
		    NO_INSTANCE, err_r) ||
	    !store_data_key_master(db, c->n->arena, &c->key->master_id, err_r))
		return false;
	c->key->id = next.id;
	return c->n->fill(c->key, c->n->arg, err_r) &&
	       db_write(db, SQL_ROW(data_key_insert, &data_key_schema, c->key), NULL, err_r);
}

static bool create_tx(struct db *db, void *arg, struct err *err_r)
{
	struct creation *c = arg;
	struct data_key last = { 0 };

	c->n->made = false;
	if (!db_write(db, SQL_ARGS(instance_lock), NULL, err_r))
		return false;
	if (!last_own(db, c, &last, err_r) && err_r->kind != ERR_NONE)
		return false;
	if (last.id != c->n->seen) {
		*c->key = last;
		return err_set(err_r, ERR_CONFLICT, "Another process has made a data key");
	}
	c->n->made = true;
	return fill_and_add(db, c, err_r);
}

bool store_data_key_create(struct db *db, const struct audit_event *event,
			   struct data_key_new *n, struct data_key *key, struct err *err_r)
{
	struct creation c = { n, key };

	return store_commit(db, event, create_tx, &c, err_r) ||
	       (err_r->kind == ERR_CONFLICT && !n->made);
}

bool store_data_key_retire(struct db *db, const struct audit_event *event, int64_t id,
			   struct err *err_r)
{
	return store_commit_one(db, event, SQL_ARGS(data_key_delete, .id = db_int(id)),
				STORE_NO_ROW, NO_KEY, err_r);
}
