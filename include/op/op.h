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
#include "model/role.h"

struct claim;         /* model/claim.h */
struct versions;      /* model/version.h */
struct master_subkeys;   /* auth/master.h */
struct vault;         /* op/vault.h */
struct segment;       /* shm/segment.h */
struct scoreboard;    /* shm/scoreboard.h */
struct slot;
struct token_use;     /* model/token_use.h */
struct db;            /* only store looks inside */
struct usage_store;   /* store/usage.h */
struct providers;     /* provider/providers.h */

/* Who acts. Filled from the credential only, never from a body. All zero: no user;
 * op/scope.h says whose rows an actor opens. */
struct actor {
	const char *user_id;     /* NULL: no user, or the shell */
	const char *tenant_id;   /* the tenant in which the user acts; NULL: no user, or the shell */
	unsigned may;            /* the user's permissions there (model/tenant_role.h), as they are now */
	const char *entered;     /* the tenant of whose rows the user has asked; op_tenant_enter() */
	const char *session_id;  /* NULL unless a session */
	const char *token_id;    /* of a program (op/token_use.h); NULL for users and the shell */
	struct token_use *use;   /* the row that this call leaves; NULL = none */
	enum role role;          /* ROLE_SUPER_ADMIN: also of the shell */
	const char *source;      /* "rest", "shell": audit_events.source */
};

/* What an op uses of the process that runs it. Made once a process, before its
 * first op, and constant while an op runs; a shell command sets only conf and
 * segment. Zero opens nothing: without a segment nothing is cached, without a store what
 * needs it is refused. Borrowed: the process closes what is in it. */
struct op_process {
	const struct conf *conf;
	struct scoreboard *scoreboard;  /* counts who hashes passwords; NULL: a command, not counted */
	struct slot *slot;              /* of this process in it; NULL in commands */
	struct segment *segment;        /* NULL: no service runs on this host */
	size_t block;                   /* index of the slot + 1; 0: no ring, no statistics */
	struct db *quota;               /* leases; = op.db on PostgreSQL; NULL: limits refuse (503) */
	struct usage_store *usage;      /* counters of what was used; NULL: none is reported */
	const struct master_subkeys *pair_keys;   /* make pairs of tokens; NULL: no session is refreshed */
	const struct master_subkeys *reply_keys;  /* seal replies; NULL: no Idempotency-Key is taken */
	struct vault *vault;            /* opens and seals secrets; NULL: there are none */
	const struct providers *providers;   /* provider/providers.h; NULL: none is known */
	const int *caller_fd;           /* eventfd that wakes the caller; NULL: it looks by itself */
	bool cache;                     /* use and keep verified credentials in the segment */
};

/* Where the request came from, for audit events and login throttling. As the
 * client or nginx sent it: it is recorded, and grants nothing. Texts live as long
 * as the op. */
struct op_client {
	const char *remote_addr;        /* NULL in commands */
	const char *user_agent;         /* may be NULL */
	const char *request_id;         /* may be NULL */
};

/* What the op did besides its answer, for the code that runs it. All zero before
 * the op, but for late. */
struct op_result {
	uint64_t recorded;              /* sequence of the request's row in the ring; 0 = none */
	bool late;                      /* set by the caller, who looks once: an earlier row came too
					 * late and is not committed yet */
	const char *waits_for;          /* the reply is better after the refresh of this connection;
					 * NULL = now */
	bool changed;                   /* op_changed() was called */
};

/* One request, one command or one job. Every op has a process: the pointer is
 * never NULL, and no function here looks whether it is. */
struct op {
	struct db *db;
	struct arena *arena;
	int64_t now;                    /* wall clock of this request */
	const struct op_process *process;
	struct actor actor;
	struct op_client client;
	const struct versions *if_match;   /* what is changed must have one of these; NULL = any */
	struct claim *claim;            /* of an Idempotency-Key (op/claim.h); NULL = none */
	bool again;                     /* it ran before, waited for a refresh, and is counted */
	struct op_result result;
};

/* The number that shm/ring.h and shm/stat.h know; without a block it is one that
 * no segment has. */
static inline size_t op_block(const struct op *op)
{
	return op->process->block - 1;
}

#endif
