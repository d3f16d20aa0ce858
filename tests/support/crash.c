/*
 * tests/support/crash.c - preloaded into pierre, so that a request can end its
 * worker: guard.c compares the scheme of each Authorization header. What stands
 * behind "Bearer " says how.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static volatile int *nowhere;

static int deeper(int n)
{
	volatile char page[4096];

	page[n % (int)sizeof(page)] = 1;
	return n < 0 ? 0 : deeper(n + 1) + page[0];
}

static void obey(const char *header)
{
	if (strcmp(header, "Bearer crash-segv") == 0)
		*nowhere = 1;
	if (strcmp(header, "Bearer crash-abort") == 0)
		abort();
	if (strcmp(header, "Bearer crash-stack") == 0)
		_exit(deeper(0));
	while (strcmp(header, "Bearer hang") == 0)
		pause();
}

int strncasecmp(const char *a, const char *b, size_t n)
{
	obey(a);
	for (; n > 0; a++, b++, n--) {
		int d = tolower((unsigned char)*a) - tolower((unsigned char)*b);

		if (d || !*a)
			return d;
	}
	return 0;
}
