/*
 * resource/subrequest.c - between /verify and nginx's auth_request: what the
 * snippet says of the client's request, and the answer in a form it can carry.
 */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "http/problem.h"
#include "resource/subrequest.h"

bool subrequest_is(const struct request *req)
{
	return str_eq(request_param(req, "PIERRE_SUBREQUEST"), "1");
}

/* "/a/b" -> "a"; "/" -> "/" */
static const char *first_segment(struct arena *arena, const char *path)
{
	size_t n = path[0] == '/' ? strcspn(path + 1, "/") : 0;

	return n ? arena_strndup(arena, path + 1, n) : "/";
}

bool subrequest_read(const struct request *req, struct client_request *out,
		     struct err *err_r)
{
	const char *cost = request_param(req, "PIERRE_COST");
	const char *uri = request_param(req, "ORIGINAL_URI");
	int64_t n = 1;

	*out = (struct client_request){ .method = req->method_text, .path = req->path, .cost = 1 };
	out->subrequest = subrequest_is(req);
	if (out->subrequest) {
		if (cost && !str_int(cost, 1, COST_MAX, &n))
			return err_set(err_r, ERR_CONFIG, "$pierre_cost must be a number from 1 to %d",
				       COST_MAX);
		out->cost = (uint32_t)n;
		out->method = request_param(req, "ORIGINAL_METHOD");
		out->path = uri ? arena_strndup(req->arena, uri, strcspn(uri, "?")) : "/";
		out->route = request_param(req, "PIERRE_ROUTE");
		out->scope = request_param(req, "PIERRE_SCOPE");
	}
	if (!out->method)
		out->method = "";
	if (!out->route)
		out->route = first_segment(req->arena, out->path);
	return true;
}

/* Statuses that a refusal may have; the rest is not the client's business. A provider that is
 * not connected, or no more, is that of who asks for its tokens. */
static bool is_refusal(int status, bool proxied)
{
	return status == 401 || status == 403 || status == 429 || status == 503 ||
	       (proxied && (status == 404 || status == 409));
}

static void cannot_judge(const struct request *req, struct response *res)
{
	const char *cause = res->cause;
	struct err err;

	err_set(&err, ERR_UNAVAILABLE, "The request could not be judged: status %d of a subrequest",
		res->status);
	response_init(res, req->arena);
	res->cause = cause;
	problem_reply(res, req->request_id, &err);
}

void subrequest_answer(const struct request *req, bool proxied, struct response *res)
{
	bool good = res->status / 100 == 2;

	if (!good && !is_refusal(res->status, proxied))
		cannot_judge(req, res);
	response_number(res, "X-Pierre-Status", good ? 204 : res->status);
	if (!good)
		response_header(res, "X-Pierre-Problem", res->body);
	if (good)
		res->status = 204;
	else if (res->status != 401)
		res->status = 403;
	res->content_type = NULL;
	res->body = "";
	res->body_len = 0;
}
