/*
 * shm/segment.h - the shared-memory segment: what all processes of one host see.
 *
 * One file in RUNTIME_DIR, mapped by the master before the first fork and by
 * shell commands that change what workers have cached. It outlives every
 * process (rows that wait in a ring survive kill -9 of all of them). Its header
 * holds layout version, boot id, database id, sizes and a checksum of these; a
 * mismatch of boot or database discards the content with one log line that
 * names how many rows. Other sizes, and other names of what is counted, move what
 * waits and what was counted. A file of another layout is
 * discarded, with what is in it.
 *
 * Inside: epochs (shm/epoch.h), limit slots (shm/limit.h), a cache
 * (shm/cache.h), one ring a worker slot (shm/ring.h), statistics (shm/stat.h),
 * the time that is known (shm/known.h).
 */
#ifndef PIERRE_SHM_SEGMENT_H
#define PIERRE_SHM_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct segment;

struct segment_options {
	const char *dir;           /* RUNTIME_DIR; made 0700 when absent, else writable by us alone */
	const char *database_id;   /* uuid text, of the database served */
	size_t rings;              /* worker slots of two generations */
	size_t limit_slots;        /* LIMIT_SLOTS */
	size_t cache_bytes;        /* CACHE_MB in bytes; 0 = no cache */
	const char *const *labels; /* of the routes that are counted; NULL ends them */
};

/* Master: open or make, check, map, and hold for as long as a child lives.
 * *discarded_r (may be NULL) = rows that were thrown away because they belonged
 * to another boot or database; -1: an unknown number, of a torn file.
 * ERR_CONFLICT: a process of another service still works in dir. ERR_INTERNAL
 * names a label that is too long or there twice. */
struct segment *segment_open(const struct segment_options *o, int64_t *discarded_r,
			     struct err *err_r);
/* Shell command: map what a running service made. NULL with ERR_NOT_FOUND when
 * there is none; with another kind when there is one that cannot be reached, so
 * that the command can say that workers notice within seconds. */
struct segment *segment_attach(const char *dir, const char *database_id, struct err *err_r);
void segment_close(struct segment **r); /* unmaps; the file stays */

/* A file of the database is lost (db/handle.h): the sentence, NULL = none is. The
 * first one stays until the service starts again; the cache is empty then, so
 * that every request asks the database, which refuses. segment_lose: true for
 * the one process that was first, which says it. */
const char *segment_lost(const struct segment *r);
bool segment_lose(struct segment *r, const char *sentence);

/* This host in the tables that several hosts share: random, in the header. */
const char *segment_host_id(const struct segment *r);

#endif
