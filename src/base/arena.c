/*
 * base/arena.c - a chain of blocks, which are wiped before they are freed. The part
 * of a block that was not handed out yet is zero, so nothing is cleared twice.
 * Diagnostics: out of memory is fatal (exit status 70, one line on stderr).
 */
#include "config.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"

#define BLOCK_SIZE ((size_t)16384)
#define EXIT_NO_MEMORY 70

struct block {
	struct block *next;
	size_t size, used;
	alignas(max_align_t) char data[];
};

struct arena {
	struct block *blocks;   /* newest first; the last one is kept on reset */
};

static void *must_alloc(size_t size)
{
	static const char line[] = "error out_of_memory\n";
	void *p = calloc(1, size);

	if (p)
		return p;
	if (write(STDERR_FILENO, line, sizeof(line) - 1) < 0)
		_exit(EXIT_NO_MEMORY + 1);
	_exit(EXIT_NO_MEMORY);
}

static struct block *block_new(size_t size)
{
	struct block *b = must_alloc(sizeof(*b) + size);

	b->size = size;
	return b;
}

struct arena *arena_new(void)
{
	struct arena *a = must_alloc(sizeof(*a));

	*a = (struct arena){ .blocks = block_new(BLOCK_SIZE) };
	return a;
}

void arena_reset(struct arena *a)
{
	struct block *b;

	while ((b = a->blocks)->next) {
		a->blocks = b->next;
		explicit_bzero(b->data, b->used);
		free(b);
	}
	explicit_bzero(b->data, b->used);
	b->used = 0;
}

void arena_free(struct arena **a)
{
	if (!*a)
		return;
	arena_reset(*a);
	free((*a)->blocks);
	free(*a);
	*a = NULL;
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct block *b = a->blocks;
	size_t align = alignof(max_align_t);
	size_t need = (size + align - 1) & ~(align - 1);
	void *p;

	if (need < size)
		need = SIZE_MAX / 2;   /* malloc refuses it: fatal, not an overflow */
	if (b->size - b->used < need) {
		b = block_new(need > BLOCK_SIZE ? need : BLOCK_SIZE);
		b->next = a->blocks;
		a->blocks = b;
	}
	p = b->data + b->used;
	b->used += need;
	return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *copy;

	if (!s)
		return NULL;
	n = strnlen(s, n);
	copy = arena_alloc(a, n + 1);
	return memcpy(copy, s, n);
}

char *arena_strdup(struct arena *a, const char *s)
{
	return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	char text[256], *s;   /* most fit, and are printed once */
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(text, sizeof(text), fmt, again);
	va_end(again);
	if (n < 0)
		n = 0;
	s = arena_alloc(a, (size_t)n + 1);
	if ((size_t)n < sizeof(text))
		memcpy(s, text, (size_t)n);
	else
		vsnprintf(s, (size_t)n + 1, fmt, ap);
	explicit_bzero(text, sizeof(text));
	return s;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return s;
}
