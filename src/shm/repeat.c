/*
 * shm/repeat.c - rows of repeated sentences, without a lock. Two processes that
 * begin at once may both be the first; a count is never lost.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "shm/repeat.h"

/* As far as the row holds it. */
static bool is_it(const struct repeat *r, const char *sentence)
{
	return atomic_load(&r->state) == REPEAT_OPEN &&
	       strncmp(r->sentence, sentence, REPEAT_TEXT - 1) == 0;
}

static bool claim(struct repeat *r, const char *sentence)
{
	int was = REPEAT_FREE;

	if (!atomic_compare_exchange_strong(&r->state, &was, REPEAT_FILLING))
		return false;
	snprintf(r->sentence, sizeof(r->sentence), "%s", sentence);
	atomic_store(&r->state, REPEAT_OPEN);
	return true;
}

bool repeat_first(struct repeats *r, const char *sentence)
{
	for (size_t i = 0; i < REPEATS; i++)
		if (is_it(&r->rows[i], sentence)) {
			atomic_fetch_add(&r->rows[i].counted, 1);
			return false;
		}
	for (size_t i = 0; i < REPEATS; i++)
		if (claim(&r->rows[i], sentence))
			return true;
	atomic_fetch_add(&r->others, 1);
	return false;
}

/* A process may count in a row that has just become free: the next sentence in that row
 * gets the count. */
static int64_t take(struct repeat *row, char sentence[REPEAT_TEXT])
{
	uint64_t n = atomic_exchange(&row->counted, 0);
	int open = REPEAT_OPEN;

	snprintf(sentence, REPEAT_TEXT, "%.*s", REPEAT_TEXT - 1, row->sentence);
	if (n == 0)
		atomic_compare_exchange_strong(&row->state, &open, REPEAT_FREE);
	return (int64_t)n;
}

int64_t repeat_take(struct repeats *r, size_t i, char sentence[REPEAT_TEXT])
{
	if (i < REPEATS)
		return take(&r->rows[i], sentence);
	snprintf(sentence, REPEAT_TEXT, "other sentences");
	return i == REPEATS ? (int64_t)atomic_exchange(&r->others, 0) : -1;
}
