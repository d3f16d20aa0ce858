/*
 * store/data_key.h - data keys: typed calls. Wrapping and opening is op/vault.c's.
 */
#ifndef PIERRE_STORE_DATA_KEY_H
#define PIERRE_STORE_DATA_KEY_H

#include "base/arena.h"
#include "base/err.h"
#include "model/audit.h"
#include "model/data_key.h"

struct db;

/* ERR_NOT_FOUND: there is none (any more). */
bool store_data_key_get(struct db *db, int64_t id, struct arena *arena, struct data_key *out,
			struct err *err_r);
/* The one that seals for a tenant: its own, or that of all; tenant NULL: that of all. */
bool store_data_key_current(struct db *db, const char *tenant_id, struct arena *arena,
			    struct data_key *out, struct err *err_r);
/* Of struct data_key, by id. */
bool store_data_key_list(struct db *db, struct arena *arena, struct field_list *out,
			 struct err *err_r);
/* The id of the master key that is in use; NULL: no data key was made yet. */
bool store_data_key_master(struct db *db, struct arena *arena, const char **id_r,
			   struct err *err_r);
/* ERR_NOT_FOUND: it was retired. No event: it is a count. */
bool store_data_key_count_seals(struct db *db, int64_t id, int64_t n, struct err *err_r);

/* A new one for key->tenant_id, unless the last one of that tenant is not `seen` any
 * more (0 = none): then *key is the one that another process made. fill: given id and
 * master_id (NULL: the first key of the database), sets master_id and wrapped; it may
 * be called again. */
typedef bool data_key_fill_fn(struct data_key *key, void *arg, struct err *err_r);
struct data_key_new {
	int64_t seen;
	data_key_fill_fn *fill;
	void *arg;
	struct arena *arena;
	bool made;             /* out: by this call */
};
bool store_data_key_create(struct db *db, const struct audit_event *event,
			   struct data_key_new *n, struct data_key *key, struct err *err_r);

/* ERR_NOT_FOUND: it is gone already. A key that a row needs: ERR_DATABASE. */
bool store_data_key_retire(struct db *db, const struct audit_event *event, int64_t id,
			   struct err *err_r);

#endif
