/*
 * master/notify.c - what systemd is told and what it hands over. Without
 * libsystemd, or started by hand, all of it does nothing.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "base/clock.h"
#include "master/master_private.h"

#ifdef HAVE_SYSTEMD

void notify_ready(const char *state, const char *because)
{
	sd_notifyf(0, "READY=1\nSTATUS=%s%s%s", state, because ? ": " : ".", because ? because : "");
}

void notify_reloading(void)
{
	struct timespec now = clock_monotonic_timespec(clock_monotonic());

	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=Reloading.",
		   (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void notify_stopping(void)
{
	sd_notify(0, "STOPPING=1\nSTATUS=Finishing requests.");
}

void notify_watchdog(int64_t *due, int64_t now)
{
	uint64_t usec;

	if (now < *due || sd_watchdog_enabled(0, &usec) <= 0)
		return;
	sd_notify(0, "WATCHDOG=1");
	*due = now + (int64_t)(usec / 2000);
}

int notify_socket(const char *name, int *n_r)
{
	char **names = NULL;
	int fd = -1;

	*n_r = sd_listen_fds_with_names(0, &names);
	for (int i = 0; i < *n_r; i++) {
		if (fd < 0 && strcmp(names[i], name) == 0)
			fd = SD_LISTEN_FDS_START + i;
		free(names[i]);
	}
	free(names);
	if (fd >= 0 && sd_is_socket(fd, AF_UNIX, SOCK_STREAM, 1) <= 0)
		return -1;
	return fd;
}

#else

void notify_ready(const char *state, const char *because)
{
	(void)state;
	(void)because;
}

void notify_reloading(void)
{
}

void notify_stopping(void)
{
}

void notify_watchdog(int64_t *due, int64_t now)
{
	(void)due;
	(void)now;
}

int notify_socket(const char *name, int *n_r)
{
	(void)name;
	*n_r = 0;
	return -1;
}

#endif
