/*
 * store/connect.h - attempts to connect: typed calls. A secret that was presented finds
 * each; ERR_NOT_FOUND: it finds none, or what it finds was spent or is too old.
 */
#ifndef PIERRE_STORE_CONNECT_H
#define PIERRE_STORE_CONNECT_H

#include "base/arena.h"
#include "model/audit.h"
#include "model/connect.h"
#include "model/notification.h"

struct db;

bool store_connect_add(struct db *db, const struct audit_event *event,
		       const struct connect_state *in, struct err *err_r);

/* By the link; spends nothing. */
bool store_connect_by_start(struct db *db, const char *start_hash, struct arena *arena,
			    struct connect_state *out, struct err *err_r);
bool store_connect_account(struct db *db, const char *start_hash, struct arena *arena,
			   struct connect_account *out, struct err *err_r);
/* Spends the link in->start_hash. in: state_hash, cookie_hash, sealed_verifier, key_id,
 * expires_at too. */
bool store_connect_start(struct db *db, const struct audit_event *event,
			 const struct connect_state *in, struct arena *arena,
			 struct connect_state *out, struct err *err_r);

/* By state and cookie together; spends nothing. */
bool store_connect_by_state(struct db *db, const char *state_hash, const char *cookie_hash,
			    struct arena *arena, struct connect_state *out, struct err *err_r);
/* Spends both. in: state_hash, cookie_hash, phase, sealed_code, key_id, scopes_granted,
 * outcome and message. told: NULL = nothing. */
bool store_connect_call_back(struct db *db, const struct audit_event *event,
			     const struct connect_state *in, const struct notification *told,
			     struct arena *arena, struct connect_state *out, struct err *err_r);
/* By its id. */
bool store_connect_get(struct db *db, const char *id, struct arena *arena,
		       struct connect_state *out, struct err *err_r);

/* --- for callers ---------------------------------------------------------------------- */

/* Those whose code waits, the oldest first; most: of each provider. */
bool store_connect_waiting(struct db *db, int64_t most, struct arena *arena,
			   struct field_list *out, struct err *err_r);
/* Take it, once; out->updated_at is when its code came. ERR_NOT_FOUND: another caller has it. */
bool store_connect_claim(struct db *db, const char *id, struct arena *arena,
			 struct connect_state *out, struct err *err_r);
/* Nothing came of it: in->id, outcome, message. */
bool store_connect_fail(struct db *db, const struct audit_event *event,
			const struct connect_state *in, const struct notification *told,
			struct err *err_r);
/* In a transaction: what it gave is stored. ERR_NOT_FOUND: it is already. */
bool store_connect_save(struct db *db, const char *id, int64_t now, struct err *err_r);
/* In a transaction: what came of it. */
bool store_connect_finish(struct db *db, const struct connect_state *in, int64_t now,
			  struct err *err_r);
/* Those whose callers died with their code, or for which none came. */
bool store_connect_list_lost(struct db *db, int64_t now, int64_t limit, struct arena *arena,
			     struct field_list *out, struct err *err_r);
/* One of them is given up: in->id, outcome, message. ERR_NOT_FOUND: it is none of them. */
bool store_connect_lose(struct db *db, const struct audit_event *event,
			const struct connect_state *in, const struct notification *told,
			struct err *err_r);

#endif
