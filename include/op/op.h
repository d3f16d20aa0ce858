/*
 * op/op.h - the rules of the product, callable without HTTP: REST routes and
 * shell commands call the same functions, as MCP and A2A will.
 *
 * op_<resource>_<verb>(struct op *, scope, id, in, out, err): plain structs in
 * and out; scope: whose rows (op/scope.h), where rows have an owner;
 * results live in op->arena. Every state change commits together with its
 * audit event; true means committed.
 */
#ifndef PIERRE_OP_OP_H
#define PIERRE_OP_OP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"

struct subkey;        /* auth/subkey.h */
struct room;          /* shm/room.h */
struct scoreboard;    /* shm/scoreboard.h */
struct slot;
struct db;            /* only store looks inside */
struct usage_store;   /* store/usage.h */

/* Who acts. Filled from the credential only (rule: never from a body). All zero
 * is nobody; op/scope.h says whose rows that opens. */
struct actor {
	const char *user_id;     /* NULL: nobody, or the shell */
	const char *tenant_id;   /* may be NULL */
	const char *session_id;  /* NULL unless a session */
	bool is_admin;           /* also of the shell */
	const char *source;      /* "rest", "shell": audit_events.source */
};

struct op {
	struct db *db;
	struct arena *arena;
	const struct conf *conf;
	struct scoreboard *scoreboard;  /* NULL in commands */
	struct slot *slot;              /* NULL in commands */
	struct room *room;              /* NULL: no service runs on this host */
	size_t block;                   /* own ring and statistics block: index of the slot */
	struct db *quota;               /* leases; = db on PostgreSQL; NULL in commands */
	uint64_t recorded;              /* sequence of this request's row in the ring; 0 = none yet */
	uint64_t late;                  /* a row that was not committed in time; 0 = none */
	struct usage_store *usage;      /* counters of what was used; NULL in commands */
	const struct subkey *pair_key;  /* makes pairs of tokens; NULL: no session is refreshed here */
	bool cache;                     /* use and keep verified credentials in the room */
	bool changed;                   /* op_changed() was called */
	int64_t now;                    /* wall clock of this request */
	struct actor actor;
	const char *remote_addr;        /* NULL in commands */
	const char *user_agent;         /* may be NULL */
	const char *request_id;         /* may be NULL */
};

#endif
