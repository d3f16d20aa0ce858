/*
 * resource/proxy.c - what nginx asks when it sends a request on to a provider
 * (nginx/pierre-proxy.conf): by auth_request, with which token; and with the refusals of the
 * provider, what the client is told. Rules: op/proxy.h.
 *
 * A key is charged for what goes to the provider, and for nothing else. Its limits are taken
 * first, so that one over its limit learns nothing of the provider; then the token is lent and
 * the budget taken; the usage row is written last, and what was refused before it is given
 * back. When that row cannot be written, the budget has lost one request, which is the cheaper
 * error: nothing was sent.
 */
#include "config.h"

#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "op/proxy.h"
#include "op/usage.h"
#include "provider/reply.h"
#include "resource/consume.h"
#include "resource/limit.h"
#include "resource/provider.h"
#include "resource/routes.h"

static bool is_read(const char *method)
{
	return str_eq(method, "GET") || str_eq(method, "HEAD");
}

static bool lend(struct call *call, const struct proxy_request *in, struct proxy_lent *out,
		 struct err *err_r)
{
	return op_proxy_lend(call->op, scope_own(call->op), in, out, err_r);
}

/* nginx sends the token where its own file says. That is printed from the rows, which may have
 * changed since. */
static bool place_check(const struct call *call, const struct provider *p, struct err *err_r)
{
	const char *to = request_param(call->req, "PIERRE_API");

	return (p->api_url && str_eq(to, p->api_url + strlen("https://"))) ||
	       err_reason(err_r, ERR_UNAVAILABLE, "nginx_outdated", "nginx sends requests for %s elsewhere than its row "
			  "says (api_url): print `pierre nginx providers` again", p->title);
}

static bool charge(struct call *call, const struct client_request *asked,
		   const struct proxy_request *in, struct proxy_lent *out, struct err *err_r)
{
	bool taken = consume_take(call, asked, err_r);

	if (taken && !lend(call, in, out, err_r)) {
		consume_give_back(call, asked);
		return false;
	}
	if (taken && consume_record(call, asked, err_r)) {
		limit_headers(call, call->limits);
		return true;
	}
	op_usage_refused(call->op, err_r);
	return false;
}

/* The repeat after a refused token is one request to the key. */
static bool ask(struct call *call, const struct client_request *asked,
		const struct proxy_request *in, struct err *err_r)
{
	struct proxy_lent lent;

	if (!place_check(call, in->p, err_r) ||
	    !(in->refused ? lend(call, in, &lent, err_r) : charge(call, asked, in, &lent, err_r)))
		return false;
	response_header(call->res, "X-Pierre-Token", lent.authorization);
	response_header(call->res, "X-Pierre-Mark", lent.mark);
	return call_reply(call, NULL);
}

static bool refused(struct call *call, const struct client_request *asked,
		    const struct proxy_request *in, struct err *err_r)
{
	(void)asked;
	consume_show(call);
	return op_proxy_refused(call->op, scope_own(call->op), in, err_r);
}

/* "Retry-After" -> "PROVIDER_RETRY_AFTER" */
static const char *param_of(struct arena *arena, const char *header)
{
	char *name = arena_printf(arena, "PROVIDER_%s", header);

	for (char *p = name; *p; p++)
		*p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
	return name;
}

static bool limited(struct call *call, const struct client_request *asked,
		    const struct proxy_request *in, struct err *err_r)
{
	struct strbuf headers = { .arena = call->req->arena };

	(void)asked;
	consume_show(call);
	strbuf_adds(&headers, "");
	for (size_t i = 0; reply_limit_headers[i]; i++) {
		const char *value = request_param(call->req, param_of(call->req->arena, reply_limit_headers[i]));

		if (value)
			strbuf_addf(&headers, "%s: %s\n", reply_limit_headers[i], value);
	}
	return op_proxy_limited(call->op, scope_own(call->op), in, headers.s, err_r);
}

static const struct {
	const char *word;
	bool (*answer)(struct call *call, const struct client_request *asked,
		       const struct proxy_request *in, struct err *err_r);
} questions[] = { { "ask", ask }, { "refused", refused }, { "limited", limited } };

static bool proxy_show(struct call *call, struct err *err_r)
{
	const char *word = request_param(call->req, ROUTE_INTERNAL);
	struct client_request asked;
	struct provider p;
	struct proxy_request in = { .p = &p, .refused = request_param(call->req, "PIERRE_REFUSED") };

	if (!provider_named(call, call->params[0], &p, err_r) || !subrequest_read(call->req, &asked, err_r))
		return false;
	in.reads = is_read(request_param(call->req, "ORIGINAL_METHOD"));
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		if (str_eq(word, questions[i].word))
			return questions[i].answer(call, &asked, &in, err_r);
	return err_set(err_r, ERR_CONFIG, "nginx asks what this version does not know: install its "
		       "pierre-proxy.conf");
}

const struct route proxy_routes[] = {
	{ .method = HTTP_GET, .pattern = "/.pierre/proxy/{provider}", .label = "proxy", .pool = POOL_FAST,
	  .internal = true, .guard = GUARD_SCOPED, .scope = "tokens:use", .fn = proxy_show, .status = 200,
	  .summary = "Which token goes along with a request to a provider" },
	{ 0 },
};
