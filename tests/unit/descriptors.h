/*
 * tests/unit/descriptors.h - how many descriptors are open: what opens and
 * closes leaves as many as before.
 */
#ifndef PIERRE_TESTS_DESCRIPTORS_H
#define PIERRE_TESTS_DESCRIPTORS_H

#include <fcntl.h>

static int open_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

#endif
