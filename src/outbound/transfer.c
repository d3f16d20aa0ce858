/*
 * outbound/transfer.c - one call as libcurl (7.88) sees it: its options and callbacks.
 *
 * Measured: libcurl does not stop a reply without a declared length, so the callback that
 * stores it does; it asks for the body only when the connection stands and the headers are
 * sent, and then waits as long as that callback says so.
 */
#include "config.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/heap.h"
#include "base/str.h"
#include "outbound/outbound_private.h"

/* --- callbacks -------------------------------------------------------------------------- */

/* After the name was resolved: the address itself decides. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct transfer *t = arg;
	const char *why = address_refused(&to->addr, t->of->options.allow);

	(void)purpose;
	if (!why)
		return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
	t->refused_why = why;
	if (getnameinfo(&to->addr, to->addrlen, t->refused, sizeof(t->refused), NULL, 0,
			NI_NUMERICHOST) != 0)
		t->refused[0] = '\0';
	return CURL_SOCKET_BAD;
}

/* Runs after connect and TLS, before the request. */
static int stands(void *arg, char *primary_ip, char *local_ip, int primary_port, int local_port)
{
	struct transfer *t = arg;

	(void)primary_ip;
	(void)local_ip;
	(void)primary_port;
	(void)local_port;
	t->stands = true;
	return CURL_PREREQFUNC_OK;
}

/* The body is given once: without a seek function libcurl cannot begin again. */
static size_t give_body(char *to, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	const struct outbound_call *c = t->call;
	size_t most = size * n, left = c->body_len - t->given;

	t->at_body = true;
	if (t->dropped)
		return CURL_READFUNC_ABORT;
	if (c->held && !t->go)
		return CURL_READFUNC_PAUSE;
	if (left < most)
		most = left;
	memcpy(to, c->body + t->given, most);
	t->given += most;
	return most;
}

static size_t take_body(char *from, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t bytes = size * n;

	if (bytes > OUTBOUND_REPLY_MAX - t->body_len) {
		t->too_large = true;
		return 0;
	}
	memcpy(t->body + t->body_len, from, bytes);
	t->body_len += bytes;
	return bytes;
}

/* A line of a header as libcurl hands it over: "name: value\r\n". A status line (of 100
 * Continue, say) begins anew. */
static size_t take_header(char *from, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t bytes = size * n, len = bytes;

	while (len > 0 && (from[len - 1] == '\n' || from[len - 1] == '\r'))
		len--;
	if (len > 5 && memcmp(from, "HTTP/", 5) == 0) {
		t->head_len = 0;
		return bytes;
	}
	if (len == 0 || memchr(from, '\0', len))
		return bytes;
	if (len + 1 > REPLY_HEADERS_MAX - t->head_len) {
		t->too_large = true;
		return 0;
	}
	memcpy(t->head + t->head_len, from, len);
	t->head_len += len;
	t->head[t->head_len++] = '\n';
	return bytes;
}

/* --- options ---------------------------------------------------------------------------- */

