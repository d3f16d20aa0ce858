/*
 * outbound/outbound_private.h - one call on its way through libcurl. For src/outbound only.
 */
#ifndef PIERRE_OUTBOUND_OUTBOUND_PRIVATE_H
#define PIERRE_OUTBOUND_OUTBOUND_PRIVATE_H

#include <arpa/inet.h>
#include <curl/curl.h>

#include "outbound/outbound.h"

#define REPLY_HEADERS_MAX 16384

struct transfer {
	struct outbound *of;
	struct outbound_call *call;      /* NULL: a free place */
	CURL *easy;
	struct curl_slist *headers;
	int64_t started;                 /* monotonic ms */
	bool stands;                     /* the connection does, TLS too */
	size_t given;                    /* bytes of the body that libcurl has */
	bool at_body, told;              /* libcurl asked for the body; ready() was called */
	bool go, dropped;
	bool too_large, late;
	bool overdue;                    /* its time is over, and its last round has begun */
	char *body;                      /* of the reply, OUTBOUND_REPLY_MAX + 1 */
	size_t body_len;
	char *head;                      /* its headers, REPLY_HEADERS_MAX + 1 */
	size_t head_len;
	char refused[INET6_ADDRSTRLEN];  /* the address that was refused, ... */
	const char *refused_why;         /* ... and why; NULL = none was */
	char error[CURL_ERROR_SIZE];
};

struct outbound {
	struct outbound_options options;
	int ca_fd;                       /* of options.ca, in memory; -1 = the system's authorities */
	char ca_path[32];                /* of ca_fd */
	struct curl_slist *resolve;
	CURLM *multi;
	struct transfer places[OUTBOUND_MOST];
	size_t n_places;                 /* that are taken */
	struct outbound_call *first, **last;   /* those that wait */
	size_t n_waiting;
	bool stopped;
};

/* --- transfer.c ------------------------------------------------------------------------ */
/* Give the call to libcurl. False: it could not be set up. */
bool transfer_begin(struct transfer *t, struct outbound *o, struct outbound_call *c, int64_t now);
/* Its time is over: libcurl, too, reads once more what is there, and only then may end it. */
void transfer_last_round(struct transfer *t, int64_t now);
/* Fill the reply, call done(), wipe. why: NULL = libcurl ended it with rc. */
void transfer_end(struct transfer *t, CURLcode rc, const char *why);

#endif
