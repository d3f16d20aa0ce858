/*
 * shm/scoreboard.h - one shared slot per child: what it does and since when.
 *
 * The master maps it before the first fork; a child writes its own slot only,
 * the master reads all and clears the slot of a dead child. Sized for two
 * generations, since a reload runs both. Fields are written without a lock;
 * `state` is atomic and stored last, so a reader that sees SERVING sees that
 * request's route and start.
 *
 * Beside the slots: marks of requests that ended a process, refusals that
 * repeat (shm/repeat.h), how many processes died, and calls (shm/calls.h).
 */
#ifndef PIERRE_SHM_SCOREBOARD_H
#define PIERRE_SHM_SCOREBOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "shm/calls.h"
#include "shm/repeat.h"

enum slot_role { ROLE_FAST, ROLE_SLOW, ROLE_SCHEDULER, ROLE_RECORDER, ROLE_CALLER,
	ROLE__COUNT };
enum slot_state { SLOT_FREE, SLOT_STARTING, SLOT_IDLE, SLOT_READING, SLOT_SERVING, SLOT_STOPPING };

#define SLOT_ROUTE 64
#define SLOT_REQUEST_ID 40

struct slot {
	_Atomic int state;              /* enum slot_state */
	_Atomic int hashing;            /* holds one of the password permits */
	enum slot_role role;
	int index;                      /* within its role and generation */
	unsigned generation;            /* counts reloads */
	pid_t pid;
	_Atomic int64_t started;        /* monotonic ms of the current request, 0 = none */
	_Atomic int64_t deadline;       /* monotonic ms; past it + grace the master kills */
	_Atomic uint64_t requests;      /* served since start */
	_Atomic int connections;        /* of a fast worker, with those that are idle */
	_Atomic int calls, calls_waiting, tasks;   /* of the caller: under way; for a place; for the database */
	char route[SLOT_ROUTE];         /* label of the current request's route */
	char request_id[SLOT_REQUEST_ID];
};

#define MARKS 16
#define MARK_MS 60000           /* nginx sends a request again within moments, or not at all */

/* A request at which a process ended. */
struct mark {
	_Atomic int64_t at;             /* monotonic ms; 0 = none, or one that is being written */
	char request_id[SLOT_REQUEST_ID];
};

struct scoreboard {
	size_t n;
	_Atomic int64_t audit_waits_since;  /* wall ms: the oldest audit event without a link; 0 = none */
	_Atomic int64_t audit_broken;       /* chains of the audit trail that are not gone on from */
	_Atomic int hashing_max;        /* permits: half the slow workers, at least one */
	_Atomic int64_t marked;         /* monotonic ms of the latest mark, 0 = none */
	_Atomic unsigned marks_made;    /* the next one is at this, modulo MARKS */
	struct mark marks[MARKS];
	_Atomic uint64_t deaths[ROLE__COUNT];   /* of processes that were not told to end */
	struct repeats repeats;
	struct calls calls;
	struct slot slots[];
};

struct scoreboard *scoreboard_new(size_t n, struct err *err_r);
void scoreboard_free(struct scoreboard **sb);
const char *slot_role_name(enum slot_role r);    /* "fast", "slow", "scheduler" ... */

/* Worker side. */
void slot_idle(struct slot *s);
void slot_reading(struct slot *s, int64_t now, int64_t deadline);
/* As soon as the id is known, before anything else of the request is looked at. */
void slot_named(struct slot *s, const char *request_id);
void slot_serving(struct slot *s, const char *route, const char *request_id);
void slot_stopping(struct slot *s);

/* Does this fast worker have more than 1.5 times the mean number of connections of the
 * running workers of its generation? One connection is never too many. So they are never
 * all over their share, and none gets twice the mean. */
bool slot_over_share(const struct scoreboard *sb, const struct slot *s);

/* The request that a slot is at; empty texts when there is none. The process of the
 * slot may be writing: the copies are cut at the length of the fields. */
struct slot_request {
	char route[SLOT_ROUTE];
	char request_id[SLOT_REQUEST_ID];
};
void slot_request_read(const struct slot *s, struct slot_request *out);

/* nginx repeats a request whose worker died, with the same id, on every connection that
 * it keeps. So the process that dies of a signal, or the master before it kills a
 * process, marks the request that the slot is at, if it has an id. Async-signal-safe. */
void scoreboard_mark(struct scoreboard *sb, const struct slot *s, int64_t now);
/* Did a process end at the request of this slot, less than MARK_MS ago? */
bool scoreboard_is_marked(const struct scoreboard *sb, const struct slot *s, int64_t now);

/* At most hashing_max children hash passwords at once (R19). Never waits. The master
 * gives the permit of a dead holder back when it clears the slot.
 * s NULL (a command, no pool) always gets one. */
bool hashing_begin(struct scoreboard *sb, struct slot *s);
void hashing_end(struct slot *s);

#endif
