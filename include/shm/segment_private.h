/*
 * shm/segment_private.h - the layout of the segment's file. For src/shm only (and
 * its tests).
 *
 *   header | epochs | buckets | index of the cache | groups of limit
 *   slots | log of the cache | ring heads | names of the statistics |
 *   statistics | rows of ring 0 | rows of ring 1 | ...
 *
 * Limit slots are reserved when they are claimed, a ring's rows when its worker
 * starts (by the first push where there was no space then), the log when it gets
 * there, all else when the file is made, so that a full file system is a refused
 * request and never SIGBUS. A change of anything here raises SEGMENT_LAYOUT: a
 * file of another layout is discarded.
 */
#ifndef PIERRE_SHM_SEGMENT_PRIVATE_H
#define PIERRE_SHM_SEGMENT_PRIVATE_H

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>

#include "base/window.h"
#include "shm/ring.h"
#include "shm/segment.h"
#include "shm/stat.h"

#define SEGMENT_LAYOUT 11
#define SEGMENT_FILE "room"         /* its name in the first version, see src/README.md */
#define SEGMENT_LOCK "room.lock"    /* held by a service, also by its last child */
#define SEGMENT_MAGIC "pierrRM"
#define SEGMENT_TEXT 40
#define SEGMENT_PAGE 4096
#define LINE 64

#define SEGMENT_LOST_TEXT 256
enum { SEGMENT_LOST_NO, SEGMENT_LOST_WRITING, SEGMENT_LOST_SAID };

#define SEGMENT_RINGS_MAX 4096
#define SEGMENT_LIMIT_SLOTS_MAX (1 << 24)
#define SEGMENT_CACHE_MAX (UINT64_C(1) << 36)
#define SEGMENT_NAMES_MAX 65536
#define EPOCH_BUCKETS 4096
#define LIMIT_STRIPES 64            /* locks; bucket b has lock b % LIMIT_STRIPES */
#define LIMIT_GROUP 64              /* slots that share one word of each bitmap */

/* What the file's length follows from. */
struct segment_sizes {
	uint64_t rings, limit_slots, cache_bytes;
	uint64_t counters, routes;      /* names of the statistics; the last route is "other" */
};

/* Written once, before the file gets its name. */
struct segment_identity {
	char magic[8];
	uint32_t layout;
	uint32_t own_bytes;             /* sizeof(struct segment_header) */
	char boot[SEGMENT_TEXT];        /* kernel's boot id; "tmpfs": gone with the boot anyway */
	char database_id[SEGMENT_TEXT];
	char host_id[SEGMENT_TEXT];
	struct segment_sizes sizes;
	uint64_t bytes;
	uint64_t checksum;              /* of all above */
};

struct stripe {
	alignas(LINE) pthread_mutex_t mutex;    /* robust */
};

/* See shm/known.h. */
struct segment_known {
	alignas(LINE) _Atomic int64_t start;    /* read for each request, written once a second */
	_Atomic int64_t off_ms, steady_start, steady_since;
	_Atomic bool unconfirmed;
};

struct segment_header {
	struct segment_identity identity;
	alignas(LINE) _Atomic uint32_t recorder_waits;
	_Atomic uint32_t recorder_wakes;        /* futex word */
	alignas(LINE) _Atomic uint64_t limit_full;
	_Atomic uint32_t limit_used;            /* slots that were ever claimed */
	_Atomic uint32_t limit_reserved;        /* slots that are backed by storage */
	_Atomic uint32_t limit_rotor;           /* where the search for an old slot goes on */
	alignas(LINE) _Atomic uint64_t cache_head;  /* address behind the newest entry */
	_Atomic uint64_t cache_from;            /* what is older is of an earlier service */
	_Atomic uint64_t cache_reserved;        /* bytes of the log that are backed by storage */
	alignas(LINE) _Atomic uint32_t lost;    /* SEGMENT_LOST_*, until the next start */
	char lost_why[SEGMENT_LOST_TEXT];
	alignas(LINE) _Atomic int64_t followed_from, followed_at;    /* shm/epoch.h */
	struct segment_known known;
	struct stripe stripes[LIMIT_STRIPES];
};

