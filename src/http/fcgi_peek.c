/*
 * http/fcgi_peek.c - BEGIN_REQUEST, PARAMS, empty PARAMS, STDIN, empty STDIN:
 * what nginx sends, and nothing else (FastCGI 1.0 sections 3 to 5).
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "http/fcgi_peek.h"

enum { HEADER = 8, BEGIN_BODY = 8 };
enum { TYPE_BEGIN = 1, TYPE_PARAMS = 4, TYPE_STDIN = 5 };
enum { ROLE_RESPONDER = 1, FLAG_KEEP = 1 };

struct source {
	int fd;                  /* -1: there is no more than was seen */
	int64_t deadline;
};

struct record {
	unsigned type, id;
	size_t content, len;     /* where it is in bytes, and how long */
	size_t padding;
};

/* Each MSG_PEEK goes on where the last one ended. */
static bool peek_from_here(int fd)
{
	int zero = 0;
	return setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &zero, sizeof(zero)) == 0;
}

bool fcgi_peek_works(void)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return false;
	bool works = peek_from_here(pair[0]);
	close(pair[0]);
	close(pair[1]);
	return works;
}

/* Flags of a recv that waits until the deadline. After it, what is already there
 * still counts: a slow host is not a slow client. */
static int patient_flags(const struct source *s)
{
	int64_t ms = s->deadline - clock_monotonic();
	struct timeval tv = { .tv_sec = (time_t)(ms / SECOND_MS),
			      .tv_usec = (suseconds_t)(ms % SECOND_MS * 1000) };
	if (ms <= 0 || setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) != 0)
		return MSG_PEEK | MSG_DONTWAIT;
	return MSG_PEEK;
}

static bool see_more(struct fcgi_peek *g, const struct source *s)
{
	ssize_t n;
	if (s->fd < 0) {
		g->cut = true;
		return false;
	}
	do {
		n = recv(s->fd, g->bytes + g->n, sizeof(g->bytes) - g->n, patient_flags(s));
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	g->n += (size_t)n;
	return true;
}

static bool see(struct fcgi_peek *g, const struct source *s, size_t upto)
{
	if (upto > sizeof(g->bytes))
		return false;
	while (g->n < upto)
		if (!see_more(g, s))
			return false;
	return true;
}

static bool next_record(struct fcgi_peek *g, const struct source *s, struct record *r)
{
	if (!see(g, s, g->at + HEADER))
		return false;
	const unsigned char *h = g->bytes + g->at;
	if (h[0] != 1)
		return false;
	*r = (struct record){ .type = h[1], .id = (unsigned)h[2] << 8 | h[3],
			      .content = g->at + HEADER, .len = (size_t)h[4] << 8 | h[5],
			      .padding = h[6] };
	g->at = r->content + r->len + r->padding;
	return see(g, s, g->at);
}

/* After these records libfcgi forgets that padding follows and takes it for the
 * next header. nginx never pads them. */
static bool is_unpadded(const struct record *r)
{
	return r->padding == 0;
}

static bool take_begin(struct fcgi_peek *g, const struct source *s)
{
	struct record r;
	if (!next_record(g, s, &r) || r.type != TYPE_BEGIN || r.id == 0 || r.len != BEGIN_BODY)
		return false;
	const unsigned char *body = g->bytes + r.content;
	g->id = r.id;
	g->keep = body[2] & FLAG_KEEP;
	return ((unsigned)body[0] << 8 | body[1]) == ROLE_RESPONDER && is_unpadded(&r);
}

static bool take_params(struct fcgi_peek *g, const struct source *s)
{
	struct record r;
	do {
		if (!next_record(g, s, &r) || r.type != TYPE_PARAMS || r.id != g->id)
			return false;
		memmove(g->bytes + g->params_len, g->bytes + r.content, r.len);
		g->params_len += r.len;
	} while (r.len > 0);
	return is_unpadded(&r);
}

/* One or four bytes, big-endian. */
static bool take_length(const struct fcgi_peek *g, size_t *at, size_t *len)
{
	const unsigned char *p = g->bytes + *at;
	if (*at >= g->params_len)
		return false;
	if (p[0] < 0x80) {
		*len = p[0];
		*at += 1;
		return true;
	}
	if (g->params_len - *at < 4)
		return false;
	*len = (size_t)(p[0] & 0x7f) << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	*at += 4;
	return true;
}

static size_t length_of(const unsigned char *value, size_t n)
{
	char text[8] = "";
	int64_t length = 0;
	if (n == 0)
		return 0;
	if (n >= sizeof(text))
		return SIZE_MAX;
	memcpy(text, value, n);
	return str_int(text, 0, PEEK_BODY_MAX, &length) ? (size_t)length : SIZE_MAX;
}

/* A name holding '=' would forge another name, a NUL would cut a value. */
static bool check_pair(struct fcgi_peek *g, const unsigned char *name, size_t name_len,
		       size_t value_len)
{
	static const char length[] = "CONTENT_LENGTH";
	if (name_len == 0 || memchr(name, '=', name_len) ||
	    memchr(name, '\0', name_len + value_len))
		return false;
	if (name_len == sizeof(length) - 1 && memcmp(name, length, name_len) == 0)
		g->content_length = length_of(name + name_len, value_len);
	return true;
}

static bool check_pairs(struct fcgi_peek *g)
{
	for (size_t at = 0; at < g->params_len;) {
		size_t name_len, value_len;
		if (!take_length(g, &at, &name_len) || !take_length(g, &at, &value_len) ||
		    name_len + value_len > g->params_len - at ||
		    !check_pair(g, g->bytes + at, name_len, value_len))
			return false;
		at += name_len + value_len;
	}
	return true;
}

static bool take_stdin(struct fcgi_peek *g, const struct source *s)
{
	size_t len = 0;
	struct record r;
	do {
		if (!next_record(g, s, &r) || r.type != TYPE_STDIN || r.id != g->id)
			return false;
		len += r.len;
	} while (r.len > 0 && len <= g->content_length);
	return r.len == 0 && len == g->content_length;
}

static void forget(struct fcgi_peek *g)
{
	g->n = g->at = g->params_len = g->content_length = 0;
	g->has_body = g->keep = g->cut = false;
}

static bool judge(struct fcgi_peek *g, const struct source *s)
{
	if (!take_begin(g, s) || !take_params(g, s) || !check_pairs(g))
		return false;
	g->has_body = g->content_length <= PEEK_BODY_MAX && take_stdin(g, s);
	return true;
}

bool fcgi_peek_read(struct fcgi_peek *g, int fd, int64_t deadline)
{
	const struct source s = { .fd = fd, .deadline = deadline };
	forget(g);
	return peek_from_here(fd) && judge(g, &s);
}

enum peek_seen fcgi_peek_look(struct fcgi_peek *g, int fd, bool ended)
{
	const struct source s = { .fd = -1 };
	forget(g);
	ssize_t n = recv(fd, g->bytes, sizeof(g->bytes), MSG_PEEK | MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return ended ? PEEK_NONE : PEEK_MORE;
	if (n <= 0)
		return PEEK_NONE;
	g->n = (size_t)n;
	bool good = judge(g, &s);
	if (g->cut && !ended)
		return PEEK_MORE;
	return good ? PEEK_REQUEST : PEEK_NONE;
}
