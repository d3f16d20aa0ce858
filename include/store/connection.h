/*
 * store/connection.h - connections to providers: typed calls. What is stored in
 * sealed_... was sealed before (op/connection.h); the numbers are those of the table
 * (sql/schema, provider_connections).
 */
#ifndef PIERRE_STORE_CONNECTION_H
#define PIERRE_STORE_CONNECTION_H

#include "base/arena.h"
#include "model/audit.h"
#include "model/connection.h"
#include "model/page.h"
#include "model/scope.h"

struct db;

#define NO_CONNECTION "This provider is not connected"

/* --- for their owners --------------------------------------------------------------- */

/* Of the scope's user in its tenant; one that is identified before one that is not. */
bool store_connection_get(struct db *db, struct scope scope, const char *provider,
			  struct arena *arena, struct connection *out, struct err *err_r);
/* By provider. */
bool store_connection_list(struct db *db, struct scope scope, struct arena *arena,
			   struct field_list *out, struct err *err_r);
/* Of a tenant, newest first. filter: the provider. */
bool store_connection_list_tenant(struct db *db, struct scope scope, const void *filter,
				  const struct page *page, struct arena *arena,
				  struct field_list *out, struct err *err_r);

/* ERR_CONFLICT: there is one; field provider_user_id: the account is connected elsewhere. */
bool store_connection_add(struct db *db, const struct audit_event *event,
			  const struct connection *in, struct err *err_r);
/* New tokens into the row in->id, with in->connect_gen as it was read: what is on its way
 * for the old ones is dropped. ERR_NOT_FOUND: it was changed meanwhile. */
bool store_connection_replace(struct db *db, struct scope scope, const struct audit_event *event,
			      const struct connection *in, struct err *err_r);
/* Another access token beside the refresh token seen_refresh (its sealed text, as it was read),
 * of which in->sealed_refresh is the same one. out: the row then. ERR_NOT_FOUND: it has another
 * one by now. */
bool store_connection_set_access(struct db *db, struct scope scope, const struct audit_event *event,
				 const struct connection *in, const char *seen_refresh,
				 struct arena *arena, struct connection *out, struct err *err_r);
/* Nobody gets them any more; a caller tells the provider. provider NULL: all of them.
 * *n_r: how many; of none nothing is told. */
bool store_connection_end(struct db *db, struct scope scope, const char *provider,
			  const struct audit_event *event, int64_t *n_r, struct err *err_r);

/* --- for callers: of every user ----------------------------------------------------- */

bool store_connection_by_id(struct db *db, const char *id, struct arena *arena,
			    struct connection *out, struct err *err_r);
/* Take it for one call: refresh_gen as it was read. ERR_CONFLICT: another caller has it. */
bool store_connection_claim(struct db *db, const char *id, int64_t refresh_gen,
			    struct arena *arena, struct connection_claim *out, struct err *err_r);

#endif
