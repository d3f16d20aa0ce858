/*
 * base/clock_sync.c - does an NTP daemon keep this host's clock right? The kernel knows,
 * but the sandbox of the shipped unit forbids the system call. systemd-timesyncd also
 * touches a file each time it has set the clock (systemd-timesyncd.service(8)).
 */
#include "config.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/timex.h>

#include "base/clock.h"

#define TIMESYNCD "/run/systemd/timesync/synchronized"   /* touched each time it was */
#define TIMESYNCD_MS (3600 * SECOND_MS)                  /* at most 2048 s apart */

static bool kernel_agrees(void)
{
	struct timex t = { 0 };
	int state = adjtimex(&t);

	return state >= 0 && state != TIME_ERROR && !(t.status & STA_UNSYNC);
}

/* The file has a time of this host's clock: it tells nothing of a clock that was set since. */
static bool timesyncd_agrees(void)
{
	struct stat st;

	return stat(TIMESYNCD, &st) == 0 &&
		llabs(clock_host() - (int64_t)st.st_mtim.tv_sec * SECOND_MS) <= TIMESYNCD_MS;
}

bool clock_synchronised(void)
{
	return !clock_has_offset() && (kernel_agrees() || timesyncd_agrees());
}
