/*
 * http/request.c - FastCGI parameters to a checked struct request (R2, R3).
 *
 * Owns the rules for what nginx may hand us. libfcgi frees its parameters with
 * the reply: what the log line says after it is copied.
 */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "base/mask.h"
#include "base/str.h"
#include "http/request.h"

#define CONTENT_LENGTH_MAX (INT64_C(1) << 30)
#define REQUEST_ID_MAX 39
#define NGINX_ID 32
#define USER_AGENT_MAX 256

const char *const http_method_names[HTTP_METHOD__COUNT] = {
	[HTTP_GET] = "GET", [HTTP_HEAD] = "HEAD", [HTTP_POST] = "POST", [HTTP_PUT] = "PUT",
	[HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE", [HTTP_OPTIONS] = "OPTIONS",
};

static const char *const required[] = {
	"REQUEST_METHOD", "REQUEST_URI", "SERVER_PROTOCOL", NULL,
};

/* A second one of these could make us and nginx see two different requests. */
static const struct {
	const char *param;
	const char *header;      /* as the client knows it; NULL: nginx alone sets it */
} critical[] = {
	{ "REQUEST_METHOD", NULL }, { "REQUEST_URI", NULL }, { "REMOTE_ADDR", NULL },
	{ "FCGI_ROLE", NULL },
	{ "CONTENT_LENGTH", "Content-Length" }, { "HTTP_CONTENT_LENGTH", "Content-Length" },
	{ "CONTENT_TYPE", "Content-Type" }, { "HTTP_CONTENT_TYPE", "Content-Type" },
	{ "HTTP_AUTHORIZATION", "Authorization" }, { "HTTP_X_API_KEY", "X-API-Key" },
	{ "HTTP_HOST", "Host" }, { "HTTP_IDEMPOTENCY_KEY", "Idempotency-Key" },
};

const char *request_param(const struct request *r, const char *name)
{
	const char *value = params_find(r->params, name);

	return value && *value ? value : NULL;
}

static const char *param_or_empty(const struct request *r, const char *name)
{
	const char *value = request_param(r, name);

	return value ? value : "";
}

static enum http_method method_of(const char *text)
{
	for (int m = 0; m < HTTP_METHOD__COUNT; m++)
		if (str_eq(http_method_names[m], text))
			return (enum http_method)m;
	return HTTP_OTHER;
}

static const char *random_id(struct arena *arena)
{
	unsigned char bytes[16];
	char *text = arena_alloc(arena, 2 * sizeof(bytes) + 1);

	if (getentropy(bytes, sizeof(bytes)) != 0)
		memset(bytes, 0, sizeof(bytes));   /* only a name for the log */
	hex_encode(bytes, sizeof(bytes), text);
	return text;
}

static bool is_id_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

static bool is_id(const char *id, size_t n)
{
	size_t i = 0;

	while (i < n && i <= REQUEST_ID_MAX && is_id_char(id[i]))
		i++;
	return n > 0 && n <= REQUEST_ID_MAX && i == n;
}

/* nginx's own $request_id: 32 hexadecimal digits */
static bool is_nginx_id(const char *id, size_t n)
{
	if (n != NGINX_ID)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!((id[i] >= '0' && id[i] <= '9') || (id[i] >= 'a' && id[i] <= 'f')))
			return false;
	return true;
}

/* A site may take the id from a header: what has the shape of a secret is not
 * kept, since an id is written in clear wherever the request is. */
static const char *id_of(const struct request *r)
{
	const char *id = param_or_empty(r, "REQUEST_ID");
	size_t n = strlen(id);

	return is_nginx_id(id, n) || (is_id(id, n) && !mask_finds(id))
		? arena_strndup(r->arena, id, n) : random_id(r->arena);
}

/* Clients write this one freely; it ends in usage rows, sessions and audit events. */
static const char *user_agent_of(const struct request *r)
{
	const char *agent = param_or_empty(r, "HTTP_USER_AGENT");
	size_t size = strnlen(agent, USER_AGENT_MAX) + 1;   /* what is masked is never longer */
	char *s = arena_alloc(r->arena, size);

	mask_copy(s, size, agent);
	bool utf8 = utf8_valid(s, strlen(s));
	for (unsigned char *p = (unsigned char *)s; *p; p++)
		if (*p < 0x20 || *p == 0x7f || (*p >= 0x80 && !utf8))
			*p = '?';
	return s;
}

static void split_uri(struct request *r)
{
	const char *uri = param_or_empty(r, "REQUEST_URI");
	size_t n = strcspn(uri, "?");

	r->path = arena_strndup(r->arena, uri, n);
	r->query = uri[n] ? uri + n + 1 : uri + n;
}

static bool came_twice(const char *param, const char *header, struct err *err_r)
{
	if (header)
		return err_set(err_r, ERR_MALFORMED, "The header %s came twice; send it once", header);
	return err_set(err_r, ERR_MALFORMED, "The FastCGI parameter %s came twice: the nginx location "
		       "must set it once", param);
}

static bool check_params(const struct request *r, struct err *err_r)
{
	if (!str_eq(request_param(r, "FCGI_ROLE"), "RESPONDER"))
		return err_set(err_r, ERR_MALFORMED, "The FastCGI role is not RESPONDER");
	for (const char *const *name = required; *name; name++)
		if (!request_param(r, *name))
			return err_set(err_r, ERR_MALFORMED, "No %s: the nginx location lacks "
				       "this fastcgi_param", *name);
	if (!str_eq(request_param(r, "PIERRE_END"), "1"))
		return err_set(err_r, ERR_MALFORMED, "The request came incomplete: fastcgi_param "
			       "PIERRE_END 1 must be the last one of the nginx location");
	for (size_t i = 0; i < sizeof(critical) / sizeof(critical[0]); i++)
		if (params_twice(r->params, critical[i].param))
			return came_twice(critical[i].param, critical[i].header, err_r);
	return true;
}

static bool set_length(struct request *r, struct err *err_r)
{
	const char *text = request_param(r, "CONTENT_LENGTH");
	int64_t n = 0;

	if (text && (*text == '-' || !str_int(text, 0, CONTENT_LENGTH_MAX, &n)))
		return err_set(err_r, ERR_MALFORMED, "Content-Length is not a number up to 1 GiB");
	r->content_length = (size_t)n;
	return true;
}

bool request_init(struct request *r, struct arena *arena, char **params, struct err *err_r)
{
	struct params *p = arena_alloc(arena, sizeof(*p));
	*r = (struct request){ .arena = arena, .body = "", .params = p };
	bool copied = params_index(p, params);   /* if not, it is enough for the log */
	r->method = method_of(param_or_empty(r, "REQUEST_METHOD"));
	r->method_text = r->method < HTTP_METHOD__COUNT ? http_method_names[r->method] :
			 arena_strdup(arena, param_or_empty(r, "REQUEST_METHOD"));
	r->request_id = id_of(r);
	r->remote_addr = param_or_empty(r, "REMOTE_ADDR");
	r->content_type = param_or_empty(r, "CONTENT_TYPE");
	r->user_agent = user_agent_of(r);
	split_uri(r);
	if (!copied)
		return err_set(err_r, ERR_MALFORMED, "Too many or too large headers");
	if (!check_params(r, err_r) || !set_length(r, err_r))
		return false;
	return r->path[0] == '/' ||
	       err_set(err_r, ERR_MALFORMED, "The request path does not start with '/'");
}
