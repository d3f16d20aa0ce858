/*
 * tests/support/limit_load.c - many clients at once ask /verify on kept
 * connections, as nginx's snippet does, until each is refused again and again.
 *
 *   limit_load [-n CLIENTS] [-c COST] [-g MS] [-m MAX] [-p MS] [-u TIME] KEY SOCKET...
 *
 *   -n   connections, in turn to each socket (16)
 *   -g   a client waits so long after each request that was let through (0)
 *   -m   end after so many that were let through
 *   -p   a client ends when nothing of its was let through for so long (300)
 *   -u   and it was refused after this moment (seconds since 1970, with a fraction)
 *
 * Prints, at the end, "allowed N RESET" and "refused N RESET" for each
 * X-RateLimit-Reset, "odd N STATUS SENTENCE" for what is neither 204 nor 429,
 * "lost N" for requests without an answer. Status 1: it could not be driven to the
 * end in LAST seconds.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX 64
#define SOCKETS_MAX 4
#define KINDS_MAX 64
#define REPLY_MAX 16384
#define LAST 120            /* seconds: a bound for a hang, not a measure */
#define REFUSED_MS 8        /* after a 429 */
#define ODD_MS 20
#define REFUSALS 5          /* in a row, before a client may end */

struct client {
	int fd;                 /* -1: none */
	bool asking, fresh, done;
	char reply[REPLY_MAX];
	size_t len;
	double wake, asked;     /* next request; this one */
	double last;            /* one that was let through */
	int refused;            /* in a row, of those asked after -u */
};

static struct { char name[200]; long n; } kinds[KINDS_MAX];
static struct client clients[CLIENTS_MAX];
static char request[4096];
static size_t request_len;
static const char *sockets[SOCKETS_MAX];
static int n_clients = 16, n_sockets;
static long most, allowed, lost;
static double gap, patience = 0.3, until;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void count(const char *what, const char *name)
{
	char text[sizeof(kinds[0].name)];

	snprintf(text, sizeof(text), "%s %s", what, name);
	for (int i = 0; i < KINDS_MAX; i++) {
		if (!kinds[i].n)
			strcpy(kinds[i].name, text);
		if (strcmp(kinds[i].name, text) == 0) {
			kinds[i].n++;
			return;
		}
	}
}

/* --- the request: FastCGI 1.0, sections 3.3 and 3.4 ----------------------------- */

static void record(int type, const void *content, size_t len)
{
	const unsigned char head[8] = { 1, (unsigned char)type, 0, 1, (unsigned char)(len >> 8),
					(unsigned char)len, 0, 0 };

	memcpy(request + request_len, head, sizeof(head));
	if (len > 0)
		memcpy(request + request_len + sizeof(head), content, len);
	request_len += sizeof(head) + len;
}

static size_t pair(char *out, const char *name, const char *value)
{
	size_t n = strlen(name), v = strlen(value);

	out[0] = (char)n;
	out[1] = (char)v;
	memcpy(out + 2, name, n);
	memcpy(out + 2 + n, value, v);
	return 2 + n + v;
}

static void make_request(const char *key, const char *cost)
{
	static const unsigned char begin[8] = { 0, 1, 1 };   /* responder, keep */
	const char *const env[][2] = {
		{ "REQUEST_METHOD", "GET" }, { "REQUEST_URI", "/verify" }, { "CONTENT_LENGTH", "" },
		{ "SERVER_PROTOCOL", "HTTP/1.1" }, { "REMOTE_ADDR", "127.0.0.1" },
		{ "HTTP_X_API_KEY", key }, { "PIERRE_SUBREQUEST", "1" }, { "ORIGINAL_URI", "/api/x" },
		{ "ORIGINAL_METHOD", "GET" }, { "PIERRE_COST", cost }, { "PIERRE_END", "1" },
	};
	char params[2048];
	size_t len = 0;

	for (size_t i = 0; i < sizeof(env) / sizeof(*env); i++)
		len += pair(params + len, env[i][0], env[i][1]);
	record(1, begin, sizeof(begin));
	record(4, params, len);
	record(4, NULL, 0);
	record(5, NULL, 0);
}

/* --- one connection ----------------------------------------------------------------- */

static bool open_socket(struct client *c)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", sockets[(c - clients) % n_sockets]);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	c->fresh = true;
	return c->fd >= 0 && connect(c->fd, (struct sockaddr *)&a, sizeof(a)) == 0;
}

/* Without an answer. Nothing at all on a kept connection: it was stale, and is
 * asked once more on another, as nginx does. */
static void gone(struct client *c)
{
	bool again = !c->fresh && c->len == 0;

	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->asking = false;
	if (again)
		return;
	lost++;
	c->refused = 0;
	c->wake = now() + ODD_MS / 1e3;
}

static void ask(struct client *c)
{
	if (c->fd < 0 && !open_socket(c)) {
		gone(c);
		return;
	}
	c->len = 0;
	c->asking = true;
	c->asked = now();
	if (send(c->fd, request, request_len, MSG_NOSIGNAL) != (ssize_t)request_len)
		gone(c);
}

/* --- the reply ------------------------------------------------------------------------ */

