/*
 * tests/fuzz/fcgi_peek.c - bytes on a connection: the look that never waits and
 * the reading that does judge alike, and neither takes a byte away.
 */
#include "config.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "fuzz.h"
#include "http/fcgi_peek.h"

static struct fcgi_peek peek;
static unsigned char left[PEEK_BODY_MAX];

static void check_request(const struct fcgi_peek *g)
{
	assert(g->params_len <= g->n && g->n <= sizeof(g->bytes));
	assert(!g->has_body || (g->at <= g->n && g->content_length <= PEEK_BODY_MAX));
}

static void judge(int fd, int peer, size_t size)
{
	enum peek_seen open = fcgi_peek_look(&peek, fd, false), ended;

	shutdown(peer, SHUT_WR);
	ended = fcgi_peek_look(&peek, fd, true);
	assert(ended != PEEK_MORE && (open == PEEK_MORE || open == ended));
	if (ended == PEEK_REQUEST)
		check_request(&peek);
	assert(fcgi_peek_read(&peek, fd, clock_monotonic() + SECOND_MS) == (ended == PEEK_REQUEST));
	assert(recv(fd, left, sizeof(left), MSG_DONTWAIT) == (ssize_t)size);
}

int FUZZ(fcgi_peek)(const uint8_t *data, size_t size)
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
