/*
 * outbound/outbound.c - the loop: who waits, who is under way, whose time is over.
 *
 * Deadlines are judged here and not by libcurl, which would end a transfer whose reply is
 * there but was not read because the process did not run for a while. Its own total is a
 * backstop, far behind them.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "outbound/outbound_private.h"

#define WAIT_MAX_MS 60000
#define FDS_MAX 8

static struct curl_slist *list_of(const char *const *items)
{
	struct curl_slist *list = NULL;

	for (; items && *items; items++)
		list = curl_slist_append(list, *items);
	return list;
}

/* A line of 64 characters is the longest in PEM (RFC 7468, section 2). */
static bool has_certificate(FILE *f)
{
	static const char begin[] = "-----BEGIN ";
	char line[256];

	while (fgets(line, sizeof(line), f))
		if (str_starts(line, begin) && strstr(line, "CERTIFICATE-----"))
			return true;
	return false;
}

#define NO_CERTIFICATE "there is no certificate in it"

static bool no_authorities(const char *file, const char *why, const char *next, struct err *err_r)
{
	return err_field(err_r, ERR_CONFIG, "OUTBOUND_CA_FILE", "OUTBOUND_CA_FILE: the trusted authorities cannot be "
			 "read from %s: %s%s", file, why, next);
}

bool outbound_ca_check(const char *given, struct err *err_r)
{
	const char *file = *given ? given : curl_version_info(CURLVERSION_NOW)->cainfo;
	FILE *f = file ? fopen(file, "re") : NULL;
	bool found = f && has_certificate(f);
	const char *why = f ? NO_CERTIFICATE : strerror(errno);

	if (f)
		fclose(f);
	return found || no_authorities(file ? file : "a file of the system", why,
				       *given ? "" : "; install ca-certificates", err_r);
}

bool outbound_ca_judge(const struct conf_file *ca, const char *file, struct err *err_r)
{
	FILE *f = ca->n > 0 ? fmemopen((char *)ca->text, ca->n, "re") : NULL;
	bool found = f && has_certificate(f);

	if (f)
		fclose(f);
	return found || no_authorities(file, NO_CERTIFICATE, "", err_r);
}

/* libcurl reads a file for each connection, or keeps what it read of one by its name: so this
 * one is in memory, where nobody changes it. Given as bytes (CURLOPT_CAINFO_BLOB) it would
 * parse them for each connection (7.88, set_up_x509_store()). */
static bool open_ca(struct outbound *o, struct err *err_r)
{
	const struct conf_file *ca = &o->options.ca;

	o->ca_fd = -1;
	if (!o->options.ca_file || !o->options.ca_file[0])
		return true;
	if (!outbound_ca_judge(ca, o->options.ca_file, err_r))
		return false;
	o->ca_fd = memfd_create("authorities", MFD_CLOEXEC);
	if (o->ca_fd < 0 || write(o->ca_fd, ca->text, ca->n) != (ssize_t)ca->n)
		return err_set(err_r, ERR_INTERNAL, "the trusted authorities cannot be kept: %s", strerror(errno));
	snprintf(o->ca_path, sizeof(o->ca_path), "/proc/self/fd/%d", o->ca_fd);
	return true;
}

struct outbound *outbound_new(const struct outbound_options *options, struct err *err_r)
{
	struct outbound *o;

