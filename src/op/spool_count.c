/* op/spool_count.c - files of a spool, counted. */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "op/spool_count.h"

bool spool_count(const char *path, int64_t *files_r, int64_t *oldest_r)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	struct stat st;

	*files_r = *oldest_r = 0;
	while (d && (e = readdir(d))) {
		int64_t at;

		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
			continue;
		at = (int64_t)st.st_mtim.tv_sec * SECOND_MS + st.st_mtim.tv_nsec / 1000000;
		*oldest_r = *files_r == 0 || at < *oldest_r ? at : *oldest_r;
		++*files_r;
	}
	if (d)
		closedir(d);
	return d != NULL;
}
