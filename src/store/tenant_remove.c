/*
 * store/tenant_remove.c - a tenant that was deleted 30 days ago goes, with its rows, a
 * page at a time. A table that refers to tenants is a line of `pages`: without it the
 * tenant stays, since its FOREIGN KEY refuses (ON DELETE RESTRICT).
 */
#include "config.h"

#include "db/query.h"
#include "store/audit.h"
#include "store/sql.h"
#include "store/tenant.h"

struct removal {
	const char *tenant_id;
	int64_t before, n;
};

/* Each deletes a page of what its table has of the tenant. */
static bool remove_keys(struct db *db, struct removal *r, struct err *err_r)
{
	return db_write(db, SQL_ARGS(tenant_remove_keys, .tenant_id = db_text(r->tenant_id)),
			&r->n, err_r);
}

static bool remove_connections(struct db *db, struct removal *r, struct err *err_r)
{
	return db_write(db, SQL_ARGS(tenant_remove_connections, .tenant_id = db_text(r->tenant_id)),
			&r->n, err_r);
}

static bool remove_connects(struct db *db, struct removal *r, struct err *err_r)
{
	return db_write(db, SQL_ARGS(tenant_remove_connects, .tenant_id = db_text(r->tenant_id)),
			&r->n, err_r);
}

static bool remove_apps(struct db *db, struct removal *r, struct err *err_r)
{
	return db_write(db, SQL_ARGS(tenant_remove_apps, .tenant_id = db_text(r->tenant_id)),
			&r->n, err_r);
}

static bool remove_notifications(struct db *db, struct removal *r, struct err *err_r)
{
	return db_write(db, SQL_ARGS(tenant_remove_notifications, .tenant_id = db_text(r->tenant_id)),
			&r->n, err_r);
}

static bool remove_members(struct db *db, struct removal *r, struct err *err_r)
{
	return db_write(db, SQL_ARGS(tenant_remove_members, .tenant_id = db_text(r->tenant_id)),
			&r->n, err_r);
}

static bool remove_data_keys(struct db *db, struct removal *r, struct err *err_r)
{
	return db_write(db, SQL_ARGS(tenant_remove_data_keys, .tenant_id = db_text(r->tenant_id)),
			&r->n, err_r);
}

static bool remove_tenant(struct db *db, struct removal *r, struct err *err_r)
{
	return db_write(db, SQL_ARGS(tenant_remove, .tenant_id = db_text(r->tenant_id)),
			&r->n, err_r);
}

/* The first that has rows is the page; what others refer to comes after them. */
static bool (*const pages[])(struct db *db, struct removal *r, struct err *err_r) = {
	remove_keys,
	remove_connections,   /* ended with it, and no provider could be told */
	remove_connects,
	remove_apps,
	remove_notifications,
	remove_members,
	remove_data_keys,     /* after what they sealed */
	remove_tenant,
};

static bool remove_tx(struct db *db, void *arg, struct err *err_r)
{
	struct removal *r = arg;
	int64_t held;

	r->n = 0;
	if (!db_write(db, SQL_ARGS(tenant_remove_lock, .tenant_id = db_text(r->tenant_id),
				   .before = db_time(r->before)), &held, err_r))
		return false;
	for (size_t i = 0; held > 0 && i < sizeof(pages) / sizeof(pages[0]) && r->n == 0; i++)
		if (!pages[i](db, r, err_r))
			return false;
	return true;
}

bool store_tenant_removable(struct db *db, int64_t before, struct arena *arena,
			    const char **id_r, struct err *err_r)
{
	enum db_rc rc = db_query(db, SQL_ARGS(tenant_removable, .before = db_time(before)), err_r);

	*id_r = rc == DB_ROW ? arena_strdup(arena, db_column_text(db, 0)) : NULL;
	if (rc == DB_ROW)
		db_finish(db);
	return rc == DB_ROW || rc == DB_OK;
}

bool store_tenant_remove(struct db *db, const struct audit_event *event, const char *tenant_id,
			 int64_t before, int64_t *n_r, struct err *err_r)
{
	struct removal r = { .tenant_id = tenant_id, .before = before };
	bool done = store_commit(db, event, remove_tx, &r, err_r);

	*n_r = done ? r.n : 0;
	return done;
}