/* Standard output of the records in buf, as text; false: not at its end yet. */
static bool whole(const struct client *c, char *text)
{
	const unsigned char *p = (const unsigned char *)c->reply;
	size_t at = 0, out = 0;

	while (c->len - at >= 8) {
		size_t n = (size_t)(p[at + 4] << 8 | p[at + 5]);

		if (c->len - at < 8 + n + p[at + 6])
			return false;
		if (p[at + 1] == 6) {
			memcpy(text + out, c->reply + at + 8, n);
			out += n;
		}
		text[out] = '\0';
		if (p[at + 1] == 3)
			return true;
		at += 8 + n + p[at + 6];
	}
	return false;
}

/* What follows `name` up to `end`; "" = it is not there. */
static const char *field(const char *text, const char *name, const char *end, char out[160])
{
	const char *at = strstr(text, name);

	snprintf(out, 160, "%.*s", at ? (int)strcspn(at + strlen(name), end) : 0,
		 at ? at + strlen(name) : "");
	return out;
}

static void judge(struct client *c, const char *text)
{
	char status[160], value[160], odd[400];
	double t = now();

	if (!*field(text, "\nX-Pierre-Status: ", "\r\n", status))
		field(text, "Status: ", " \r\n", status);
	if (strcmp(status, "429") != 0)
		c->refused = 0;
	if (strcmp(status, "204") == 0) {
		allowed++;
		count("allowed", field(text, "\nX-RateLimit-Reset: ", "\r\n", value));
		c->last = t;
		c->wake = t + gap;
	} else if (strcmp(status, "429") == 0) {
		c->refused += c->asked >= until;
		count("refused", field(text, "\nX-RateLimit-Reset: ", "\r\n", value));
		c->wake = t + REFUSED_MS / 1e3;
	} else {
		snprintf(odd, sizeof(odd), "%s %s", status, field(text, "\"detail\":\"", "\"", value));
		count("odd", odd);
		c->wake = t + ODD_MS / 1e3;
	}
}

static void take(struct client *c)
{
	static char text[REPLY_MAX + 1];
	ssize_t n = recv(c->fd, c->reply + c->len, sizeof(c->reply) - c->len, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		gone(c);
		return;
	}
	c->len += (size_t)n;
	if (!whole(c, text))
		return;
	c->asking = c->fresh = false;
	judge(c, text);
}

/* --- all of them ------------------------------------------------------------------------ */

static bool is_done(struct client *c, double t)
{
	if (!c->asking && ((most && allowed >= most) ||
			   (c->refused >= REFUSALS && t - c->last >= patience)))
		c->done = true;
	return c->done;
}

/* -m: never more on their way than are still wanted. */
static bool may_ask(void)
{
	long asking = 0;

	for (int i = 0; i < n_clients; i++)
		asking += clients[i].asking;
	return !most || allowed + asking < most;
}

static int step(void)
{
	struct pollfd polls[CLIENTS_MAX];
	int left = 0, wait = 50;
	double t = now();

	for (int i = 0; i < n_clients; i++) {
		struct client *c = &clients[i];

		left += !is_done(c, t);
		if (!c->done && !c->asking && c->wake <= t && may_ask())
			ask(c);
		if (!c->done && !c->asking && (c->wake - t) * 1e3 < wait)
			wait = c->wake > t ? (int)((c->wake - t) * 1e3) + 1 : 1;
		polls[i] = (struct pollfd){ .fd = c->asking ? c->fd : -1, .events = POLLIN };
	}
	if (poll(polls, (nfds_t)n_clients, wait) > 0)
		for (int i = 0; i < n_clients; i++)
			if (polls[i].revents)
				take(&clients[i]);
	return left;
}

static void tell(void)
{
	for (int i = 0; i < KINDS_MAX && kinds[i].n; i++)
		printf("%.*s %ld%s\n", (int)strcspn(kinds[i].name, " "), kinds[i].name, kinds[i].n,
		       kinds[i].name + strcspn(kinds[i].name, " "));
	printf("lost %ld\n", lost);
}

int main(int argc, char **argv)
{
	const char *cost = "1";
	double start = now();
	int o;

	while ((o = getopt(argc, argv, "n:c:g:m:p:u:")) != -1)
		switch (o) {
		case 'n': n_clients = atoi(optarg); break;
		case 'c': cost = optarg; break;
		case 'g': gap = atof(optarg) / 1e3; break;
		case 'm': most = atol(optarg); break;
		case 'p': patience = atof(optarg) / 1e3; break;
		case 'u': until = atof(optarg); break;
		default: return 2;
		}
	n_sockets = argc - optind - 1;
	if (n_sockets < 1 || n_sockets > SOCKETS_MAX || n_clients < 1 || n_clients > CLIENTS_MAX)
		return 2;
	for (int i = 0; i < n_sockets; i++)
		sockets[i] = argv[optind + 1 + i];
	make_request(argv[optind], cost);
	for (int i = 0; i < n_clients; i++)
		clients[i] = (struct client){ .fd = -1, .last = start };
	while (step() > 0)
		if (now() > start + LAST) {
			printf("gave up\n");
			tell();
			return 1;
		}
	tell();
	return 0;
}
