/*
 * shm/cache.c - the shared log of entries, and the index into it.
 *
 * An address counts bytes since the log began and never repeats; the byte is at
 * address % size. A new reservation may overwrite what is one length of the log older.
 * So a reader copies an entry, and then checks that no more than that was reserved
 * meanwhile. A writer that was stopped for so long may overwrite newer entries: the
 * checksum of each entry shows it.
 *
 * Only as many buckets are used as the entries of the log can fill, so that few entries
 * touch few pages. When that number doubles, half of the entries are no longer found,
 * and are stored again.
 */
#include "config.h"

#include <fcntl.h>
#include <string.h>

#include "shm/cache.h"
#include "shm/segment_private.h"

#define UNIT ((uint64_t)64)         /* entries begin at a multiple */
#define RESERVE ((uint64_t)262144)  /* bytes that get storage at once */
#define TAG_BITS 16
#define BUCKETS_LEAST ((size_t)64)
#define TYPICAL ((uint64_t)512)     /* bytes of an entry */

struct entry {
	uint64_t sum;                       /* of all that follows */
	uint64_t at, hash;
	struct cache_stamp stamp;
	uint32_t name_size, data_size;      /* name with its NUL */
	char bytes[];                       /* name, data */
};

static struct entry *entry_at(const struct segment *r, uint64_t at)
{
	return (struct entry *)(void *)(r->cache_log + at % r->cache_bytes);
}

static size_t entry_size(size_t name_size, size_t data_size)
{
	return (sizeof(struct entry) + name_size + data_size + UNIT - 1) / UNIT * UNIT;
}

static uint64_t sum_of(const struct entry *e, size_t bytes)
{
	return segment_hash((const char *)e + sizeof(e->sum), bytes - sizeof(e->sum));
}

static bool is_whole(const struct segment *r, uint64_t at)
{
	uint64_t head = atomic_load(&r->header->cache_head);

	return at >= atomic_load_explicit(&r->header->cache_from, memory_order_relaxed) &&
		at < head && head - at <= r->cache_bytes;
}

/* --- index ---------------------------------------------------------------------- */

static struct cache_bucket *bucket(const struct segment *r, uint64_t hash)
{
	uint64_t head = atomic_load_explicit(&r->header->cache_head, memory_order_relaxed);
	uint64_t most = (head < r->cache_bytes ? head : r->cache_bytes) / TYPICAL;
	size_t n = BUCKETS_LEAST;

	while (n * CACHE_WAYS < most * 2 && n < r->cache_buckets)
		n *= 2;
	return &r->cache_index[hash & (n - 1)];
}

static uint64_t word_of(uint64_t at, uint64_t hash)
{
	return at / UNIT << TAG_BITS | hash >> (64 - TAG_BITS);
}

static uint64_t address_of(uint64_t word)
{
	return (word >> TAG_BITS) * UNIT;
}

static bool has_tag(uint64_t word, uint64_t hash)
{
	return word && (word & ((1 << TAG_BITS) - 1)) == hash >> (64 - TAG_BITS);
}

/* --- finding -------------------------------------------------------------------- */

/* A copy of it, when it is whole and of that name. */
static const struct entry *copy(const struct segment *r, uint64_t at, uint64_t hash,
				const char *name, struct arena *arena)
{
	const struct entry *e = entry_at(r, at);
	struct entry head, *out;
	size_t bytes;

	if (!is_whole(r, at))
		return NULL;
	memcpy(&head, e, sizeof(head));
	if (head.at != at || head.hash != hash || head.name_size > CACHE_ENTRY_MAX ||
	    head.data_size > CACHE_ENTRY_MAX)
		return NULL;
	bytes = entry_size(head.name_size, head.data_size);
	if (bytes > CACHE_ENTRY_MAX || at % r->cache_bytes + bytes > r->cache_bytes)
		return NULL;
	out = arena_alloc(arena, bytes);
	memcpy(out, e, bytes);
	atomic_thread_fence(memory_order_acquire);
	if (!is_whole(r, at) || out->sum != sum_of(out, bytes) ||
	    strlen(name) + 1 != out->name_size ||
	    memcmp(out->bytes, name, out->name_size) != 0)
		return NULL;
	return out;
}

