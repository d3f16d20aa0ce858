/*
 * shm/room.c - the room of this process: where the parts are, its locks, and
 * how a service opens it and a command attaches to it. Making and judging the
 * file is room_file.c.
 *
 * A service holds the lock file until its last child has ended, so a new one
 * never meets a process of the old one in the same ring.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/room_file.h"

/* --- layout ------------------------------------------------------------------- */

static size_t part(size_t *at, size_t bytes)
{
	size_t begin = *at;

	*at = (begin + bytes + ROOM_PAGE - 1) / ROOM_PAGE * ROOM_PAGE;
	return begin;
}

/* Four slots a bucket when the table is full. */
static size_t buckets_for(size_t limit_slots)
{
	size_t n = LIMIT_STRIPES;

	while (n * 4 < limit_slots)
		n *= 2;
	return n;
}

/* As many as the typical entries of a full log fill half. */
static size_t cache_buckets_for(size_t cache_bytes)
{
	size_t n = 64;

	while (n * CACHE_WAYS * 256 < cache_bytes)
		n *= 2;
	return n;
}

/* A block begins with a line of its own, so that writers do not meet. */
static size_t stat_bytes(size_t counters, size_t routes)
{
	size_t n = counters * sizeof(_Atomic uint64_t) + routes * sizeof(struct stat_route);

	return (n + LINE - 1) / LINE * LINE;
}

void room_measure(struct room *r, const struct room_sizes *sizes)
{
	size_t groups = ((size_t)sizes->limit_slots + LIMIT_GROUP - 1) / LIMIT_GROUP, at = 0;

	r->rings = (size_t)sizes->rings;
	r->limit_slots = groups * LIMIT_GROUP;
	r->n_buckets = buckets_for((size_t)sizes->limit_slots);
	r->cache_bytes = (size_t)sizes->cache_bytes / ROOM_PAGE * ROOM_PAGE;
	r->cache_buckets = cache_buckets_for((size_t)sizes->cache_bytes);
	r->counters = (size_t)sizes->counters;
	r->routes = (size_t)sizes->routes;
	r->stat_bytes = stat_bytes(r->counters, r->routes);
	r->at.header = part(&at, sizeof(*r->header));
	r->at.generations = part(&at, GENERATION_BUCKETS * sizeof(*r->generations));
	r->at.buckets = part(&at, r->n_buckets * sizeof(*r->buckets));
	r->at.cache_index = part(&at, r->cache_buckets * sizeof(*r->cache_index));
	r->at.groups = part(&at, groups * sizeof(*r->groups));
	r->at.cache_log = part(&at, r->cache_bytes);
	r->at.heads = part(&at, r->rings * sizeof(*r->heads));
	r->at.names = part(&at, (r->counters + r->routes) * sizeof(*r->names));
	r->at.stats = part(&at, r->rings * r->stat_bytes);
	r->at.rows = part(&at, r->rings * RING_ROWS * sizeof(*r->rows));
	r->bytes = at;
}

void room_place(struct room *r, void *base)
{
	char *b = base;

	r->header = (void *)(b + r->at.header);
	r->generations = (void *)(b + r->at.generations);
	r->buckets = (void *)(b + r->at.buckets);
	r->cache_index = (void *)(b + r->at.cache_index);
	r->groups = (void *)(b + r->at.groups);
	r->cache_log = b + r->at.cache_log;
	r->heads = (void *)(b + r->at.heads);
	r->names = (void *)(b + r->at.names);
	r->stats = b + r->at.stats;
	r->rows = (void *)(b + r->at.rows);
}

struct limit_slot *limit_at(const struct room *r, size_t index)
{
	return &r->groups[index / LIMIT_GROUP].slots[index % LIMIT_GROUP];
}

void room_cache_empty(struct room *r)
{
	atomic_store(&r->header->cache_from, atomic_load(&r->header->cache_head));
}

const char *room_host_id(const struct room *r)
{
	return r->header->identity.host_id;
}

/* Both halves of the product count: its low bits alone know no high bit. */
static uint64_t mixed(uint64_t h, uint64_t word)
{
	h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 32;
}

uint64_t room_hash(const void *data, size_t n)
{
	const char *p = data;
	uint64_t h = n, word;

	for (; n >= sizeof(word); n -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		h = mixed(h, word);
	}
	word = 0;
	memcpy(&word, p, n);
	return mixed(h, word);
}

/* --- a lost file ---------------------------------------------------------------- */

const char *room_lost(const struct room *r)
{
	switch (atomic_load_explicit(&r->header->lost, memory_order_acquire)) {
	case ROOM_LOST_NO:
		return NULL;
	case ROOM_LOST_SAID:
		return r->header->lost_why;
	default:   /* perhaps by one that was killed meanwhile */
		return "A file of the database is lost: restart the service";
	}
}

