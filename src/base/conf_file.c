/*
 * base/conf_file.c - files that options name, as a whole.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf_private.h"

#define FILE_MB_MAX 4

static bool cannot_read(const char *option, const char *path, const char *why, struct err *err_r)
{
	return err_field(err_r, ERR_CONFIG, option, "%s: %s cannot be read: %s", option, path, why);
}

bool conf_file_read(struct arena *arena, const char *option, const char *path, struct conf_file *out,
		    struct err *err_r)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char *text;
	ssize_t n;

	if (fd < 0)
		return cannot_read(option, path, strerror(errno), err_r);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MB_MAX << 20) {
		close(fd);
		return cannot_read(option, path, "it is no file of at most 4 MB", err_r);
	}
	text = arena_alloc(arena, (size_t)st.st_size + 1);
	n = read(fd, text, (size_t)st.st_size);
	close(fd);
	*out = (struct conf_file){ text, n > 0 ? (size_t)n : 0 };
	return n == st.st_size || cannot_read(option, path, "it is shorter than its size", err_r);
}

bool conf_keep_files(struct conf *c, struct err *err_r)
{
	for (const struct conf_option *o = conf_options; o->name; o++) {
		const char *path = o->keep ? *(const char *const *)conf_member(c, o) : "";

		if (*path && !conf_file_read(c->arena, o->name, path,
					     (struct conf_file *)((char *)c + o->keep), err_r))
			return false;
	}
	return true;
}
