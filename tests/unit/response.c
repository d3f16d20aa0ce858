/*
 * tests/unit/response.c - replies as CGI text, ETags.
 */
#include "config.h"

#include "base/str.h"
#include "http/response.h"
#include "tap.h"

static struct arena *arena;

static const char *text_of(const struct response *r, bool head)
{
	struct strbuf b = { .arena = arena };
	response_write(r, "id-1", head, &b);
	return b.s;
}

static void test_write(void)
{
	struct response r;
	response_init(&r, arena);
	is_int(r.status, 500, "before a reply is made, it is no success");
	r.status = 200;
	response_body(&r, "application/json", "{}", 2);
	response_header(&r, "X-A", "1");
	is_str(text_of(&r, false), "Status: 200 OK\r\nContent-Type: application/json\r\n"
	       "Content-Length: 2\r\nX-A: 1\r\nCache-Control: no-store\r\nX-Request-Id: id-1\r\n\r\n{}",
	       "a reply");
	is_str(text_of(&r, true), "Status: 200 OK\r\nContent-Type: application/json\r\n"
	       "Content-Length: 2\r\nX-A: 1\r\nCache-Control: no-store\r\nX-Request-Id: id-1\r\n\r\n",
	       "HEAD: the same without the body");
	r.is_public = true;
	ok(!strstr(text_of(&r, false), "Cache-Control"), "a public one may be kept");
	r.status = 304;
	is_str(text_of(&r, false), "Status: 304 Not Modified\r\nContent-Type: application/json\r\n"
	       "Content-Length: 2\r\nX-A: 1\r\nX-Request-Id: id-1\r\n\r\n", "304 has no body");
	response_init(&r, arena);
	r.status = 204;
	is_str(text_of(&r, false), "Status: 204 No Content\r\nCache-Control: no-store\r\n"
	       "X-Request-Id: id-1\r\n\r\n", "204 has no body and no length");
	response_init(&r, arena);
	r.status = 503;
	is_str(text_of(&r, false), "Status: 503 Service Unavailable\r\nContent-Length: 0\r\n"
	       "Cache-Control: no-store\r\nX-Request-Id: id-1\r\n\r\n", "an empty body has a length");
	r.status = 599;
	ok(str_starts(text_of(&r, false), "Status: 599 "), "an unknown status");
	struct strbuf b = { .arena = arena };
	response_write(&r, "a\r\nX: 1", false, &b);
	ok(!strstr(b.s, "X-Request-Id"), "a request id with a newline is left out");
}

/* Each byte at each place. */
static void test_controls(void)
{
	struct response r;
	int wrong = 0;

	for (int c = 1; c < 256; c++)
		for (size_t at = 0; at < 20; at++) {
			char value[] = "01234567890123456789";

			value[at] = (char)c;
			response_init(&r, arena);
			response_header(&r, "X-A", value);
			wrong += (r.n_headers == 0) != (c < 0x20 || c == 0x7f);
		}
	is_int(wrong, 0, "a control is found wherever it stands, and nothing else is");
}

static void test_headers(void)
{
	static const char *const bad[] = { "a\r\nX: 1", "a\n", "\r", "a\tb", "\x01", "\x7f" };
	struct response r;
	response_init(&r, arena);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		response_header(&r, "X-A", bad[i]);
	response_header(&r, "X-A", NULL);
	is_int((int64_t)r.n_headers, 0, "values with controls are dropped whole");
	response_header(&r, "X-A", "caf\xc3\xa9");
	is_int((int64_t)r.n_headers, 1, "other bytes are kept");
	response_number(&r, "X-B", -120);
	ok(strstr(text_of(&r, false), "X-B: -120\r\n") != NULL, "a number");
	for (int i = 2; i < RESPONSE_HEADERS_MAX + 1; i++)
		response_header(&r, "X-C", "1");
	is_int((int64_t)r.n_headers, RESPONSE_HEADERS_MAX, "and there is a limit");
}

static const char *tag_of(const char *body, enum http_method method, const char *asked, int *status)
{
	char *params[] = { arena_printf(arena, "HTTP_IF_NONE_MATCH=%s", asked ? asked : ""), NULL };
	struct params index;
	struct request req = { .arena = arena, .method = method, .params = &index };
	struct response r;
	params_index(&index, params);
	response_init(&r, arena);
	r.status = 200;
	response_body(&r, "text/plain", body, strlen(body));
	response_etag(&r, &req);
	*status = r.status;
	return r.n_headers ? r.headers[0].value : NULL;
}

static void test_etag(void)
{
	int status;
	const char *tag = arena_strdup(arena, tag_of("hello", HTTP_GET, NULL, &status));
	is_str(tag, "\"e3e1efd54283d94f7081314b599d31b3-5\"", "a tag: 128-bit FNV-1a and length");
	is_int(status, 200, "  asked without one");
	is_str(tag_of("", HTTP_GET, NULL, &status), "\"6c62272e07bb014262b821756295c58d-0\"",
	       "  of an empty body");
	ok(!str_eq(tag, tag_of("hellp", HTTP_GET, NULL, &status)), "  another body, another tag");
	tag_of("hello", HTTP_GET, tag, &status);
	is_int(status, 304, "the same tag");
	tag_of("hello", HTTP_HEAD, tag, &status);
	is_int(status, 304, "  by HEAD");
	tag_of("hello", HTTP_GET, arena_printf(arena, "\"x\", W/%s", tag), &status);
	is_int(status, 304, "  in a list, weak");
	tag_of("hello", HTTP_GET, "*", &status);
	is_int(status, 304, "  any");
	tag_of("hellp", HTTP_GET, tag, &status);
	is_int(status, 200, "another tag");
	static const char *const junk[] = { "\"", "\"x", "x", "W/", ",,", "\"x\" \"", "\"x\",y" };
	for (size_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++) {
		tag_of("hello", HTTP_GET, junk[i], &status);
		is_int(status, 200, junk[i]);
	}
	tag_of("hello", HTTP_GET, arena_strndup(arena, tag, strlen(tag) - 1), &status);
	is_int(status, 200, "a tag without its end");
	is_str(tag_of("hello", HTTP_POST, tag, &status), NULL, "not for POST");
	is_int(status, 200, "  nor 304");
}

int main(void)
{
	arena = arena_new();
	test_write();
	test_headers();
	test_controls();
	test_etag();
	arena_free(&arena);
	return tap_done();
}
