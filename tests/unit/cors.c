/* tests/unit/cors.c - lists of origins, and the headers of the CORS protocol. */
#include "config.h"

#include "base/origin.h"
#include "base/str.h"
#include "http/cors.h"
#include "tap.h"

#define LIST "https://app.example.org http://localhost:3000 capacitor://localhost"

static struct arena *arena;

static void test_read(void)
{
	static const struct { const char *text, *list; } good[] = {
		{ "", "" }, { " , \t", "" }, { "https://a.org", "https://a.org" },
		{ " https://a.org,http://b.org:8080 ,\thttps://c.org", "https://a.org http://b.org:8080 https://c.org" },
		{ "http://127.0.0.1:1 http://[::1]:65535", "http://127.0.0.1:1 http://[::1]:65535" },
		{ "https://xn--bcher-kva.example chrome-extension://abc", "https://xn--bcher-kva.example chrome-extension://abc" },
		{ "http://a.org:443 https://a.org:80", "http://a.org:443 https://a.org:80" },
	};
	static const char *const bad[] = {
		"*", "null", "a.org", "https:", "https://", "https:/a.org", "://a.org", "1://a.org",
		"https://a.org/", "https://a.org/x", "https://a.org?x", "https://a.org#x", "https://u@a.org",
		"https://*.a.org", "https://A.org", "HTTPS://a.org", "https://a.org:", "https://a.org:0",
		"https://a.org:080", "https://a.org:65536", "https://a.org:x", "https://a.org:+1",
		"https://a.org:443", "http://a.org:80", "https://[]", "https://[::1", "https://[::1]x",
		"https://b\303\274cher.example", "https://a.org;https://b.org", "https://a.org\x7f",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const char *wrong = NULL;

		is_str(origins_read(arena, good[i].text, &wrong), good[i].list, "a list");
		ok(!wrong, "  with nothing wrong");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *wrong = NULL;

		ok(!origins_read(arena, arena_printf(arena, "https://first.org %s https://last.org", bad[i]), &wrong),
		   "refused: %s", bad[i]);
		is_str(wrong, bad[i], "  and named");
	}
}

static const char *const others[] = {
	"https://app.example.or", "https://app.example.orgx", "https://app.example.org.evil.com",
	"ttps://app.example.org", "xhttps://app.example.org", "http://app.example.org",
	"https://app.example.org:443", "https://app.example.org:3000", "https://app.example.org/",
	"https://App.example.org", "HTTPS://APP.EXAMPLE.ORG", "http://localhost", "http://localhost:30000",
	"null", "*", " ", "https://app.example.org ", " https://app.example.org",
	"https://app.example.org http://localhost:3000", "https://evil.com https://app.example.org", LIST,
};

static const char *header(const struct response *res, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < res->n_headers; i++) {
		if (!str_eq(res->headers[i].name, name))
			continue;
		ok(!value, "%s once", name);
		value = res->headers[i].value;
	}
	return value;
}

/* How many headers of the CORS protocol. */
static int64_t cors_headers(const struct response *res)
{
	int64_t n = 0;

	for (size_t i = 0; i < res->n_headers; i++)
		n += str_starts(res->headers[i].name, "Access-Control-");
	return n;
}

/* The answer to a page of that origin; asked: the method in its preflight. */
static struct response answer(enum http_method method, const char *origin, const char *asked,
			      int status, const char *allow)
{
	char *params[] = { arena_printf(arena, "HTTP_ORIGIN=%s", origin),
		arena_printf(arena, "HTTP_ACCESS_CONTROL_REQUEST_METHOD=%s", asked), NULL };
	struct params index;
	struct request req = { .arena = arena, .method = method, .params = &index };
	struct cors_page page;
	struct response res;

	params_index(&index, params);
	page = cors_read(&req);
	response_init(&res, arena);
	res.status = status;
	response_header(&res, "Allow", allow);
	cors_answer(LIST, &page, &res);
	return res;
}

static void test_origins(void)
{
	static const char *const listed[] = {
		"https://app.example.org", "http://localhost:3000", "capacitor://localhost",
	};
	struct response res;

	for (size_t i = 0; i < sizeof(listed) / sizeof(listed[0]); i++) {
		res = answer(HTTP_GET, listed[i], "", 200, NULL);
		is_str(header(&res, "Access-Control-Allow-Origin"), listed[i], "a listed origin");
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		res = answer(HTTP_OPTIONS, others[i], "GET", 204, "GET");
		is_int(cors_headers(&res), 0, arena_printf(arena, "none for: %s", others[i]));
		is_str(header(&res, "Vary"), "Origin", "  and caches are told");
		ok(!origins_have("", others[i]), "  nor in an empty list");
	}
	res = answer(HTTP_GET, "", "", 200, NULL);
	is_int(cors_headers(&res), 0, "none without an Origin");
	is_str(header(&res, "Vary"), "Origin", "  and caches are told");
}

static void test_preflight(void)
{
	const char *origin = "http://localhost:3000";
	struct response res = answer(HTTP_OPTIONS, origin, "DELETE", 204, "GET, DELETE, OPTIONS");

	is_str(header(&res, "Access-Control-Allow-Methods"), "GET, DELETE, OPTIONS", "what the path takes");
	is_str(header(&res, "Access-Control-Allow-Headers"),
	       "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-API-Key", "what Pierre reads");
	is_str(header(&res, "Access-Control-Max-Age"), "600", "for how long");
	is_str(header(&res, "Access-Control-Allow-Credentials"), NULL, "no cookies");
	is_str(header(&res, "Access-Control-Expose-Headers"), NULL, "nothing to read");
	res = answer(HTTP_OPTIONS, origin, "", 204, "GET");
	is_str(header(&res, "Access-Control-Allow-Methods"), NULL, "OPTIONS alone is no preflight");
	res = answer(HTTP_OPTIONS, origin, "GET", 404, NULL);
	is_str(header(&res, "Access-Control-Allow-Methods"), NULL, "nor is one for a path that there is not");
	res = answer(HTTP_POST, origin, "GET", 204, "GET");
	is_str(header(&res, "Access-Control-Allow-Methods"), NULL, "nor is a POST");
	ok(strstr(header(&res, "Access-Control-Expose-Headers"), "Retry-After") != NULL, "whose answer can be read");
}

int main(void)
{
	arena = arena_new();
	test_read();
	test_origins();
	test_preflight();
	arena_free(&arena);
	return tap_done();
}
