/*
 * provider/reply.h - what the reply of a provider's token endpoint means, by its row. Pure:
 * it asks nobody and keeps nothing. One refusal is no proof of death, and nothing but the
 * provider's own word for it is a refusal.
 */
#ifndef PIERRE_PROVIDER_REPLY_H
#define PIERRE_PROVIDER_REPLY_H

#include "base/arena.h"
#include "model/provider.h"

enum provider_outcome {
	REPLY_UNREADABLE,    /* it says nothing that is understood: a token may have been spent */
	REPLY_OK,
	REPLY_REFUSED,       /* the code or refresh token is not accepted (invalid_grant) */
	REPLY_APP_BROKEN,    /* the application is not accepted: connections are untouched */
	REPLY_LIMITED,       /* not before `until` */
	REPLY_UNAVAILABLE,   /* an error of the provider, or of something between */
};

/* What came back: outbound/outbound.h. */
struct provider_answer {
	int status;
	const char *headers;          /* "name: value\n" each */
	const char *body;             /* ends with a NUL that body_len does not count */
	size_t body_len;
	bool refreshes;               /* the reply to a refresh; else to a code */
	int64_t now;                  /* wall ms */
};

struct provider_reply {
	enum provider_outcome outcome;
	const char *access_token;     /* NULL: the old one stays (refresh = extends) */
	const char *refresh_token;    /* NULL: the old one stays, or there is none */
	int64_t expires_at;           /* wall ms; TIME_NONE: not known */
	struct strings scopes;        /* granted; no list: the reply does not say */
	const char *identity;         /* the provider's id of the user, 1 to 255 visible characters;
				       * NULL: the reply does not say */
	int64_t until;                /* of LIMITED, and of UNAVAILABLE when it says so; wall ms; TIME_NONE */
	const char *reason;           /* a word for logs and states: "invalid_grant", "http_503" */
};

/* Texts live on the arena, which wipes. */
void provider_reply_read(const struct provider *p, const struct provider_answer *in,
			 struct arena *arena, struct provider_reply *out);

/* The user's id in the reply of identity_url, or in a token reply; NULL: none. */
const char *reply_identity(const struct provider *p, const char *body, size_t n, struct arena *arena);

/* From when on a 429 of the provider's API is over, by its headers: wall ms, later than now. */
int64_t reply_limited_until(const struct provider *p, const char *headers, int64_t now);
/* Of any reply of its API or token endpoints: until when nothing more may be asked, because
 * it is a 429 or its headers say that this request was the last one; TIME_NONE: it may. */
int64_t reply_shut_until(const struct provider *p, int status, const char *headers, int64_t now);

/* The headers that it reads; NULL ends them. */
extern const char *const reply_limit_headers[];

/* Value of the first header of that name, cut at white space; NULL: none. */
const char *reply_header(const char *headers, const char *name, struct arena *arena);

#endif
