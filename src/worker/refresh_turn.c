/* worker/refresh_turn.c - the refreshes that are on their way. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "worker/refresh_turn.h"

static struct turn *first;

struct turn *turn_new(struct caller *c, const struct spool *spool, const struct provider *p,
		      const struct connection *found, void (*ended)(struct caller *c))
{
	struct turn *t = calloc(1, sizeof(*t));

	if (!t)
		abort();
	t->arena = arena_new();
	t->caller = c;
	t->spool = spool;
	t->ended = ended;
	t->p = *p;
	t->found = (struct connection){ .id = arena_strdup(t->arena, found->id),
					.provider = arena_strdup(t->arena, found->provider),
					.app_id = arena_strdup(t->arena, found->app_id),
					.refresh_gen = found->refresh_gen };
	t->p.id = t->found.provider;
	t->file.fd = -1;
	t->shut_until = TIME_NONE;
	t->task.arg = t->call.arg = t;
	t->next = first;
	first = t;
	return t;
}

void turn_free(struct turn *t, bool keep)
{
	struct caller *c = t->caller;
	void (*ended)(struct caller *) = t->over ? t->ended : NULL;
	struct turn **at = &first;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	spool_drop(t->spool, &t->file, keep);
	turn_tell(t);
	arena_free(&t->arena);
	explicit_bzero(t, sizeof(*t));
	free(t);
	if (ended)
		ended(c);
}

void turn_tell(const struct turn *t)
{
	(void)!eventfd_write(caller_child(t->caller)->refresh_fd, 1);
}

struct turn *turn_first(void)
{
	return first;
}

void turn_give(struct turn *t, bool (*work)(struct op *, struct caller_task *, struct err *),
	       void (*done)(struct caller *, struct caller_task *))
{
	t->task.work = work;
	t->task.done = done;
	caller_do(t->caller, &t->task);
}

struct op turn_op(const struct op *op, const struct turn *t)
{
	struct op copy = *op;

	copy.arena = t->arena;
	return copy;
}
