/*
 * tests/fuzz/fcgi_guard.c - bytes on a connection: the look that never waits and
 * the reading that does judge alike, and neither takes a byte away.
 */
#include "config.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "fuzz.h"
#include "http/fcgi_guard.h"

static struct fcgi_guard guard;
static unsigned char left[GUARD_BODY_MAX];

static void check_request(const struct fcgi_guard *g)
{
	assert(g->params_len <= g->n && g->n <= sizeof(g->bytes));
	assert(!g->has_body || (g->at <= g->n && g->content_length <= GUARD_BODY_MAX));
}

static void judge(int fd, int peer, size_t size)
{
	enum guard_seen open = fcgi_guard_look(&guard, fd, false), ended;

	shutdown(peer, SHUT_WR);
	ended = fcgi_guard_look(&guard, fd, true);
	assert(ended != GUARD_MORE && (open == GUARD_MORE || open == ended));
	if (ended == GUARD_REQUEST)
		check_request(&guard);
	assert(fcgi_guard_read(&guard, fd, clock_monotonic() + SECOND_MS) == (ended == GUARD_REQUEST));
	assert(recv(fd, left, sizeof(left), MSG_DONTWAIT) == (ssize_t)size);
}

int FUZZ(fcgi_guard)(const uint8_t *data, size_t size)
{
	int pair[2];

	if (size > sizeof(left) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return 0;
	if (send(pair[1], data, size, MSG_DONTWAIT) == (ssize_t)size) {
		judge(pair[0], pair[1], size);
		assert(memcmp(left, data, size) == 0);
	}
	close(pair[0]);
	close(pair[1]);
	return 0;
}
