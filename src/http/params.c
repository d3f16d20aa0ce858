/* http/params.c - parameters in the order they came, chained by a hash of the name. */
#include "config.h"

#include <string.h>

#include "http/params.h"

_Static_assert(PARAMS_MAX < 256, "an index and one more fit a byte");

/* Names differ in length and in their last letters; most begin with HTTP_. */
static size_t bucket(const char *name, size_t n)
{
	unsigned last = n ? (unsigned char)name[n - 1] : 0;
	unsigned middle = n ? (unsigned char)name[n / 2] : 0;

	return (n * 7 + last * 3 + middle) % PARAMS_BUCKETS;
}

/* The last one first, so that a chain has them in order. */
static void chain(struct params *p)
{
	for (size_t i = p->n; i-- > 0;) {
		const char *end = strchr(p->pairs[i], '=');
		size_t n = end ? (size_t)(end - p->pairs[i]) : 0;
		unsigned char *first = &p->first[bucket(p->pairs[i], n)];

		p->next[i] = *first;
		*first = (unsigned char)(i + 1);
	}
}

bool params_index(struct params *p, char *const *from)
{
	size_t bytes = 0;

	p->n = 0;
	memset(p->first, 0, sizeof(p->first));   /* the rest is filled as far as it is read */
	for (; *from; from++) {
		bytes += strlen(*from) + 1;
		if (p->n == PARAMS_MAX || bytes > PARAMS_BYTES)
			break;
		p->pairs[p->n++] = *from;
	}
	chain(p);
	return !*from;
}

/* From *at (1 + index) on; *at is then where to look further. */
static const char *find(const struct params *p, const char *name, size_t n, unsigned char *at)
{
	while (*at) {
		const char *pair = p->pairs[*at - 1];

		*at = p->next[*at - 1];
		if (strncmp(pair, name, n) == 0 && pair[n] == '=')
			return pair + n + 1;
	}
	return NULL;
}

const char *params_find(const struct params *p, const char *name)
{
	size_t n = strlen(name);
	unsigned char at = p->first[bucket(name, n)];

	return find(p, name, n, &at);
}

bool params_twice(const struct params *p, const char *name)
{
	size_t n = strlen(name);
	unsigned char at = p->first[bucket(name, n)];

	return find(p, name, n, &at) && find(p, name, n, &at);
}
