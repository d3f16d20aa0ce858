/*
 * How limits reach the client: draft-ietf-httpapi-ratelimit-headers-11, whose
 * sections are cited here. Names of policies are those of op/limit.h; they are
 * plain ASCII words, so a structured-field string (3) needs no escapes. The unit is
 * the default, "requests" (3.1.2): a cost counts as so many of them. No
 * partition keys (3.1.4): they would have to be predictable from the request.
 */
#include "config.h"

#include "http/problem.h"
#include "resource/limit.h"

#define MEMBER_TYPICAL 40

/* Of a structured-field list. */
static void begin_member(struct strbuf *b, const char *name)
{
	strbuf_adds(b, b->len ? ", \"" : "\"");
	strbuf_adds(b, name);
	strbuf_adds(b, "\"");
}

/* "w" (3.1.3) of a calendar window is that of this one: months differ. */
static void add_policy(struct strbuf *b, const struct limit_state *s)
{
	int64_t window = (window_end(s->kind, s->window) - window_start(s->kind, s->window)) /
			 SECOND_MS;

	begin_member(b, s->name);
	strbuf_adds(b, ";q=");
	strbuf_addi(b, s->limit);
	strbuf_adds(b, ";w=");
	strbuf_addi(b, window);
}

/* After a refusal, what stands behind the refused limit is not known. "t" is of
 * 4.1.2; Retry-After of a refusal is that of the refused limit, never earlier (6),
 * because no other that is shown has a longer window. */
static void add_state(struct strbuf *b, const struct limit_state *s)
{
	if (s->remaining == INT_NONE)
		return;
	begin_member(b, s->name);
	strbuf_adds(b, ";r=");
	strbuf_addi(b, s->remaining);
	strbuf_adds(b, ";t=");
	strbuf_addi(b, s->reset_after);
}

void limit_headers(struct call *call, const struct limit_outcome *out)
{
	struct strbuf policy = { .arena = call->req->arena };
	struct strbuf state = { .arena = call->req->arena };
	const struct limit_state *s = out->tightest;

	if (!s)
		return;
	strbuf_grow(&policy, out->n * MEMBER_TYPICAL);
	strbuf_grow(&state, out->n * MEMBER_TYPICAL);
	for (size_t i = 0; i < out->n; i++) {
		add_policy(&policy, &out->states[i]);
		add_state(&state, &out->states[i]);
	}
	response_header(call->res, "RateLimit-Policy", policy.s);
	response_header(call->res, "RateLimit", state.s);
	response_number(call->res, "X-RateLimit-Limit", s->limit);
	response_number(call->res, "X-RateLimit-Remaining", s->remaining);
	response_number(call->res, "X-RateLimit-Reset", s->reset_at / SECOND_MS);
	response_header(call->res, "X-RateLimit-Tier", s->tier);
}

void limit_refusal(struct call *call, const struct limit_outcome *out,
		   const struct err *err)
{
	static const struct problem_type exceeded = {   /* 5.1, 10.2.1 */
		"https://iana.org/assignments/http-problem-types#quota-exceeded", "Quota Exceeded",
	};
	const struct limit_state *s = out->refused;
	const struct problem_member more[] = {
		{ .name = "violated-policies", .text = s->name, .list = true },
		{ .name = "limit", .number = s->limit },
		{ .name = "window", .text = window_name(s->kind) },
		{ .name = "tier", .text = s->tier },
		{ .name = "remaining", .number = s->remaining },
		{ 0 },
	};

	problem_reply_with(call->res, call->req->request_id, err, &exceeded, more);
	limit_headers(call, out);
}
