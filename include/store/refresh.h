/*
 * store/refresh.h - refreshes of connections: typed calls over refresh.sql. The steps are in
 * op/refresh.h.
 */
#ifndef PIERRE_STORE_REFRESH_H
#define PIERRE_STORE_REFRESH_H

#include "model/audit.h"
#include "model/connection.h"
#include "model/notification.h"
#include "model/provider_app.h"
#include "model/scope.h"

struct db;

/* Marks those of one provider that end at `soon`, came before `settled`, and were given out
 * since used_since. */
struct refresh_ahead {
	const char *provider;
	int64_t soon, settled, used_since;
};
bool store_refresh_ahead(struct db *db, const struct refresh_ahead *in, struct err *err_r);
/* They are given out now; wanted: and a refresh is. No row: nothing. */
bool store_refresh_ask(struct db *db, struct scope scope, const char *id, bool wanted, int64_t now,
		       struct err *err_r);

/* Of every user: those that want a refresh, and that no caller has; `most` of a provider. */
bool store_refresh_list_due(struct db *db, int64_t now, int64_t most, struct arena *arena,
			    struct field_list *out, struct err *err_r);
/* Which of these connections wait for a refresh, one that is under way too. */
bool store_refresh_list_awaited(struct db *db, struct strings ids, int64_t now, struct arena *arena,
				struct strings *out, struct err *err_r);
/* store_connection_claim(), unless another connection of its application is claimed. seen: id,
 * app_id and refresh_gen. ERR_CONFLICT: one is, or this one. */
bool store_refresh_claim_alone(struct db *db, const struct connection *seen, struct arena *arena,
			       struct connection_claim *out, struct err *err_r);
/* c: as it was claimed. ERR_CONFLICT: it was ended, set anew, or claimed by another: nothing
 * may be sent. */
bool store_refresh_sent(struct db *db, const struct connection *c, int64_t now, struct err *err_r);

/* Tokens of the claim `gen`: id, connect_gen, what is sealed, expires_at, refreshed_at and
 * scopes_granted of in (no list: they stay). *written_r: false when newer ones are there, or
 * the connection is another one by now. */
bool store_refresh_write(struct db *db, const struct audit_event *event, const struct connection *in,
			 int64_t gen, int64_t now, bool *written_r, struct err *err_r);

/* The claim of c brought nothing: state, reason, refresh_wanted, retry_at, attempts, refusals,
 * first_refused_at of it are stored, if it still has it. event, told: NULL = none. */
bool store_refresh_end(struct db *db, const struct audit_event *event, const struct connection *c,
		       const struct notification *told, int64_t now, struct err *err_r);

/* One more answer for an application, in the window since window_begin; *out: with it. */
bool store_refresh_count(struct db *db, const char *app_id, bool refused, int64_t window_begin,
			 int64_t now, struct arena *arena, struct provider_app *out,
			 struct err *err_r);
bool store_refresh_degrade(struct db *db, const char *app_id, int64_t until, struct err *err_r);
/* What this one has does not work. */
bool store_refresh_want(struct db *db, const char *id, int64_t now, struct err *err_r);
/* How many other connections the application of c has. */
bool store_refresh_others(struct db *db, const struct connection *c, int64_t *n_r, struct err *err_r);

#endif