void room_lose(struct room *r, const char *sentence)
{
	uint32_t no = ROOM_LOST_NO;

	if (!atomic_compare_exchange_strong(&r->header->lost, &no, ROOM_LOST_WRITING))
		return;
	snprintf(r->header->lost_why, ROOM_LOST_TEXT, "%.*s", ROOM_LOST_TEXT - 1, sentence);
	atomic_store(&r->header->lost, ROOM_LOST_SAID);
	room_cache_empty(r);
}

/* --- locks -------------------------------------------------------------------- */

void room_mutex_init(pthread_mutex_t *m)
{
	pthread_mutexattr_t a;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(m, &a);
	pthread_mutexattr_destroy(&a);
}

/* What a killed holder was at is complete after each of its stores. */
static bool recovered(pthread_mutex_t *m, int rc)
{
	if (rc == EOWNERDEAD)
		rc = pthread_mutex_consistent(m);
	return rc == 0;
}

void room_lock(struct room *r, size_t stripe)
{
	pthread_mutex_t *m = &r->header->stripes[stripe].mutex;

	recovered(m, pthread_mutex_lock(m));
}

bool room_try_lock(struct room *r, size_t stripe)
{
	pthread_mutex_t *m = &r->header->stripes[stripe].mutex;

	return recovered(m, pthread_mutex_trylock(m));
}

void room_unlock(struct room *r, size_t stripe)
{
	pthread_mutex_unlock(&r->header->stripes[stripe].mutex);
}

/* --- open, attach, close ---------------------------------------------------------- */

/* Ours, and nobody else can write in it: the sockets may live here too. */
static bool directory_good(const char *dir, int fd, struct err *err_r)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 022) == 0)
		return true;
	return err_field(err_r, ERR_CONFIG, "RUNTIME_DIR",
			 "RUNTIME_DIR %s must belong to the user of the service and be writable by "
			 "nobody else", dir);
}

static int open_directory(const char *dir, struct err *err_r)
{
	int fd;

	if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
		err_field(err_r, ERR_CONFIG, "RUNTIME_DIR", "RUNTIME_DIR %s cannot be made: %s",
			  dir, strerror(errno));
		return -1;
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		err_field(err_r, ERR_CONFIG, "RUNTIME_DIR", "RUNTIME_DIR %s cannot be opened: %s",
			  dir, strerror(errno));
		return -1;
	}
	if (directory_good(dir, fd, err_r))
		return fd;
	close(fd);
	return -1;
}

/* Children inherit the description, so the lock goes with the last of them. */
static bool lock_room(struct room *r, int dir_fd, const char *dir, struct err *err_r)
{
	r->lock_fd = openat(dir_fd, ROOM_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (r->lock_fd < 0)
		return err_field(err_r, ERR_CONFIG, "RUNTIME_DIR", "%s/%s cannot be opened: %s",
				 dir, ROOM_LOCK, strerror(errno));
	if (flock(r->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	return err_field(err_r, ERR_CONFLICT, "RUNTIME_DIR",
			 "another service, or what is left of one, works in RUNTIME_DIR %s", dir);
}

static struct room *room_new(void)
{
	struct room *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	r->fd = r->lock_fd = -1;
	return r;
}

struct room *room_open(const struct room_options *o, int64_t *discarded_r, struct err *err_r)
{
	struct room *r = room_new();
	int dir_fd = open_directory(o->dir, err_r);
	int64_t discarded = 0;
	bool good = dir_fd >= 0 && lock_room(r, dir_fd, o->dir, err_r) &&
		room_file_open(r, dir_fd, o, &discarded, err_r);

	if (dir_fd >= 0)
		close(dir_fd);
	if (discarded_r)
		*discarded_r = discarded;
	if (!good)
		room_close(&r);
	return r;
}

static int attach_directory(const char *dir, struct err *err_r)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		err_set(err_r, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_FORBIDDEN,
			"%s cannot be opened: %s", dir, strerror(errno));
	return fd;
}

struct room *room_attach(const char *dir, const char *database_id, struct err *err_r)
{
	int dir_fd = attach_directory(dir, err_r);
	struct room *r;

	if (dir_fd < 0)
		return NULL;
	r = room_new();
	if (!room_file_attach(r, dir_fd, dir, database_id, err_r))
		room_close(&r);
	close(dir_fd);
	return r;
}

void room_close(struct room **r)
{
	if (!*r)
		return;
	if ((*r)->header)
		munmap((*r)->header, (*r)->bytes);
	if ((*r)->fd >= 0)
		close((*r)->fd);
	if ((*r)->lock_fd >= 0)
		close((*r)->lock_fd);
	free(*r);
	*r = NULL;
}
