/*
 * http/response.c - a reply becomes CGI text. nginx adds the security headers;
 * here is only what depends on the reply.
 */
#include "config.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "base/log.h"
#include "http/response.h"

#define HEAD_TYPICAL 768
#define NUMBER_TEXT 21   /* bytes of the longest, with its NUL */

/* RFC 9110 section 15 and RFC 6585 */
static const struct { int status; const char *phrase; } phrases[] = {
	{ 200, "OK" }, { 201, "Created" }, { 202, "Accepted" }, { 204, "No Content" },
	{ 303, "See Other" }, { 304, "Not Modified" },
	{ 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" },
	{ 404, "Not Found" }, { 405, "Method Not Allowed" }, { 409, "Conflict" },
	{ 412, "Precondition Failed" }, { 413, "Content Too Large" },
	{ 415, "Unsupported Media Type" }, { 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" }, { 500, "Internal Server Error" },
	{ 503, "Service Unavailable" },
};

static const char *phrase_of(int status)
{
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Status";
}

void response_init(struct response *r, struct arena *arena)
{
	*r = (struct response){ .arena = arena, .status = 500, .body = "" };
}

void response_restart(struct response *r, size_t n)
{
	r->n_headers = n;
	r->status = 500;
	response_body(r, NULL, "", 0);
}

/* Below 0x20, or DEL; eight bytes at a time ("Bit Twiddling Hacks": a word has a
 * byte below n, and a zero byte). */
static bool has_controls(const char *s, size_t n)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
	bool found = false;
	size_t i = 0;

	for (uint64_t word, del; !found && i + sizeof(word) <= n; i += sizeof(word)) {
		memcpy(&word, s + i, sizeof(word));
		del = word ^ ones * 0x7f;
		found = (((word - ones * 0x20) & ~word) | ((del - ones) & ~del)) & highs;
	}
	for (; !found && i < n; i++)
		found = (unsigned char)s[i] < 0x20 || s[i] == 0x7f;
	return found;
}

void response_header(struct response *r, const char *name, const char *value)
{
	size_t n = value ? strlen(value) : 0;

	if (!value || has_controls(value, n))
		return;
	if (r->n_headers == RESPONSE_HEADERS_MAX) {
		log_error("response_headers_full", LOG_S("dropped", name));
		return;
	}
	r->headers[r->n_headers].name = name;
	r->headers[r->n_headers].value = value;
	r->headers[r->n_headers++].len = n;
}

void response_number(struct response *r, const char *name, int64_t value)
{
	struct strbuf b = {
		.arena = r->arena, .s = arena_alloc(r->arena, NUMBER_TEXT), .cap = NUMBER_TEXT,
	};

	strbuf_addi(&b, value);
	response_header(r, name, b.s);
}

void response_body(struct response *r, const char *content_type, const char *body, size_t n)
{
	r->content_type = content_type;
	r->body = body;
	r->body_len = n;
}

static void add_header(struct strbuf *out, const char *name, const char *value, size_t n)
{
	strbuf_adds(out, name);
	strbuf_add(out, ": ", 2);
	strbuf_add(out, value, n);
	strbuf_add(out, "\r\n", 2);
}

void response_write(const struct response *r, const char *request_id, bool head,
		    struct strbuf *out)
{
	bool bodyless = r->status == 204 || r->status == 304;
	size_t n;

	strbuf_grow(out, HEAD_TYPICAL + r->body_len);
	strbuf_adds(out, "Status: ");
	strbuf_addi(out, r->status);
	strbuf_adds(out, " ");
	strbuf_adds(out, phrase_of(r->status));
	strbuf_adds(out, "\r\n");
	if (r->content_type && r->status != 204)
		add_header(out, "Content-Type", r->content_type, strlen(r->content_type));
	if (r->status != 204) {   /* RFC 9110 section 8.6 forbids it there */
		strbuf_adds(out, "Content-Length: ");
		strbuf_addi(out, (int64_t)r->body_len);
		strbuf_adds(out, "\r\n");
	}
	for (size_t i = 0; i < r->n_headers; i++)
		add_header(out, r->headers[i].name, r->headers[i].value, r->headers[i].len);
	if (!r->is_public)
		strbuf_adds(out, "Cache-Control: no-store\r\n");
	n = request_id ? strlen(request_id) : 0;
	if (request_id && !has_controls(request_id, n))
		add_header(out, "X-Request-Id", request_id, n);
	strbuf_adds(out, "\r\n");
	if (!head && !bodyless)
		strbuf_add(out, r->body, r->body_len);
}

/* FNV-1a with 128 bits: a fingerprint of our own text, nothing secret. */
static void fingerprint(const char *s, size_t n, uint64_t out[2])
{
	__extension__ typedef unsigned __int128 u128;
	const u128 prime = (u128)1 << 88 | 0x13b;
	u128 h = (u128)UINT64_C(0x6c62272e07bb0142) << 64 | UINT64_C(0x62b821756295c58d);

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * prime;
	out[0] = (uint64_t)(h >> 64);
	out[1] = (uint64_t)h;
}

/* RFC 9110 section 13.1.2: a list of tags, compared weakly, or '*'. */
static bool tag_listed(const char *list, const char *tag)
{
	size_t n = strlen(tag);

	for (;;) {
		list += strspn(list, " \t,");
		if (strncmp(list, "W/", 2) == 0)
			list += 2;
		if (*list == '*')
			return true;
		if (*list != '"')
			return false;
		size_t len = strcspn(list + 1, "\"") + 2;
		if (len == n && strncmp(list, tag, n) == 0)
			return true;
		if (strnlen(list, len) < len)
			return false;
		list += len;
	}
}

static bool is_read(const struct response *r, const struct request *req)
{
	return r->status == 200 && (req->method == HTTP_GET || req->method == HTTP_HEAD);
}

void response_tag(struct response *r, const struct request *req, const char *tag)
{
	const char *asked = request_param(req, "HTTP_IF_NONE_MATCH");

	response_header(r, "ETag", tag);
	if (asked && is_read(r, req) && tag_listed(asked, tag))
		r->status = 304;
}

void response_etag(struct response *r, const struct request *req)
{
	uint64_t h[2];

	if (!is_read(r, req))
		return;
	fingerprint(r->body, r->body_len, h);
	response_tag(r, req, arena_printf(r->arena, "\"%016" PRIx64 "%016" PRIx64 "-%zx\"",
					  h[0], h[1], r->body_len));
}
