/*
 * resource/html.h - pages for people, who come by a browser and without a session. Plain
 * HTML, without styles and scripts: nginx's Content-Security-Policy allows none. All text
 * is escaped here.
 */
#ifndef PIERRE_RESOURCE_HTML_H
#define PIERRE_RESOURCE_HTML_H

#include "resource/call.h"

/* What stands in a page, in order. */
struct html_part {
	enum { HTML_END, HTML_TEXT, HTML_ITEM, HTML_LINK } kind;
	const char *text;
	const char *href;      /* of a link: a path of ours */
};

/* Reply with it. seconds: reload it after so many, 0 = not. */
bool html_reply(struct call *call, int status, const char *title, const struct html_part *parts,
		int seconds);
/* An error as a page, with the status that the kind has. Returns true. */
bool html_error(struct call *call, const char *title, const struct err *err);
/* Send the browser there. False: it is no URL that fits into a header. */
bool html_redirect(struct call *call, const char *url, struct err *err_r);

/* Value of a cookie, NULL = the browser sent none of this name. */
const char *html_cookie(const struct call *call, const char *name);
/* Of this browser, this host and https alone. seconds 0: forget it. */
void html_set_cookie(struct call *call, const char *name, const char *value, int seconds);

#endif