/* One limit of one subject; see shm/limit.h for word. */
struct limit_slot {
	alignas(LINE) _Atomic uint64_t word;
	_Atomic int64_t used;           /* monotonic ms of the last look-up, rounded */
	_Atomic uint32_t lease;         /* size of the last lease: low is a quarter of it */
	_Atomic uint32_t next;          /* in its bucket: index + 1, 0 = end */
	_Atomic uint32_t bucket;
	uint32_t index;
	uint32_t kind;
	_Atomic uint32_t note_version;  /* odd while it is written, 0 = none */
	_Atomic uint32_t note_window;
	_Atomic int64_t note_leased, note_at;
	char subject[SEGMENT_TEXT];
	pthread_mutex_t mutex;          /* robust; of who leases or gives back */
};

struct limit_group {
	alignas(LINE) _Atomic uint64_t low;     /* wants a refill */
	_Atomic uint64_t held;          /* may hold something of a lease */
	struct limit_slot slots[LIMIT_GROUP];
};

/* Newest entries of some names: address / 64 and 16 bits of the hash; 0 = none. */
#define CACHE_WAYS 8
struct cache_bucket {
	alignas(LINE) _Atomic uint64_t words[CACHE_WAYS];
};

/* Rows tail+1 .. head wait; row s is at s % RING_ROWS. */
struct ring_head {
	alignas(LINE) _Atomic uint64_t head;    /* producer's */
	_Atomic uint32_t reserved;              /* its rows are backed by storage */
	alignas(LINE) _Atomic uint64_t tail;    /* consumer's */
};

/* A block is as many _Atomic uint64_t as there are counters, and these behind
 * them: stat_counters(), stat_routes(). */
struct stat_route {
	_Atomic uint64_t by_class[6];
	_Atomic uint64_t buckets[STAT_BUCKETS + 1];
	_Atomic uint64_t sum_us;
};

/* One process's view of the mapping. */
struct segment {
	int fd, lock_fd;                /* lock_fd -1: attached */
	size_t bytes;
	struct segment_offsets {
		size_t header, epochs, buckets, cache_index, groups, cache_log, heads, names,
			stats, rows;
	} at;
	struct segment_header *header;
	_Atomic uint32_t *epochs;
	_Atomic uint32_t *buckets;      /* index + 1 of the first slot, 0 = empty */
	struct cache_bucket *cache_index;
	struct limit_group *groups;
	char *cache_log;
	struct ring_head *heads;
	char (*names)[STAT_NAME];       /* of the counters, then of the routes */
	char *stats;                    /* one block a ring */
	struct usage_record *rows;      /* RING_ROWS a ring */
	size_t rings, limit_slots, n_buckets, cache_bytes, cache_buckets;
	size_t counters, routes, stat_bytes;   /* of one block */
	size_t due_low, due_idle;       /* limit_due: groups to begin with */
	uint32_t seen_wakes;            /* ring_wait_recorder: what it knew */
	uint64_t seen_heads;
};

/* How long the parts are for these sizes, and where they begin. */
void segment_measure(struct segment *r, const struct segment_sizes *sizes);
void segment_place(struct segment *r, void *base);
uint64_t segment_hash(const void *data, size_t n);   /* of whole words; no secret in it */

void segment_mutex_init(pthread_mutex_t *m); /* robust, shared by processes */
/* Never fails, also after kill -9 of the holder. */
void segment_lock(struct segment *r, size_t stripe);
bool segment_try_lock(struct segment *r, size_t stripe);
void segment_unlock(struct segment *r, size_t stripe);

/* What is older than now is not found any more. */
void segment_cache_empty(struct segment *r);

struct limit_slot *limit_at(const struct segment *r, size_t index);

/* Of one block. */
_Atomic uint64_t *stat_counters(const struct segment *r, size_t block);
struct stat_route *stat_routes(const struct segment *r, size_t block);
/* How many labels; ERR_INTERNAL names one that is too long or there twice. */
bool stat_labels(const char *const *labels, size_t *n_r, struct err *err_r);
void stat_name(struct segment *r, const char *const *labels); /* in a new segment */
bool stat_named(const struct segment *r, const char *const *labels);
void stat_move(struct segment *to, const struct segment *from); /* from a larger or smaller one */

#endif
