/*
 * tests/fuzz/provider_reply.c - what a provider sent: its first byte chooses provider and
 * status, headers follow up to an empty line, and then the body. A refusal has a status of
 * one, and what is taken for a token can stand in a header.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "base/str.h"
#include "fuzz.h"
#include "provider/providers.h"
#include "provider/reply.h"

#define NOW INT64_C(1800000000000)

static void judge_token(const char *token)
{
	for (; token && *token; token++)
		assert((unsigned char)*token > 0x20 && (unsigned char)*token < 0x7f);
}

static void judge(const struct provider *p, const struct provider_answer *in, struct arena *arena)
{
	struct provider_reply r;

	provider_reply_read(p, in, arena, &r);
	assert(r.outcome == REPLY_OK || (!r.access_token && !r.refresh_token));
	assert(r.outcome != REPLY_OK || r.access_token || provider_refresh_of(p) == REFRESH_EXTENDS);
	assert(r.outcome != REPLY_REFUSED || in->status == 200 || in->status == 400 || in->status == 401);
	assert(r.outcome != REPLY_LIMITED || r.until > in->now);
	assert(r.reason && *r.reason && strlen(r.reason) <= 40);
	judge_token(r.access_token);
	judge_token(r.refresh_token);
	reply_identity(p, in->body, in->body_len, arena);
}

int FUZZ(provider_reply)(const uint8_t *data, size_t size)
{
	static const int statuses[] = { 200, 400, 401, 403, 429, 503 };
	struct arena *arena = arena_new();
	const struct providers *all = providers_read(arena, NULL, NULL);
	struct field_list list = providers_all(all, NOW, arena);
	const char *text, *end;

	if (size > 0) {
		text = arena_strndup(arena, (const char *)data + 1, size - 1);
		end = strstr(text, "\n\n");
		judge((const struct provider *)list.items + data[0] % list.n, &(struct provider_answer){
			.status = statuses[data[0] / list.n % 6], .refreshes = data[0] % 2, .now = NOW,
			.headers = end ? arena_strndup(arena, text, (size_t)(end - text) + 1) : "",
			.body = end ? end + 2 : text, .body_len = strlen(end ? end + 2 : text) }, arena);
	}
	arena_free(&arena);
	return 0;
}
