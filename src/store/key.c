/*
 * store/key.c - API keys: typed calls over key.sql, one transaction with its
 * audit row each. Who may have which key is op/key.c's.
 */
#include "config.h"

#include <stdio.h>

#include "store/key.h"
#include "store/owner.h"
#include "store/sql.h"

static const struct field key_fields[] = {
	FIELD(struct api_key, id, UUID, FIELD_REQUIRED, "Id of the key"),
	FIELD(struct api_key, user_id, UUID, FIELD_REQUIRED, "Owner, in whose name it acts"),
	FIELD(struct api_key, name, TEXT, FIELD_REQUIRED, "What the owner calls it"),
	FIELD(struct api_key, description, TEXT, FIELD_NULLABLE, "What it is for"),
	FIELD(struct api_key, tier, TEXT, FIELD_REQUIRED,
	      "trial, starter, professional or enterprise"),
	FIELD(struct api_key, key_prefix, TEXT, FIELD_REQUIRED,
	      "Public id: the first 16 characters of the key"),
	FIELD(struct api_key, key_hash, TEXT, FIELD_PRIVATE, NULL),
	FIELD(struct api_key, scopes, STRINGS, FIELD_REQUIRED,
	      "Words your services give a meaning to"),
	FIELD(struct api_key, rate_limit_requests, INT, FIELD_NULLABLE,
	      "Requests in one window, instead of the tier's"),
	FIELD(struct api_key, rate_limit_period, TEXT, FIELD_NULLABLE,
	      "Window of rate_limit_requests: hour, day or month; null = month"),
	FIELD(struct api_key, granted_by, TEXT, FIELD_REQUIRED,
	      "owner: its owner made it; admin: an administrator did, and the owner may take away "
	      "from it, not add to it"),
	FIELD(struct api_key, is_active, BOOL, FIELD_REQUIRED, "False once revoked"),
	FIELD(struct api_key, last_used_at, TIME, FIELD_NULLABLE,
	      "The last use that was written down"),
	FIELD(struct api_key, expires_at, TIME, FIELD_NULLABLE,
	      "The key is refused from here on; null = never"),
	FIELD(struct api_key, revoked_at, TIME, FIELD_NULLABLE,
	      "When it was revoked; null = it was not"),
	FIELD(struct api_key, created_at, TIME, FIELD_REQUIRED, "When it was made"),
	FIELD(struct api_key, updated_at, TIME, FIELD_REQUIRED,
	      "When anything but its use last changed"),
	{ 0 },
};
const struct field_schema api_key_schema = FIELD_SCHEMA("ApiKey", struct api_key, key_fields);

#define NO_KEY "No such API key"

/* --- make ------------------------------------------------------------------- */

static bool lock_owner(struct db *db, const char *user_id, struct key_owner *out,
		       struct err *err_r)
{
	enum db_rc rc = db_query(db, SQL_KEY_OWNER_LOCK, DB_ARGS(db_text(user_id)), err_r);
	const char *tier, *status;

	if (rc == DB_OK)
		return err_set(err_r, ERR_NOT_FOUND, "No user found for this key");
	if (rc != DB_ROW)
		return false;
	tier = db_column_text(db, 0);
	status = db_column_text(db, 1);
	snprintf(out->tier, sizeof(out->tier), "%s", tier ? tier : "");
	snprintf(out->user_status, sizeof(out->user_status), "%s", status ? status : "");
	db_finish(db);
	return true;
}

static bool create_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct key_new_tx *tx = arg;
	const struct api_key *k = tx->key;
	struct key_owner owner;
	int64_t live;

	if (!lock_owner(db, k->user_id, &owner, err_r) ||
	    !db_number(db, SQL_KEY_COUNT_LIVE,
		       DB_ARGS(db_text(k->user_id), db_time(k->created_at)), &live, err_r) ||
	    !tx->judge(&owner, live, tx->arg, err_r))
		return false;
	return db_write(db, SQL_KEY_INSERT,
			DB_ARGS(db_text(k->id), db_text(k->user_id), db_text(k->name),
				db_text(k->description), db_text(k->key_prefix),
				db_text(k->key_hash), db_text(k->tier),
				db_strings(k->scopes), db_int(k->rate_limit_requests),
				db_text(k->rate_limit_period), db_time(k->expires_at), db_time(k->created_at),
				db_text(k->granted_by)),
			NULL, err_r);
}

