/*
 * base/arena.h - memory that lives exactly as long as one request (or command).
 *
 * Allocation never fails: out of memory ends the process (workers are
 * respawned; the master allocates only at start and reload). Memory is
 * zeroed. arena_reset() and arena_free() wipe every byte handed out, so
 * secrets may live here.
 */
#ifndef PIERRE_BASE_ARENA_H
#define PIERRE_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_reset(struct arena *a);     /* wipes, keeps one block */
void arena_free(struct arena **a);     /* accepts a pointer to NULL */

void *arena_alloc(struct arena *a, size_t size);  /* zeroed, aligned for any type */
char *arena_strdup(struct arena *a, const char *s);          /* NULL -> NULL */
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

#define arena_new_struct(a, type) ((type *)arena_alloc((a), sizeof(type)))

#endif