const void *segment_cache_find(const struct segment *r, const char *name, struct arena *arena,
			       struct cache_stamp *stamp_r, size_t *size_r)
{
	uint64_t hash, newest = 0;
	const struct entry *e = NULL;
	struct cache_bucket *b;

	if (!r || !r->cache_bytes)
		return NULL;
	hash = segment_hash(name, strlen(name));
	b = bucket(r, hash);
	for (size_t i = 0; i < CACHE_WAYS; i++) {
		uint64_t word = atomic_load(&b->words[i]), at = address_of(word);
		const struct entry *found;

		if (!has_tag(word, hash) || at < newest)
			continue;
		found = copy(r, at, hash, name, arena);
		if (found) {
			e = found;
			newest = at;
		}
	}
	if (!e)
		return NULL;
	*stamp_r = e->stamp;
	*size_r = e->data_size;
	return e->bytes + e->name_size;
}

/* --- storing -------------------------------------------------------------------- */

/* Storage for the log up to `end`, once in its life. */
static bool have_storage(struct segment *r, uint64_t end)
{
	uint64_t had = atomic_load(&r->header->cache_reserved), next;

	if (end <= had)
		return true;
	next = (end + RESERVE - 1) / RESERVE * RESERVE;
	if (next > r->cache_bytes)
		next = r->cache_bytes;
	if (posix_fallocate(r->fd, (off_t)(r->at.cache_log + had), (off_t)(next - had)) != 0)
		return false;
	while (had < next &&
	       !atomic_compare_exchange_weak(&r->header->cache_reserved, &had, next))
		;
	return true;
}

/* 0: there is no storage for it. No entry lies across the end of the log. */
static uint64_t reserve(struct segment *r, size_t size)
{
	uint64_t head = atomic_load(&r->header->cache_head), at;

	do {
		uint64_t in_log = head % r->cache_bytes;

		at = in_log + size > r->cache_bytes ? head + r->cache_bytes - in_log : head;
		if (!have_storage(r, at % r->cache_bytes + size))
			return 0;
	} while (!atomic_compare_exchange_weak(&r->header->cache_head, &head, at + size));
	/* before a byte is written, so that a reader of what was there sees it */
	atomic_thread_fence(memory_order_seq_cst);
	return at;
}

/* In place of what is older: the same name, what is gone, the oldest. */
static void publish(struct segment *r, uint64_t at, uint64_t hash)
{
	struct cache_bucket *b = bucket(r, hash);
	_Atomic uint64_t *place = &b->words[0];
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < CACHE_WAYS; i++) {
		uint64_t word = atomic_load(&b->words[i]);
		uint64_t age = has_tag(word, hash) ? 0 : address_of(word);

		if (age < least) {
			least = age;
			place = &b->words[i];
		}
	}
	atomic_store(place, word_of(at, hash));
}

void segment_cache_store(struct segment *r, const char *name, const struct cache_stamp *stamp,
			 const void *data, size_t size)
{
	size_t name_size = strlen(name) + 1, bytes = entry_size(name_size, size);
	struct entry *e;
	uint64_t at;

	if (!r || !r->cache_bytes || bytes > CACHE_ENTRY_MAX)
		return;
	at = reserve(r, bytes);
	if (at == 0)
		return;
	e = entry_at(r, at);
	e->at = at;
	e->hash = segment_hash(name, name_size - 1);
	e->stamp = *stamp;
	e->name_size = (uint32_t)name_size;
	e->data_size = (uint32_t)size;
	memcpy(e->bytes, name, name_size);
	memcpy(e->bytes + name_size, data, size);
	memset(e->bytes + name_size + size, 0, bytes - sizeof(*e) - name_size - size);
	e->sum = sum_of(e, bytes);
	publish(r, at, e->hash);
}
