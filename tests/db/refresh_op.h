/*
 * tests/db/refresh_op.h - what tests of refreshes do: the victim's connection to WHOOP (`id`),
 * claims of it, and answers.
 */
#ifndef PIERRE_TESTS_REFRESH_OP_H
#define PIERRE_TESTS_REFRESH_OP_H

#include "op/audit.h"
#include "op/provider_app.h"
#include "op/refresh.h"
#include "provider/providers.h"
#include "scope_op.h"
#include "store/connection.h"
#include "store/provider_app.h"
#include "store/refresh.h"

static const struct providers *all_providers;
static struct provider whoop;
static const char *id;

static struct connection now_is(void)
{
	struct connection c;

	if (!store_connection_by_id(f.db, id, f.arena, &c, &err))
		bail_out("read", &err);
	return c;
}

static struct connection_tokens tokens(void)
{
	const struct connection c = now_is();
	struct connection_tokens t;

	return op_connection_open(&f.op, &c, &t, &err) ? t : (struct connection_tokens){ 0 };
}

static struct refresh_claim claimed(void)
{
	const struct connection c = now_is();
	struct refresh_claim r;

	if (!op_refresh_claim(&f.op, &whoop, &c, &r, &err))
		bail_out("claim", &err);
	return r;
}

static struct refresh_claim sent(void)
{
	struct refresh_claim r = claimed();

	if (!op_refresh_sent(&f.op, &r, &err))
		bail_out("sent", &err);
	return r;
}

static struct refresh_answer rotated(const struct refresh_claim *r, const char *access, const char *refresh)
{
	const struct provider_reply reply = { .outcome = REPLY_OK, .access_token = access, .refresh_token = refresh,
					      .expires_at = f.op.now + 3600 * SECOND_MS };

	return refresh_answer_of(r, &reply, f.op.now, f.arena);
}

static bool written(const struct refresh_answer *a)
{
	bool is;

	if (!op_refresh_write(&f.op, a, &is, &err))
		bail_out("write", &err);
	return is;
}

static void ended(const struct refresh_claim *r, enum refresh_end how, enum provider_outcome outcome)
{
	struct refresh_seen seen = { .end = how, .outcome = outcome, .status = 400, .until = TIME_NONE,
				     .reason = "invalid_grant", .asked = &r->app };

	if (!op_refresh_end(&f.op, &whoop, &r->c, &seen, &err))
		bail_out("end", &err);
}

static struct connection put(const char *access, const char *refresh)
{
	struct connection c;

	if (!op_connection_put(&f.op, at(victim.id), &whoop, &(struct tokens_in){ .access_token = access,
			.refresh_token = refresh, .expires_at = f.op.now + 60000 }, &c, &err))
		bail_out("put", &err);
	return c;
}

static void bring(const char *access)
{
	id = put(access, "refresh").id;
}

static void refresh_begin(void)
{
	struct provider_app app;

	scope_op_open();
	all_providers = providers_read(f.arena, NULL, &err);
	if (!all_providers || !provider_get(all_providers, "whoop", f.op.now, &whoop, &err) ||
	    !op_provider_app_put(&f.op, at(victim.id), &whoop, &(struct provider_app){
		.client_id = "client", .client_secret = "secret" }, &app, &err))
		bail_out("app", &err);
	bring("a0");
}

#endif
