/*
 * tests/unit/outbound.c - calls that must not leave: hostile names and addresses, other
 * protocols, malformed ones; and what waits when the loop stops. What leaves is tested in
 * tests/process/outbound.t.
 */
#include "config.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "descriptors.h"
#include "outbound/outbound.h"
#include "tap.h"

static struct outbound_call *last;
static struct outbound_reply reply;
static char why[512];
static int n_done;

static void done(struct outbound_call *c)
{
	last = c;
	reply = c->reply;
	snprintf(why, sizeof(why), "%s", c->reply.why ? c->reply.why : "");
	n_done++;
}

static void ready(struct outbound_call *c)
{
	(void)c;
}

static struct outbound_call get(const char *url)
{
	return (struct outbound_call){ .provider = "p", .method = "GET", .url = url, .done = done };
}

/* Names that a hostile DNS gives such addresses, and ways to write them. */
static const char *const resolve[] = {
	"n1.example:443:127.0.0.1", "n2.example:443:10.0.0.1", "n3.example:443:172.16.0.1",
	"n4.example:443:192.168.1.1", "n5.example:443:169.254.169.254", "n6.example:443:100.64.0.1",
	"n7.example:443:0.0.0.0", "n8.example:443:224.0.0.1", "n9.example:443:[::1]",
	"n10.example:443:[fe80::1]", "n11.example:443:[fc00::1]", "n12.example:443:[::ffff:127.0.0.1]",
	"n13.example:443:[::ffff:10.0.0.1]", "n14.example:443:[ff02::1]", "n15.example:443:[::]",
	"n16.example:443:127.0.0.1,10.0.0.1,[::1]", "n17.example:443:255.255.255.255",
	"n18.example:443:[64:ff9b::7f00:1]", NULL,
};

static void test_hostile(struct outbound *o)
{
	static const char *const urls[] = {
		"https://n1.example/", "https://n2.example/", "https://n3.example/", "https://n4.example/",
		"https://n5.example/latest/meta-data/", "https://n6.example/", "https://n7.example/",
		"https://n8.example/", "https://n9.example/", "https://n10.example/", "https://n11.example/",
		"https://n12.example/", "https://n13.example/", "https://n14.example/", "https://n15.example/",
		"https://n16.example/", "https://n17.example/", "https://n18.example/",
		"https://localhost/", "https://127.0.0.1/", "https://127.1/", "https://0x7f000001/",
		"https://2130706433/", "https://017700000001/", "https://[::1]/", "https://[::ffff:127.0.0.1]/",
		"https://[::ffff:7f00:1]/", "https://0/", "https://10.0.0.1:8443/", "https://[fe80::1]/",
	};
	int refused = 0;

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct outbound_call c = get(urls[i]);
		struct err err;

		reply = (struct outbound_reply){ .end = CALL_ANSWERED, .sent = true };
		ok(outbound_start(o, &c, &err), "%s", urls[i]);
		while (outbound_calls(o) > 0)
			outbound_step(o, NULL, 0, -1);
		refused += reply.end == CALL_CUT && !reply.sent && reply.status == 0 &&
			   strstr(why, "is not called") != NULL;
		if (!strstr(why, "is not called"))
			printf("# %s: %s\n", urls[i], why);
	}
	is_int(refused, 30, "30 of 30 hostile names and addresses are refused");
}

static void test_malformed(struct outbound *o)
{
	struct outbound_call bad[] = {
		get("http://a.example/"), get("file:///etc/passwd"), get("ftp://a.example/"), get(""),
		get("https://a.example/"), get("https://a.example/"), get("https://a.example/"),
		get("https://a.example/"), get("https://a.example/"), get("https://a.example/"),
		get("https://a.example/"), get("https://a.example/"), get(NULL),
	};
	static const char *const injected[][3] = {
		{ "Accept: */*", "Authorization: Bearer x\r\nX-Injected: yes" }, { "Authorization: Bearer x\nHost: b" },
		{ "Authorization: Bearer \x7f" },
	};
	struct err err = { 0 };
	int before = n_done;

	bad[4].method = "TRACE";
	bad[5].provider = NULL;
	bad[6].body = "x";                       /* a GET with a body */
	bad[7].method = "POST";
	bad[7].held = true;                      /* nothing to hold */
	bad[8] = (struct outbound_call){ .provider = "p", .method = "POST", .url = "https://a.example/",
					 .held = true, .body = "x", .body_len = 1, .done = done };
	for (size_t i = 0; i < 3; i++)
		bad[9 + i].headers = injected[i];
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!outbound_start(o, &bad[i], &err) && err.kind == ERR_INVALID, "malformed, %zu", i);
	is_int(n_done, before, "nothing is told of them");
	struct outbound_call c = get("https://user:secret@n1.example/");
	ok(outbound_start(o, &c, &err), "a user in a URL");
	while (outbound_calls(o) > 0)
		outbound_step(o, NULL, 0, -1);
	ok(reply.end == CALL_CUT && !reply.sent && !strstr(why, "secret"), "is refused without its secret");
}