static const struct { CURLoption option; long value; } numbers[] = {
	{ CURLOPT_NOSIGNAL, 1 },
	{ CURLOPT_QUICK_EXIT, 1 },            /* a name server that is silent holds nobody up */
	{ CURLOPT_FOLLOWLOCATION, 0 },
	{ CURLOPT_DISALLOW_USERNAME_IN_URL, 1 },
	{ CURLOPT_NETRC, CURL_NETRC_IGNORED },
	{ CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
	{ CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
	{ CURLOPT_SSL_VERIFYPEER, 1 },
	{ CURLOPT_SSL_VERIFYHOST, 2 },
	{ CURLOPT_MAXFILESIZE, OUTBOUND_REPLY_MAX },
};

static const struct { CURLoption option; const char *value; } texts[] = {
	{ CURLOPT_PROTOCOLS_STR, "https" },
	{ CURLOPT_PROXY, "" },                /* also no proxy of the environment */
	{ CURLOPT_USERAGENT, "pierre/" PACKAGE_VERSION },
};

/* What a retry on a kept connection would spend twice. */
static const CURLoption alone[] = { CURLOPT_FRESH_CONNECT, CURLOPT_FORBID_REUSE };

static bool set_tables(const struct transfer *t)
{
	bool good = true;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		good &= curl_easy_setopt(t->easy, numbers[i].option, numbers[i].value) == CURLE_OK;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		good &= curl_easy_setopt(t->easy, texts[i].option, texts[i].value) == CURLE_OK;
	for (size_t i = 0; t->call->kind != CALL_READS && i < sizeof(alone) / sizeof(alone[0]); i++)
		good &= curl_easy_setopt(t->easy, alone[i], 1L) == CURLE_OK;
	return good;
}

#define SET(option, value) (curl_easy_setopt(t->easy, (option), (value)) == CURLE_OK)

static bool set_callbacks(struct transfer *t)
{
	return SET(CURLOPT_OPENSOCKETFUNCTION, open_socket) && SET(CURLOPT_OPENSOCKETDATA, t) &&
	       SET(CURLOPT_PREREQFUNCTION, stands) && SET(CURLOPT_PREREQDATA, t) &&
	       SET(CURLOPT_READFUNCTION, give_body) && SET(CURLOPT_READDATA, t) &&
	       SET(CURLOPT_WRITEFUNCTION, take_body) && SET(CURLOPT_WRITEDATA, t) &&
	       SET(CURLOPT_HEADERFUNCTION, take_header) && SET(CURLOPT_HEADERDATA, t) &&
	       SET(CURLOPT_ERRORBUFFER, t->error) && SET(CURLOPT_PRIVATE, t);
}

/* A body makes it an upload whose length is known; "Expect" would wait for a 100. */
static bool set_request(struct transfer *t)
{
	const struct outbound_call *c = t->call;
	bool posts = c->body || str_eq(c->method, "POST");

	t->headers = curl_slist_append(NULL, "Expect:");
	for (size_t i = 0; c->headers && c->headers[i] && t->headers; i++) {
		struct curl_slist *more = curl_slist_append(t->headers, c->headers[i]);

		if (!more)
			return false;
		t->headers = more;
	}
	return t->headers && SET(CURLOPT_HTTPHEADER, t->headers) && SET(CURLOPT_URL, c->url) &&
	       (!posts || (SET(CURLOPT_POST, 1L) &&
			   SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->body_len))) &&
	       SET(CURLOPT_CUSTOMREQUEST, c->method);
}

static bool set_options(struct transfer *t)
{
	const struct outbound_options *o = &t->of->options;

	/* with a directory of authorities libcurl reads their file anew for each connection:
	 * measured 200 ms in the loop, and 1 ms without */
	return set_tables(t) && set_callbacks(t) && set_request(t) &&
	       SET(CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_ms) && SET(CURLOPT_TIMEOUT_MS, (long)o->backstop_ms) &&
	       (t->of->ca_fd < 0 || SET(CURLOPT_CAINFO, t->of->ca_path)) && SET(CURLOPT_CAPATH, NULL) &&
	       (!t->of->resolve || SET(CURLOPT_RESOLVE, t->of->resolve));
}

/* --- begin and end -------------------------------------------------------------------------- */

static void transfer_free(struct transfer *t)
{
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	if (t->body)
		explicit_bzero(t->body, t->body_len);
	if (t->head)
		explicit_bzero(t->head, t->head_len);
	free(t->body);
	free(t->head);
	*t = (struct transfer){ 0 };
	/* libcurl's copies of headers and body, before another library gets the memory */
	heap_wipe_cache();
}

bool transfer_begin(struct transfer *t, struct outbound *o, struct outbound_call *c, int64_t now)
{
	*t = (struct transfer){ .of = o, .call = c, .started = now, .easy = curl_easy_init(),
				.body = malloc(OUTBOUND_REPLY_MAX + 1),
				.head = malloc(REPLY_HEADERS_MAX + 1) };
	if (!t->body || !t->head)
		abort();
	c->transfer = t;
	return t->easy && set_options(t) && curl_multi_add_handle(o->multi, t->easy) == CURLM_OK;
}

void transfer_last_round(struct transfer *t, int64_t now)
{
	if (!t->overdue)
		curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)(now - t->started + t->of->options.backstop_ms));
	t->overdue = true;
}

static const char *reason(struct transfer *t, CURLcode rc)
{
	if (t->too_large || rc == CURLE_FILESIZE_EXCEEDED)
		return "the reply is larger than 64 KB";
	if (t->refused_why && !t->stands) {
		snprintf(t->error, sizeof(t->error), "the address %s is not called: it is %s (OUTBOUND_ALLOW "
			 "lets networks through)", t->refused, t->refused_why);
		return t->error;
	}
	return t->error[0] ? t->error : curl_easy_strerror(rc);
}

static bool was_sent(const struct transfer *t)
{
	return t->call->body_len > 0 ? t->given > 0 : t->stands;
}

void transfer_end(struct transfer *t, CURLcode rc, const char *why)
{
	struct outbound_call *c = t->call;
	bool answered = !why && rc == CURLE_OK;
	long status = 0;

	if (t->easy)
		curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	t->body[t->body_len] = t->head[t->head_len] = '\0';
	c->reply = (struct outbound_reply){
		.end = answered ? CALL_ANSWERED : CALL_CUT, .sent = was_sent(t),
		.late = t->late || rc == CURLE_OPERATION_TIMEDOUT,
		.status = (int)status, .headers = t->head, .body = t->body, .body_len = t->body_len,
		.why = why ? why : answered ? NULL : reason(t, rc),
	};
	if (t->easy)
		curl_multi_remove_handle(t->of->multi, t->easy);
	c->transfer = NULL;
	if (t->of->options.ended && c->what && !t->dropped)
		t->of->options.ended(t->of->options.arg, c, clock_monotonic() - t->started);
	c->done(c);
	transfer_free(t);
}