bool store_key_create(struct db *db, const struct audit_event *event,
		      const struct key_new_tx *tx, struct err *err_r)
{
	struct key_new_tx copy = *tx;

	return store_change(db, event, create_tx, &copy, err_r);
}

/* --- look up ---------------------------------------------------------------- */

bool store_key_get(struct db *db, const char *user_id, const char *id,
		   struct arena *arena, struct api_key *out, struct err *err_r)
{
	return db_get(db, SQL_KEY_GET, DB_ARGS(db_text(id), db_text(user_id)),
		      &api_key_schema, arena, out, NO_KEY, err_r);
}

bool store_key_owner(struct db *db, const char *id, struct arena *arena,
		     const char **user_id_r, struct err *err_r)
{
	enum db_rc rc = db_query(db, SQL_KEY_OWNER, DB_ARGS(db_text(id)), err_r);

	if (rc == DB_OK)
		return err_set(err_r, ERR_NOT_FOUND, NO_KEY);
	if (rc != DB_ROW)
		return false;
	*user_id_r = arena_strdup(arena, db_column_text(db, 0));
	db_finish(db);
	return true;
}

bool store_key_list(struct db *db, const char *user_id, const struct store_page *page,
		    struct arena *arena, struct field_list *out, struct err *err_r)
{
	return db_list(db, SQL_KEY_LIST,
		       DB_ARGS(db_text(user_id), db_time(page->before_at),
			       db_text(page->before_id), db_int(page->limit)),
		       &api_key_schema, arena, out, err_r);
}

bool store_key_by_prefix(struct db *db, const char *key_prefix, struct arena *arena,
			 struct api_key *out, struct user *owner_r, struct err *err_r)
{
	return store_owner_get(db, SQL_KEY_BY_PREFIX, DB_ARGS(db_text(key_prefix)),
			       &api_key_schema, arena, out, owner_r, NO_KEY, err_r);
}

/* --- change ----------------------------------------------------------------- */

static bool update_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct key_change *c = arg;
	struct key_owner owner;
	struct api_key was;

	if (!lock_owner(db, c->user_id, &owner, err_r) ||
	    !db_get(db, SQL_KEY_LOCK, DB_ARGS(db_text(c->id), db_text(c->user_id)),
		    &api_key_schema, c->arena, &was, NO_KEY, err_r) ||
	    !c->judge(&owner, &was, c->arg, err_r))
		return false;
	return db_write_one(db, SQL_KEY_UPDATE,
			    DB_ARGS(db_text(c->id), db_text(c->user_id),
				    db_int(c->name_given), db_text(c->name),
				    db_int(c->description_given), db_text(c->description),
				    db_int(c->scopes_given), db_strings(c->scopes),
				    db_int(c->expires_given), db_time(c->expires_at),
				    db_time(c->now)), NO_KEY, err_r);
}

bool store_key_update(struct db *db, const struct audit_event *event,
		      const struct key_change *c, struct err *err_r)
{
	struct key_change copy = *c;

	return store_change(db, event, update_tx, &copy, err_r);
}

static bool limit_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct key_limit *l = arg;

	return db_write_one(db, SQL_KEY_LIMIT,
			    DB_ARGS(db_text(l->id), db_int(l->requests), db_text(l->period),
				    db_time(l->now)), NO_KEY, err_r);
}

bool store_key_limit(struct db *db, const struct audit_event *event,
		     const struct key_limit *l, struct err *err_r)
{
	struct key_limit copy = *l;

	return store_change(db, event, limit_tx, &copy, err_r);
}

struct revoke {
	const char *user_id, *id;
	int64_t now;
};

static bool revoke_tx(struct db *db, void *arg, struct err *err_r)
{
	const struct revoke *r = arg;

	return db_write_one(db, SQL_KEY_REVOKE,
			    DB_ARGS(db_text(r->id), db_text(r->user_id), db_time(r->now)),
			    NO_KEY, err_r);
}

bool store_key_revoke(struct db *db, const struct audit_event *event, const char *user_id,
		      const char *id, int64_t now, struct err *err_r)
{
	return store_change(db, event, revoke_tx, &(struct revoke){ user_id, id, now },
			    err_r);
}
