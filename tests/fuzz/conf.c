/*
 * tests/fuzz/conf.c - a configuration file: what is not loaded is a mistake
 * to the check too, and each value can be shown.
 */
#include "config.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/conf.h"
#include "fuzz.h"

static void count(void *arg, const struct err *err)
{
	assert(err->kind == ERR_CONFIG && *err->message);
	++*(int *)arg;
}

static void show(const struct conf *c)
{
	char buf[64];

	for (const struct conf_option *o = conf_options; o->name; o++)
		assert(strlen(conf_value(c, o, buf, sizeof(buf))) < SIZE_MAX);
}

static void read_it(const char *path)
{
	struct err err;
	int mistakes = 0;
	struct conf *checked = conf_check(path, count, &mistakes);
	struct conf *loaded = conf_load(path, &err);

	assert(loaded || mistakes > 0);
	assert(!loaded || !conf_needs_restart(loaded, checked));
	show(checked);
	conf_free(&loaded);
	conf_free(&checked);
}

int FUZZ(conf)(const uint8_t *data, size_t size)
{
	char path[64];
	int fd;

	/* would read any file of this machine */
	if (memmem(data, size, "_FILE", 5))
		return 0;
	fd = memfd_create("conf", MFD_CLOEXEC);
	if (fd >= 0 && write(fd, data, size) == (ssize_t)size) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		read_it(path);
	}
	if (fd >= 0)
		close(fd);
	return 0;
}
