/*
 * db/url.c - the file that a DATABASE_URL names. URLs hold passwords, so no
 * sentence ever repeats one.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "db/db_core.h"

const char *db_url_path(const char *url)
{
	const char *path;

	if (!str_starts(url, "sqlite:"))
		return NULL;
	path = url + strlen("sqlite:");
	return str_starts(path, "//") ? path + 2 : path;
}

/* Companions are named from the file itself: by another name there would be a
 * second log, and a second writer lock. */
char *db_url_real(const char *url)
{
	const char *path = db_url_path(url);
	char *real, *out;
	struct stat st;

	real = path && lstat(path, &st) == 0 && S_ISLNK(st.st_mode) ? realpath(path, NULL) : NULL;
	/* a link that leads nowhere is refused when it is opened */
	if (real ? asprintf(&out, "sqlite:%s", real) < 0 : !(out = strdup(url)))
		abort();
	free(real);
	return out;
}