	/* a file of session keys, and threads that wait long for a silent name server: three
	 * seconds of a call leave none behind for more than that */
	unsetenv("SSLKEYLOGFILE");
	setenv("RES_OPTIONS", "timeout:1 attempts:2", 0);
	o = calloc(1, sizeof(*o));
	if (!o || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		abort();
	o->options = *options;
	if (!open_ca(o, err_r)) {
		outbound_free(&o);
		return NULL;
	}
	if (o->options.connect_ms == 0)
		o->options.connect_ms = OUTBOUND_CONNECT_MS;
	if (o->options.total_ms == 0)
		o->options.total_ms = OUTBOUND_TOTAL_MS;
	if (o->options.backstop_ms == 0)
		o->options.backstop_ms = OUTBOUND_BACKSTOP_MS;
	o->resolve = list_of(options->resolve);
	o->last = &o->first;
	o->multi = curl_multi_init();
	if (!o->multi)
		abort();
	return o;
}

/* --- who waits -------------------------------------------------------------------------- */

static const struct { const char *method; bool body; } methods[] = {
	{ "GET", false }, { "DELETE", false }, { "POST", true }, { "PUT", true },
};

/* The last line of defence: what stands behind a line end would be a header of its own, or
 * another request. */
static bool are_lines(const char *const *headers)
{
	for (; headers && *headers; headers++)
		for (const char *c = *headers; *c; c++)
			if ((unsigned char)*c < ' ' || *c == 0x7f)
				return false;
	return true;
}

static bool is_sound(const struct outbound_call *c)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (str_eq(c->method, methods[i].method))
			return c->provider && str_starts(c->url, "https://") && c->done &&
			       (methods[i].body || !c->body) && are_lines(c->headers) &&
			       (!c->held || (c->body && c->body_len > 0 && c->ready));
	return false;
}

bool outbound_start(struct outbound *o, struct outbound_call *c, struct err *err_r)
{
	if (o->stopped)
		return err_set(err_r, ERR_UNAVAILABLE, "Calls to other services are being stopped");
	if (!is_sound(c))
		return err_set(err_r, ERR_INVALID, "A call needs https, a method, headers without control "
			       "characters, and a body if it is held");
	c->transfer = NULL;
	c->next = NULL;
	*o->last = c;
	o->last = &c->next;
	o->n_waiting++;
	return true;
}

/* Takes the call at *at out of those that wait. */
static struct outbound_call *take(struct outbound *o, struct outbound_call **at)
{
	struct outbound_call *c = *at;

	*at = c->next;
	if (!*at)
		o->last = at;
	c->next = NULL;
	o->n_waiting--;
	return c;
}

static bool may_begin(const struct outbound *o, const struct outbound_call *c)
{
	size_t n = 0;

	for (size_t i = 0; i < OUTBOUND_MOST; i++)
		n += o->places[i].call && str_eq(o->places[i].call->provider, c->provider);
	return n < OUTBOUND_MOST_PROVIDER;
}

static struct transfer *free_place(struct outbound *o)
{
	for (size_t i = 0; i < OUTBOUND_MOST; i++)
		if (!o->places[i].call)
			return &o->places[i];
	return NULL;
}

static void finish(struct transfer *t, CURLcode rc, const char *why)
{
	struct outbound *o = t->of;

	transfer_end(t, rc, why);
	o->n_places--;
}

static void begin_waiting(struct outbound *o)
{
	int64_t now = clock_monotonic();
	struct outbound_call **at = &o->first;
	struct transfer *t;

	while (*at && (t = free_place(o))) {
		if (!may_begin(o, *at)) {
			at = &(*at)->next;
			continue;
		}
		o->n_places++;
		if (!transfer_begin(t, o, take(o, at), now))
			finish(t, CURLE_FAILED_INIT, NULL);
	}
}

static void end_unsent(struct outbound_call *c)
{
	c->reply = (struct outbound_reply){ .end = CALL_CUT, .headers = "", .body = "",
					    .why = "calls are being stopped" };
	c->done(c);
}

void outbound_stop(struct outbound *o)
{
	o->stopped = true;
	while (o->first)
		end_unsent(take(o, &o->first));
}

size_t outbound_calls(const struct outbound *o)
{
	return o->n_places + o->n_waiting;
}

size_t outbound_waiting(const struct outbound *o)
{
	return o->n_waiting;
}

void outbound_free(struct outbound **o)
{
	if (!*o)
		return;
	outbound_stop(*o);
	for (size_t i = 0; i < OUTBOUND_MOST; i++)
		if ((*o)->places[i].call)
			finish(&(*o)->places[i], CURLE_OK, "the process ends");
	curl_multi_cleanup((*o)->multi);
	curl_slist_free_all((*o)->resolve);
	if ((*o)->ca_fd >= 0)
		close((*o)->ca_fd);
	free(*o);
	*o = NULL;
	curl_global_cleanup();
}