/* A server that says nothing: its connection stands, TLS does not. */
static int silent_server(int *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) != 0 || listen(fd, 8) != 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) != 0)
		exit(1);
	*port = ntohs(a.sin_port);
	return fd;
}

static void test_time(void)
{
	struct outbound_options options = { .allow = STRINGS("127.0.0.0/8"), .connect_ms = 300, .total_ms = 5000 };
	struct outbound *o = outbound_new(&options, NULL);
	struct outbound_call c[10];
	int port, server = silent_server(&port);
	struct err err;
	char url[64];

	snprintf(url, sizeof(url), "https://127.0.0.1:%d/", port);
	c[0] = get(url);
	outbound_start(o, &c[0], &err);
	while (outbound_calls(o) > 0)
		outbound_step(o, NULL, 0, -1);
	ok(reply.end == CALL_CUT && !reply.sent && reply.status == 0, "no TLS in time: nothing was sent");
	outbound_free(&o);
	options.connect_ms = options.total_ms = 60000;   /* these end by what is done to them */
	o = outbound_new(&options, NULL);
	for (int i = 0; i < 10; i++) {
		c[i] = get(url);
		c[i].method = "POST";
		c[i].body = "x=1";
		c[i].body_len = 3;
		c[i].held = i % 2;
		c[i].ready = ready;
		outbound_start(o, &c[i], &err);
	}
	outbound_step(o, NULL, 0, 0);
	n_done = 0;
	outbound_drop(&c[1]);
	outbound_step(o, NULL, 0, 100);
	is_int(n_done, 1, "a held call that is let go ends at once");
	ok(last == &c[1] && !reply.sent, "unsent");
	outbound_stop(o);
	is_int(n_done, 6, "a stop ends those that wait for a place");
	ok(!outbound_start(o, &c[1], &err) && err.kind == ERR_UNAVAILABLE, "and takes no more");
	outbound_free(&o);
	is_int(n_done, 10, "an end ends all");
	ok(!o && reply.end == CALL_CUT, "and says so");
	close(server);
}

static void test_poll(struct outbound *o)
{
	int fds[2];
	struct pollfd p[2];

	if (pipe(fds) != 0 || write(fds[1], "x", 1) != 1)
		exit(1);
	p[0] = (struct pollfd){ .fd = fds[0] };
	p[1] = (struct pollfd){ .fd = fds[1], .revents = POLLIN };
	outbound_step(o, p, 2, 60000);
	ok(p[0].revents && !p[1].revents, "a descriptor that can be read ends the wait");
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	struct outbound_options options = { .resolve = resolve };
	int before = open_descriptors();
	struct err err = { 0 };
	struct outbound *o;

	setenv("https_proxy", "http://127.0.0.1:1", 1);
	setenv("SSLKEYLOGFILE", "/nonexistent/keys", 1);
	o = outbound_new(&options, &err);
	ok(o && !getenv("SSLKEYLOGFILE"), "session keys are written nowhere");
	test_hostile(o);
	test_malformed(o);
	test_poll(o);
	outbound_free(&o);
	test_time();
	options.ca_file = "/nonexistent/ca.pem";
	ok(!outbound_new(&options, &err) && err.kind == ERR_CONFIG && strstr(err.message, "/nonexistent/ca.pem"),
	   "a file of authorities that is missing is named");
	is_int(open_descriptors(), before, "no descriptor is left");
	return tap_done();
}
