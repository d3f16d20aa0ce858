/*
 * resource/claim.c - requests with an Idempotency-Key. The handler knows nothing of it: its
 * change is held (op/claim.h) until the reply that it made is stored beside it.
 */
#include "config.h"

#include <string.h>

#include "op/claim.h"
#include "resource/claim.h"

#define HEADER "Idempotency-Key"

/* --- the request ------------------------------------------------------------------- */

static bool is_visible(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] > '~')
			return false;
	return n > 0 && n <= CLAIM_KEY_MAX;
}

/* Bare or in double quotes it is the same key. */
static bool key_of(const struct request *req, const char **key_r, struct err *err_r)
{
	const char *text = params_find(req->params, "HTTP_IDEMPOTENCY_KEY");   /* "" too */
	size_t n = text ? strlen(text) : 0;

	*key_r = NULL;
	if (!text)
		return true;
	if (n > 1 && text[0] == '"' && text[n - 1] == '"') {
		text++;
		n -= 2;
	}
	/* one quote alone is neither */
	if (!is_visible(text, n) || memchr(text, '"', n))
		return err_field(err_r, ERR_INVALID, HEADER, HEADER " must be 1 to 255 visible "
				 "characters of ASCII without \", bare or in double quotes");
	*key_r = arena_strndup(req->arena, text, n);
	return true;
}

/* Each part behind its length, so that no two requests make one text. */
static void add_part(struct strbuf *b, const char *s, size_t n)
{
	strbuf_addi(b, (int64_t)n);
	strbuf_adds(b, ":");
	strbuf_add(b, s, n);
}

static bool begin(struct call *call, const char *key, struct err *err_r)
{
	const struct request *req = call->req;
	const struct route *route = call->route;
	struct strbuf b = { .arena = req->arena };

	add_part(&b, req->method_text, strlen(req->method_text));
	add_part(&b, route->label, strlen(route->label));
	for (size_t i = 0; i < ROUTE_PARAMS_MAX && call->params[i]; i++)
		add_part(&b, call->params[i], strlen(call->params[i]));
	add_part(&b, req->query, strlen(req->query));
	add_part(&b, req->body, req->body_len);
	return op_claim_begin(call->op, key, route->label, b.s, b.len, err_r);
}

/* --- the reply as text ----------------------------------------------------------------- */

/* Name and value of each header on two lines, an empty line, the body. */
static struct claim_reply reply_of(const struct response *res, size_t first)
{
	struct strbuf b = { .arena = res->arena };

	for (size_t i = first; i < res->n_headers; i++)
		strbuf_addf(&b, "%s\n%s\n", res->headers[i].name, res->headers[i].value);
	strbuf_addf(&b, "\n%s\n", res->content_type ? res->content_type : "");
	strbuf_add(&b, res->body, res->body_len);
	return (struct claim_reply){ res->status, b.s, b.len };
}

static char *take_line(char **at)
{
	char *line = *at;

	*at += strcspn(line, "\n");
	if (**at)
		*(*at)++ = '\0';
	return line;
}

static void reply_again(struct response *res, const struct claim_reply *reply)
{
	char *at = arena_strndup(res->arena, reply->text, reply->n), *end = at + reply->n, *type;

	while (*at && *at != '\n') {
		const char *name = take_line(&at);

		response_header(res, name, take_line(&at));
	}
	take_line(&at);
	type = take_line(&at);
	res->status = (int)reply->status;
	if (*type)
		response_body(res, type, at, (size_t)(end - at));
	response_header(res, "Idempotency-Replayed", "true");
}

/* --- run ------------------------------------------------------------------------------ */

static bool answered_before(struct call *call, bool *found_r, struct err *err_r)
{
	struct claim_reply reply;

	if (!op_claim_find(call->op, &reply, found_r, err_r))
		return false;
	if (*found_r)
		reply_again(call->res, &reply);
	return true;
}

/* Another request may have been faster, also with what this one's refusal is about. */
static bool refused(struct call *call, bool *again_r, struct err *err_r)
{
	bool found = false;
	struct err err;

	op_claim_drop(call->op);
	if (!answered_before(call, &found, &err) && err.kind != ERR_UNAVAILABLE) {
		*err_r = err;
		return false;
	}
	*again_r = !found && call->op->claim->taken;   /* it has expired since */
	return found || op_claim_refused(call->op, err_r);
}

static bool run_once(struct call *call, size_t first, bool *again_r, struct err *err_r)
{
	struct claim_reply reply;
	bool found;

	*again_r = false;
	response_restart(call->res, first);
	if (!answered_before(call, &found, err_r))
		return false;
	if (found)
		return true;
	if (!call->route->fn(call, err_r))
		return refused(call, again_r, err_r);
	if (!call->op->claim->held)
		return true;   /* nothing was made */
	reply = reply_of(call->res, first);
	return op_claim_commit(call->op, &reply, again_r, err_r);
}

bool claim_handler(struct call *call, struct err *err_r)
{
	const size_t first = call->res->n_headers;   /* of the handler's own */
	const char *key;
	bool done, again, lost = false;

	if (!key_of(call->req, &key, err_r))
		return false;
	if (!key)
		return call->route->fn(call, err_r);
	if (!begin(call, key, err_r))
		return false;
	do {
		done = run_once(call, first, &again, err_r);
		lost |= !done && err_r->kind == ERR_UNCERTAIN;
	} while (!done && again);
	/* whether it was done is only known by looking */
	if (!done && lost && err_r->kind == ERR_UNAVAILABLE)
		err_r->kind = ERR_UNCERTAIN;
	return done;
}
