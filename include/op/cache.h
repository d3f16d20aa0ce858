/*
 * op/cache.h - credentials that were verified, shared by the processes of this
 * host, so that the next request with the same one reads no database.
 *
 * By public id of a key or hash of an access token. A row is used while the
 * generations of its key or session, user and tenant are the ones from before
 * it was read, and as long as somebody follows the changes of all hosts
 * (op/change.h), five minutes at most; when nobody does, for 3 s. It holds what the
 * database said: secret, status and expiry are judged by the caller on every hit.
 *
 * Who is behind a credential is only known after the SELECT, so one generation
 * counts all changes: cache_mark() reads it before, and cache_store() keeps
 * nothing when it has moved since.
 */
#ifndef PIERRE_OP_CACHE_H
#define PIERRE_OP_CACHE_H

#include "model/key.h"
#include "model/session.h"
#include "model/user.h"
#include "op/op.h"

struct cached {
	const struct api_key *key;           /* NULL for a session */
	const struct session_ref *session;   /* NULL for a key */
	const struct user *owner;            /* without password_hash */
};

/* Always false when the process has no cache or no room. The rows are in op->arena. */
bool cache_find(const struct op *op, const char *name, struct cached *out);

/* Before the SELECT. */
struct cache_mark {
	uint32_t changes;
	int64_t at;              /* monotonic ms */
};
struct cache_mark cache_mark(const struct op *op);
/* After it; the rows are copied. */
void cache_store(const struct op *op, const char *name, struct cache_mark mark,
		 const struct cached *row);

/* A key, user, tenant or session was changed: call it after the commit, also
 * when its outcome is not known. NULL: nothing. */
void op_changed(struct op *op, const char *id);

#endif
