/* worker/accept.c - what both pools do with their listening socket. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "worker/worker_private.h"

int accept_connection(int listen_fd, bool *fatal_r)
{
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);

	*fatal_r = false;
	if (fd >= 0)
		return fd;
	switch (errno) {
	case EAGAIN:          /* another worker was faster */
	case EINTR:
	case ECONNABORTED:
	case EINVAL:          /* shut and empty: TERM is on its way */
		return -1;
	default:
		/* out of descriptors, say: a fresh process has them back */
		log_error("accept_failed", LOG_S("error", strerror(errno)));
		*fatal_r = true;
		return -1;
	}
}

bool listener_is_shut(int listen_fd)
{
	struct pollfd p = { .fd = listen_fd, .events = POLLRDHUP };

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLRDHUP | POLLHUP));
}
