/* resource/html.c - pages for people. */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "http/problem.h"
#include "resource/html.h"

static void add_escaped(struct strbuf *b, const char *text)
{
	static const struct { char c; const char *as; } entities[] = {
		{ '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&#39;" },
	};

	for (; *text; text++) {
		const char *as = NULL;

		for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
			if (entities[i].c == *text)
				as = entities[i].as;
		if (as)
			strbuf_adds(b, as);
		else
			strbuf_add(b, text, 1);
	}
}

static void add_tag(struct strbuf *b, const char *tag, const char *text)
{
	strbuf_addf(b, "<%s>", tag);
	add_escaped(b, text);
	strbuf_addf(b, "</%s>\n", tag);
}

static void add_part(struct strbuf *b, const struct html_part *p)
{
	switch (p->kind) {
	case HTML_TEXT:
		add_tag(b, "p", p->text);
		return;
	case HTML_ITEM:
		add_tag(b, "li", p->text);
		return;
	case HTML_LINK:
		strbuf_adds(b, "<p><a rel=\"nofollow noreferrer\" href=\"");
		add_escaped(b, p->href);
		strbuf_adds(b, "\">");
		add_escaped(b, p->text);
		strbuf_adds(b, "</a></p>\n");
		return;
	case HTML_END:
		return;
	}
}

bool html_reply(struct call *call, int status, const char *title, const struct html_part *parts,
		int seconds)
{
	struct strbuf b = { .arena = call->req->arena };

	strbuf_adds(&b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		    "<meta name=\"robots\" content=\"noindex\">\n"
		    "<meta name=\"viewport\" content=\"width=device-width\">\n");
	if (seconds > 0)
		strbuf_addf(&b, "<meta http-equiv=\"refresh\" content=\"%d\">\n", seconds);
	add_tag(&b, "title", title);
	strbuf_adds(&b, "</head>\n<body>\n");
	add_tag(&b, "h1", title);
	for (; parts->kind != HTML_END; parts++)
		add_part(&b, parts);
	strbuf_adds(&b, "</body>\n</html>\n");
	call->res->status = status;
	response_body(call->res, "text/html; charset=utf-8", b.s, b.len);
	return true;
}

bool html_error(struct call *call, const char *title, const struct err *err)
{
	int status = problem_kind_of(err->kind)->status;
	const struct html_part parts[] = {
		{ HTML_TEXT, status < 500 ? err->message : "This does not work now: try again in a while.", NULL },
		{ HTML_END, NULL, NULL },
	};

	if (status >= 500)
		call->res->cause = arena_strdup(call->req->arena, err->message);
	return html_reply(call, status, title, parts, 0);
}

bool html_redirect(struct call *call, const char *url, struct err *err_r)
{
	for (const char *c = url; *c; c++)
		if (*c <= ' ' || *c > '~')
			return err_set(err_r, ERR_INTERNAL, "A URL to redirect to has a character that none has");
	call->res->status = 303;
	response_header(call->res, "Location", url);
	return true;
}

const char *html_cookie(const struct call *call, const char *name)
{
	const char *at = request_param(call->req, "HTTP_COOKIE");
	size_t n = strlen(name);

	while (at && *at) {
		size_t len = strcspn(at, ";");

		if (len > n && strncmp(at, name, n) == 0 && at[n] == '=')
			return arena_strndup(call->req->arena, at + n + 1, len - n - 1);
		at += len;
		at += strspn(at, "; ");
	}
	return NULL;
}

/* Lax: a provider sends the browser back from its own site, where Strict is not sent. */
void html_set_cookie(struct call *call, const char *name, const char *value, int seconds)
{
	response_header(call->res, "Set-Cookie",
			arena_printf(call->req->arena, "%s=%s; Path=/; Max-Age=%d; Secure; HttpOnly; "
				     "SameSite=Lax", name, value, seconds));
}
