/*
 * shm/scoreboard.c - the shared slots. A MAP_SHARED anonymous mapping made by
 * the master before the first fork; it dies with the last process that has it.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/str.h"
#include "shm/scoreboard.h"

static const char *const role_names[ROLE__COUNT] = {
	[ROLE_FAST] = "fast",
	[ROLE_SLOW] = "slow",
	[ROLE_SCHEDULER] = "scheduler",
	[ROLE_RECORDER] = "recorder",
	[ROLE_CALLER] = "caller",
};

static size_t bytes(size_t n)
{
	return sizeof(struct scoreboard) + n * sizeof(struct slot);
}

struct scoreboard *scoreboard_new(size_t n, struct err *err_r)
{
	struct scoreboard *sb = mmap(NULL, bytes(n), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (sb == MAP_FAILED) {
		err_set(err_r, ERR_INTERNAL, "no shared memory for %zu slots: %s", n, strerror(errno));
		return NULL;
	}
	sb->n = n;
	atomic_store(&sb->hashing_max, 1);
	return sb;
}

void scoreboard_free(struct scoreboard **sb)
{
	if (*sb)
		munmap(*sb, bytes((*sb)->n));
	*sb = NULL;
}

const char *slot_role_name(enum slot_role r)
{
	return r < ROLE__COUNT ? role_names[r] : "unknown";
}

void slot_idle(struct slot *s)
{
	atomic_store(&s->started, 0);
	atomic_store(&s->state, SLOT_IDLE);
}

void slot_reading(struct slot *s, int64_t now, int64_t deadline)
{
	s->route[0] = '\0';
	s->request_id[0] = '\0';
	atomic_store(&s->deadline, deadline);
	atomic_store(&s->started, now);
	atomic_store(&s->state, SLOT_READING);
}

void slot_named(struct slot *s, const char *request_id)
{
	str_copy(s->request_id, sizeof(s->request_id), request_id);
}

void slot_serving(struct slot *s, const char *route, const char *request_id)
{
	str_copy(s->route, sizeof(s->route), route);
	slot_named(s, request_id);
	atomic_store(&s->state, SLOT_SERVING);
}

void slot_stopping(struct slot *s)
{
	atomic_store(&s->state, SLOT_STOPPING);
}

/* --- connections ---------------------------------------------------------------- */

static bool runs_beside(const struct slot *s, const struct slot *other)
{
	int state = atomic_load(&other->state);

	return (state == SLOT_IDLE || state == SLOT_READING || state == SLOT_SERVING) &&
	       other->role == s->role && other->generation == s->generation;
}

bool slot_over_share(const struct scoreboard *sb, const struct slot *s)
{
	int64_t mine = atomic_load(&s->connections), all = 0, workers = 0;

	if (mine < 2)
		return false;
	for (size_t i = 0; i < sb->n; i++)
		if (runs_beside(s, &sb->slots[i])) {
			all += atomic_load(&sb->slots[i].connections);
			workers++;
		}
	return 2 * mine * workers > 3 * all;
}

/* --- marks ---------------------------------------------------------------------- */

static bool is_asked(const struct slot *s)
{
	int state = atomic_load(&s->state);

	return state == SLOT_READING || state == SLOT_SERVING;
}

void slot_request_read(const struct slot *s, struct slot_request *out)
{
	int most = is_asked(s) ? SLOT_ROUTE - 1 : 0;

	snprintf(out->route, sizeof(out->route), "%.*s", most, s->route);
	most = is_asked(s) ? SLOT_REQUEST_ID - 1 : 0;
	snprintf(out->request_id, sizeof(out->request_id), "%.*s", most, s->request_id);
}

void scoreboard_mark(struct scoreboard *sb, const struct slot *s, int64_t now)
{
	struct mark *m;

	if (!is_asked(s) || !s->request_id[0])
		return;
	m = &sb->marks[atomic_fetch_add(&sb->marks_made, 1) % MARKS];
	atomic_store(&m->at, 0);
	memcpy(m->request_id, s->request_id, sizeof(m->request_id));
	m->request_id[sizeof(m->request_id) - 1] = '\0';
	atomic_store(&m->at, now);
	atomic_store(&sb->marked, now);
}

bool scoreboard_is_marked(const struct scoreboard *sb, const struct slot *s, int64_t now)
{
	int64_t latest = atomic_load(&sb->marked);

	if (latest == 0 || now - latest >= MARK_MS || !s->request_id[0])
		return false;
	for (size_t i = 0; i < MARKS; i++) {
		const struct mark *m = &sb->marks[i];
		int64_t at = atomic_load(&m->at);

		if (at && now - at < MARK_MS && str_eq(m->request_id, s->request_id))
			return true;
	}
	return false;
}

/* --- permits -------------------------------------------------------------------- */

static int holders(const struct scoreboard *sb)
{
	int n = 0;

	for (size_t i = 0; i < sb->n; i++)
		n += atomic_load(&sb->slots[i].hashing);
	return n;
}

/* Claim first, count after: of two that claim at once each sees the other, so
 * both may be refused but never both let past the bound. */
bool hashing_begin(struct scoreboard *sb, struct slot *s)
{
	if (!s)
		return true;
	atomic_store(&s->hashing, 1);
	if (holders(sb) <= atomic_load(&sb->hashing_max))
		return true;
	atomic_store(&s->hashing, 0);
	return false;
}

void hashing_end(struct slot *s)
{
	if (s)
		atomic_store(&s->hashing, 0);
}
