/*
 * outbound/outbound.h - HTTPS requests to other services, many at once in one loop that
 * never waits for one of them. The only place for libcurl.
 *
 * A call that spends something (a refresh token, a code) goes out at most once: on a
 * connection of its own, which is not kept (libcurl 7.88 sends a POST again when a kept
 * connection ends without a byte; measured). Redirects are not followed, proxies of the
 * environment are not used, and addresses that are not public are refused after they were
 * resolved (base/network.h).
 *
 * Not for several threads: one process, one loop, after the fork (R10).
 */
#ifndef PIERRE_OUTBOUND_OUTBOUND_H
#define PIERRE_OUTBOUND_OUTBOUND_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/network.h"

#define OUTBOUND_MOST 32              /* calls under way */
#define OUTBOUND_MOST_PROVIDER 4      /* of them to one provider */
#define OUTBOUND_CONNECT_MS 3000      /* name, TCP and TLS */
#define OUTBOUND_TOTAL_MS 10000       /* from the start to the last byte of the reply */
#define OUTBOUND_BACKSTOP_MS 30000    /* then libcurl ends it, should this loop not have */
#define OUTBOUND_REPLY_MAX 65536      /* bytes of a reply's body */

enum outbound_kind {
	CALL_SPENDS,     /* at most once, on a connection of its own */
	CALL_READS,      /* may use a connection that another call left */
};

enum outbound_end {
	CALL_CUT,        /* no whole reply; see `sent` */
	CALL_ANSWERED,   /* status, headers and body are whole */
};

/* Of a call that is over; its texts are wiped when done() returns. */
struct outbound_reply {
	enum outbound_end end;
	bool sent;               /* false: the provider has nothing of the body, or, when there
	                          * is none, of the request. Calling again spends nothing twice */
	bool late;               /* its time was over */
	int status;              /* of HTTP; 0 = no reply came */
	const char *headers;     /* "name: value\n" each, as they came; "" = none */
	const char *body;        /* ends with a NUL that body_len does not count */
	size_t body_len;
	const char *why;         /* of CALL_CUT: a sentence without secrets */
};

/* One request. What is set before outbound_start() stays valid until done(). */
struct outbound_call {
	const char *provider;            /* for OUTBOUND_MOST_PROVIDER */
	const char *what;                /* a word for those who count calls; NULL = they do not */
	const char *method;              /* GET, POST, PUT or DELETE */
	const char *url;                 /* https://...; no secret that must stay out of logs */
	const char *const *headers;      /* "Name: value" each, NULL at the end; NULL = none */
	const char *body;                /* NULL = none */
	size_t body_len;
	enum outbound_kind kind;
	bool held;                       /* the body waits for outbound_go(); it must have one */
	/* Both are called from outbound_step() alone. ready(): of a held call, once, when the
	 * connection stands and only the body is missing; the time goes on running. */
	void (*ready)(struct outbound_call *c);
	void (*done)(struct outbound_call *c);    /* may free the call, and make others */
	void *arg;                       /* for both */

	struct outbound_reply reply;         /* for done() */
	struct transfer *transfer;       /* of the loop; NULL = not under way */
	struct outbound_call *next;               /* of the loop */
};

struct outbound_options {
	struct strings allow;            /* networks that are let through though not public */
	const char *ca_file;             /* of trusted authorities, PEM; NULL or "" = the system's */
	struct conf_file ca;             /* what was read from ca_file, which is not opened again */
	const char *const *resolve;      /* HOST:PORT:ADDRESS instead of a resolver, for tests; NULL = none */
	int64_t connect_ms, total_ms, backstop_ms;   /* 0 = those above */
	/* Before done() of each call that was under way and was not dropped; NULL = none. */
	void (*ended)(void *arg, const struct outbound_call *c, int64_t ms);
	void *arg;                       /* of ended() */
};

struct outbound;

/* Does this PEM file ("" = the system's) have trusted authorities? ERR_CONFIG says why it
 * has none. */
bool outbound_ca_check(const char *file, struct err *err_r);
/* The same of what was read from it. */
bool outbound_ca_judge(const struct conf_file *ca, const char *file, struct err *err_r);

/* ERR_CONFIG: outbound_ca_judge() of authorities that are given. */
struct outbound *outbound_new(const struct outbound_options *o, struct err *err_r);
/* Ends what is under way: done() of each is called. */
void outbound_free(struct outbound **o);

/* Begin, or wait for a place. False: the call is malformed (ERR_INVALID) or the loop takes
 * nothing new (ERR_UNAVAILABLE), and done() will not be called. */
bool outbound_start(struct outbound *o, struct outbound_call *c, struct err *err_r);
/* Of a held call, after ready(): the body leaves, or the call ends without it. Of one that
 * is over they do nothing. */
void outbound_go(struct outbound_call *c);
void outbound_drop(struct outbound_call *c);

/* Wait until something happens, a deadline has come, one of fds[n] is ready (revents) or
 * timeout_ms are over; then do what is to be done. A reply that is there is always read
 * before its deadline is judged, however long the process did not run. */
void outbound_step(struct outbound *o, struct pollfd *fds, size_t n, int timeout_ms);

/* Nothing new: what waits for a place ends unsent, what is under way finishes. */
void outbound_stop(struct outbound *o);
size_t outbound_calls(const struct outbound *o);   /* under way, and waiting */
size_t outbound_waiting(const struct outbound *o); /* for a place */

#endif
