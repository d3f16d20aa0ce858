/*
 * op/refresh_rule.h - when tokens are refreshed, and what the end of a call means for the
 * connection. Pure: rows and the moment go in, what to do comes out.
 *
 * A refresh token that was sent may be spent, whatever came back. Whether it may be sent
 * again is said by the provider's row (replay): safe and safe_until_used: yes; lethal: a
 * second use may end all that the user has granted, so the connection is `uncertain`, its
 * access token serves to its end, and then the refresh token is sent once more. If that is
 * not answered either, its user must connect again. A refusal is an answer: it spends
 * nothing, and is judged like any other, so that a provider that refuses everybody for an
 * hour ends nobody.
 */
#ifndef PIERRE_OP_REFRESH_RULE_H
#define PIERRE_OP_REFRESH_RULE_H

#include "model/connection.h"
#include "model/provider.h"
#include "model/provider_app.h"
#include "provider/reply.h"

#define REFRESH_USED_MS (7 * DAY_MS)           /* refreshed ahead when given out within it */
#define REFRESH_MARGIN_S 300                   /* of a provider that names no margin */
#define REFRESH_RETRY_MS (5 * SECOND_MS)       /* doubled with each call that brings nothing ... */
#define REFRESH_RETRY_MOST_MS (600 * SECOND_MS)   /* ... up to that */
#define REFRESH_REFUSED_MS (1800 * SECOND_MS)  /* from one refusal to the next attempt */
/* The least time before a lethal token is sent again: a host that stopped with the answer in its
 * spool may come back, and stores it then. */
#define REFRESH_UNCERTAIN_MS (3600 * SECOND_MS)
#define REFRESH_DEAD_AFTER_MS (3600 * SECOND_MS)
#define REFRESH_DEAD_REFUSALS 3
#define REFRESH_ALONE_MS DAY_MS                /* the same for the only user of an application */
#define REFRESH_WINDOW_MS (600 * SECOND_MS)    /* of an application's answers */
#define REFRESH_WINDOW_LEAST 5                 /* answers that say something about it */

/* Before its end a token is refreshed, ms. */
int64_t refresh_margin(const struct provider *p);
/* From when on: wall ms; TIME_NONE: its end is not known. One that lives for less than two
 * margins serves for half of its life first. */
int64_t refresh_begins(const struct provider *p, const struct connection *c);
/* Ahead of all requests? keepalive = no waits for one. */
bool refresh_is_ahead(const struct provider *p, int64_t now);
/* Can it be refreshed at all? */
bool refresh_is_possible(const struct connection *c, const struct provider *p, int64_t now);
/* Is its access token of a refresh? One that was connected or brought has both times alike. */
bool refresh_gave(const struct connection *c);

/* Of a row that wants a refresh, and that no caller has. */
enum refresh_due {
	REFRESH_NOT_NOW,
	REFRESH_CALL,       /* claim it */
	REFRESH_SILENT,     /* its caller died after the token was sent: judge that */
};
enum refresh_due refresh_due_of(const struct connection *c, const struct provider *p, int64_t now);

/* How a call ended that brought no tokens. */
enum refresh_end {
	ENDED_SILENT,       /* the token was sent, and no whole reply came */
	ENDED_UNSENT,       /* the provider has nothing of it */
	ENDED_NO_SPACE,      /* there was no place for the answer: it was not made */
	ENDED_NO_SPOOL,      /* nor a directory for it: likewise */
	ENDED_NO_BUDGET,     /* the application may ask no more for now: likewise */
	ENDED_ANSWERED,
};
struct refresh_seen {
	enum refresh_end end;
	/* of ENDED_ANSWERED: */
	enum provider_outcome outcome;   /* REPLY_OK without tokens is REPLY_UNREADABLE */
	int status;                      /* of HTTP */
	int64_t until;                   /* as the reply says; TIME_NONE */
	const char *reason;
	const struct provider_app *app;  /* this answer is counted in it */
	bool alone;                      /* no other connection is of this application */
	const struct provider_app *asked;   /* the application, as it was read for the call */
};
struct refresh_verdict {
	const char *state, *reason;
	bool wanted;                     /* it is tried again, from retry_at on */
	int64_t retry_at;                /* TIME_NONE: at once */
	int64_t attempts, refusals, first_refused_at;
	bool app_broken;
};
/* c: as it was claimed. */
void refresh_judge(const struct connection *c, const struct provider *p,
		   const struct refresh_seen *seen, int64_t now, struct refresh_verdict *out);

/* More than a fifth of what an application asked in its window was refused. */
bool refresh_is_degraded(int64_t answers, int64_t refusals);

#endif
