/*
 * base/err.h - errors are values: a kind the caller can act on and a sentence
 * a person can use.
 *
 * Functions that can fail return bool (true = done) and take a trailing
 * `struct err *err_r`, which they fill only when they return false.
 * Passing an err that already holds something is fine: it is overwritten.
 * Sentences never contain secrets (passwords, tokens, keys, DATABASE_URL).
 */
#ifndef PIERRE_BASE_ERR_H
#define PIERRE_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

enum err_kind {
	ERR_NONE = 0,
	ERR_MALFORMED,     /* not HTTP or not JSON: 400 */
	ERR_INVALID,       /* a field has a bad value: 422 naming it */
	ERR_REQUIRED,      /* a field is missing: 422 naming it */
	ERR_RANGE,         /* a value is out of its bounds: 422 naming it */
	ERR_AUTH_REQUIRED, /* no credential: 401 */
	ERR_AUTH_INVALID,  /* credential unknown, wrong or revoked: 401 */
	ERR_AUTH_EXPIRED,  /* credential was good once: 401 */
	ERR_FORBIDDEN,     /* known, but may not: 403 */
	ERR_NOT_FOUND,     /* 404 */
	ERR_METHOD,        /* 405, with Allow */
	ERR_CONFLICT,      /* already exists or already done: 409 */
	ERR_PRECONDITION,  /* changed since the version that If-Match names: 412 */
	ERR_TOO_LARGE,     /* 413 */
	ERR_MEDIA_TYPE,    /* 415 */
	ERR_RATE,          /* slow down: 429 with Retry-After */
	ERR_UNAVAILABLE,   /* a store needed for the decision is away: 503 */
	ERR_UNCERTAIN,     /* the outcome of a commit is not known: 503 */
	ERR_DATABASE,      /* the database refused what we sent: 500 */
	ERR_CONFIG,        /* the operator's setting is wrong: exit 1 */
	ERR_INTERNAL,      /* our bug: 500 */
	ERR__COUNT
};

struct err {
	enum err_kind kind;
	int retry_after;    /* seconds, for ERR_RATE and ERR_UNAVAILABLE; 0 = say nothing */
	char reason[32];    /* machine-readable detail ("revoked"), may be "" */
	char field[64];     /* JSON field or option at fault, may be "" */
	char message[512];  /* one sentence, no newline, for a person */
};

/* Fill *err_r (which may be NULL) and return false, so that a guard reads
 * `return err_set(err_r, ERR_NOT_FOUND, "No such key");` */
bool err_set(struct err *err_r, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, naming the JSON field or option at fault. */
bool err_field(struct err *err_r, enum err_kind kind, const char *field,
	       const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The same, with a machine-readable reason ("revoked", "expired"). */
bool err_reason(struct err *err_r, enum err_kind kind, const char *reason,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* After one of these: another try makes sense in so many seconds (Retry-After);
 * returns false. */
bool err_retry(struct err *err_r, int seconds);

/* A store was away, or the outcome of a commit is not known: the same may succeed later. */
bool err_is_passing(const struct err *err);

/* Put "fmt: " before the sentence that is already there; returns false. */
bool err_prefix(struct err *err_r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
