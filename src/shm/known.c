/*
 * shm/known.c - the time that is known, in the segment's header.
 */
#include "config.h"

#include "shm/known.h"
#include "shm/segment_private.h"

void known_write(struct segment *r, const struct known_state *s)
{
	struct segment_known *k = &r->header->known;

	atomic_store(&k->unconfirmed, s->unconfirmed);
	atomic_store(&k->off_ms, s->off_ms);
	atomic_store(&k->steady_start, s->steady_start);
	atomic_store(&k->steady_since, s->steady_since);
}

void known_read(const struct segment *r, struct known_state *out)
{
	const struct segment_known *k = &r->header->known;

	*out = (struct known_state){
		.unconfirmed = atomic_load(&k->unconfirmed), .off_ms = atomic_load(&k->off_ms),
		.steady_start = atomic_load(&k->steady_start),
		.steady_since = atomic_load(&k->steady_since),
	};
}

const _Atomic int64_t *known_start(const struct segment *r)
{
	return &r->header->known.start;
}

void known_set_start(struct segment *r, int64_t start)
{
	atomic_store(&r->header->known.start, start);
}
