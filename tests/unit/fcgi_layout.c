/*
 * tests/unit/fcgi_layout.c - a libfcgi that keeps its buffers in another way is
 * refused at the start: the real one, whose streams are shown changed.
 */
#include "config.h"

#include <string.h>

#include <fcgiapp.h>

#include "http/fcgi.h"
#include "tap.h"

enum { BUFF, BUFFLEN, MBUFF, BUFF_STOP, MEMBERS, WIDTH = sizeof(void *) };   /* the int is padded */

static const struct layout {
	const char *what;
	int order[MEMBERS];
	int bytes;             /* 0 = what it is */
	bool in, out;          /* which stream is changed */
} layouts[] = {
	{ "the length first", { BUFFLEN, BUFF, MBUFF, BUFF_STOP }, 0, true, false },
	{ "of replies only", { BUFFLEN, BUFF, MBUFF, BUFF_STOP }, 0, false, true },
	{ "the end before the allocation", { BUFF, BUFFLEN, BUFF_STOP, MBUFF }, 0, true, false },
	{ "of replies only", { BUFF, BUFFLEN, BUFF_STOP, MBUFF }, 0, false, true },
	{ "a larger buffer", { BUFF, BUFFLEN, MBUFF, BUFF_STOP }, 16384, true, false },
	{ "of replies only", { BUFF, BUFFLEN, MBUFF, BUFF_STOP }, 16384, false, true },
};

static const struct layout *shown;
static char changed[2][MEMBERS * WIDTH];
static void *real[2];

int __real_FCGX_Accept_r(FCGX_Request *req);
int __wrap_FCGX_Accept_r(FCGX_Request *req);
void __real_FCGX_Free(FCGX_Request *req, int close);
void __wrap_FCGX_Free(FCGX_Request *req, int close);

static void change(FCGX_Stream *s, int i)
{
	real[i] = s->data;
	memset(changed[i], 0, sizeof(changed[i]));
	for (int k = 0; k < MEMBERS; k++)
		memcpy(changed[i] + WIDTH * k, (char *)s->data + WIDTH * shown->order[k],
		       shown->order[k] == BUFFLEN ? sizeof(int) : WIDTH);
	if (shown->bytes)
		memcpy(changed[i] + WIDTH, &shown->bytes, sizeof(int));
	s->data = changed[i];
}

int __wrap_FCGX_Accept_r(FCGX_Request *req)
{
	int result = __real_FCGX_Accept_r(req);

	real[0] = real[1] = NULL;
	if (result == 0 && shown && shown->in)
		change(req->in, 0);
	if (result == 0 && shown && shown->out)
		change(req->out, 1);
	return result;
}

void __wrap_FCGX_Free(FCGX_Request *req, int close)
{
	if (real[0])
		req->in->data = real[0];
	if (real[1])
		req->out->data = real[1];
	__real_FCGX_Free(req, close);
}

int main(void)
{
	struct fcgi *f;
	struct err err;

	ok(fcgi_start(&f, &err) && f, "this libfcgi is known");
	fcgi_free(&f);
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		shown = &layouts[i];
		ok(!fcgi_start(&f, &err) && !f && err.kind == ERR_CONFIG &&
		   strstr(err.message, "libfcgi 2.4.2"), "%s is refused: %s", shown->what, err.message);
	}
	return tap_done();
}