/* --- bodies that are held ----------------------------------------------------------------- */

void outbound_go(struct outbound_call *c)
{
	struct transfer *t = c->transfer;

	if (!t || t->dropped || t->go)
		return;
	t->go = true;
	curl_easy_pause(t->easy, CURLPAUSE_CONT);
}

void outbound_drop(struct outbound_call *c)
{
	if (c->transfer && !c->transfer->go)
		c->transfer->dropped = true;
}

static void tell_ready(struct outbound *o)
{
	for (size_t i = 0; i < OUTBOUND_MOST; i++) {
		struct transfer *t = &o->places[i];

		if (!t->call || !t->call->held || !t->at_body || t->told)
			continue;
		t->told = true;
		t->call->ready(t->call);
	}
}

/* --- one round ---------------------------------------------------------------------------- */

static void collect(struct outbound *o)
{
	int running, left;
	CURLMsg *m;

	curl_multi_perform(o->multi, &running);
	while ((m = curl_multi_info_read(o->multi, &left))) {
		CURLcode rc = m->data.result;
		char *t = NULL;

		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
		finish((struct transfer *)(void *)t, rc, NULL);
	}
}

static int64_t deadline(const struct transfer *t)
{
	const struct outbound_options *o = &t->of->options;

	if (t->dropped)
		return 0;
	return t->started + (t->stands || o->total_ms < o->connect_ms ? o->total_ms : o->connect_ms);
}

static int64_t next_deadline(const struct outbound *o)
{
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < OUTBOUND_MOST; i++)
		if (o->places[i].call && deadline(&o->places[i]) < least)
			least = deadline(&o->places[i]);
	return least;
}

static const char *late(const struct transfer *t)
{
	if (t->dropped)
		return "it was let go before its body was sent";
	return t->stands ? "no whole reply came in time" : "no connection came about in time";
}

static void judge(struct outbound *o, int64_t now)
{
	for (size_t i = 0; i < OUTBOUND_MOST; i++) {
		struct transfer *t = &o->places[i];

		if (!t->call || now < deadline(t))
			continue;
		t->late = !t->dropped;
		finish(t, CURLE_OK, late(t));
	}
}

/* libcurl looks at its total before it reads. */
static void hold_back(struct outbound *o, int64_t now)
{
	for (size_t i = 0; i < OUTBOUND_MOST; i++)
		if (o->places[i].call && now >= deadline(&o->places[i]))
			transfer_last_round(&o->places[i], now);
}

static int wait_ms(const struct outbound *o, int timeout_ms)
{
	int64_t left = next_deadline(o), now = clock_monotonic();

	left = left == INT64_MAX ? WAIT_MAX_MS : left > now ? left - now : 0;
	return timeout_ms >= 0 && timeout_ms < left ? timeout_ms :
	       left < WAIT_MAX_MS ? (int)left : WAIT_MAX_MS;
}

static void poll_all(struct outbound *o, struct pollfd *fds, size_t n, int timeout_ms)
{
	struct curl_waitfd extra[FDS_MAX];
	int ready;

	for (size_t i = 0; i < n; i++)
		extra[i] = (struct curl_waitfd){ .fd = fds[i].fd, .events = CURL_WAIT_POLLIN };
	curl_multi_poll(o->multi, extra, (unsigned)n, timeout_ms, &ready);
	for (size_t i = 0; i < n; i++)
		fds[i].revents = extra[i].revents ? POLLIN : 0;
}

void outbound_step(struct outbound *o, struct pollfd *fds, size_t n, int timeout_ms)
{
	int64_t now;

	if (n > FDS_MAX)
		abort();
	begin_waiting(o);
	poll_all(o, fds, n, wait_ms(o, timeout_ms));
	/* judge() comes after it: what came while the process did not run is read first. And done()
	 * may take long, as it writes to a disk: what comes meanwhile is read in the next round */
	now = clock_monotonic();
	hold_back(o, now);
	collect(o);
	tell_ready(o);
	judge(o, now);
	begin_waiting(o);
}
