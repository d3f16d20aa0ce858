/*
 * shm/scoreboard.h - one shared slot per child: what it does and since when.
 *
 * The master maps it before the first fork; a child writes its own slot only,
 * the master reads all and clears the slot of a dead child. Sized for two
 * generations, since a reload runs both. Fields are written without a lock;
 * `state` is atomic and stored last, so a reader that sees SERVING sees that
 * request's route and start.
 *
 * Beside the slots: refusals that repeat (shm/repeat.h).
 */
#ifndef PIERRE_SHM_SCOREBOARD_H
#define PIERRE_SHM_SCOREBOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "shm/repeat.h"

enum slot_role { ROLE_FAST, ROLE_SLOW, ROLE_SCHEDULER, ROLE_RECORDER, ROLE__COUNT };
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
	char route[SLOT_ROUTE];         /* label of the current request's route */
	char request_id[SLOT_REQUEST_ID];
};

struct scoreboard {
	size_t n;
	_Atomic int hashing_max;        /* permits: half the slow workers, at least one */
	struct repeats repeats;
	struct slot slots[];
};

struct scoreboard *scoreboard_new(size_t n, struct err *err_r);
void scoreboard_free(struct scoreboard **sb);
const char *slot_role_name(enum slot_role r);    /* "fast", "slow", "scheduler", "recorder" */

/* Worker side. */
void slot_idle(struct slot *s);
void slot_reading(struct slot *s, int64_t now, int64_t deadline);
void slot_serving(struct slot *s, const char *route, const char *request_id);
void slot_stopping(struct slot *s);

/* At most hashing_max children hash passwords at once (rule R19). Never waits;
 * a dead holder's permit is given back by the master when it clears the slot.
 * s NULL (a command, no pool) always gets one. */
bool hashing_begin(struct scoreboard *sb, struct slot *s);
void hashing_end(struct slot *s);

#endif
