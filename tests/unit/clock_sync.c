/*
 * Who says that the clock is kept right: the kernel and systemd-timesyncd, whose
 * answers are made up here.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>

#include "base/clock.h"
#include "tap.h"

#define HOUR_MS (3600 * SECOND_MS)

static struct { int rc, status; bool file; int64_t touched_ago; } is;

int __wrap_adjtimex(struct timex *t);
int __wrap_adjtimex(struct timex *t)
{
	ok(t->modes == 0, "the kernel is only asked");
	t->status = is.status;
	return is.rc;
}

int __wrap_stat(const char *path, struct stat *st);
int __wrap_stat(const char *path, struct stat *st)
{
	if (!is.file || strcmp(path, "/run/systemd/timesync/synchronized") != 0) {
		errno = ENOENT;
		return -1;
	}
	*st = (struct stat){ .st_mtim.tv_sec = (clock_host() - is.touched_ago) / SECOND_MS };
	return 0;
}

int main(void)
{
	is.rc = TIME_OK;
	ok(clock_synchronised(), "the kernel says so");
	is.status = STA_UNSYNC;
	ok(!clock_synchronised(), "it says that nothing does");
	is.rc = TIME_ERROR;
	is.status = 0;
	ok(!clock_synchronised(), "it says that the clock is bad");
	is.rc = -1;
	ok(!clock_synchronised(), "it may not be asked");
	is.file = true;
	is.touched_ago = HOUR_MS / 2;
	ok(clock_synchronised(), "systemd-timesyncd did, half an hour ago");
	is.touched_ago = 2 * HOUR_MS;
	ok(!clock_synchronised(), "two hours ago: the clock has jumped ahead since");
	is.touched_ago = -2 * HOUR_MS;
	ok(!clock_synchronised(), "in two hours: it has jumped back");
	is.rc = TIME_OK;
	clock_set_offset(1, 0);
	ok(!clock_synchronised(), "not a clock with an offset");
	clock_set_offset(0, 1);
	ok(!clock_synchronised(), "whichever it is");
	return tap_done();
}
