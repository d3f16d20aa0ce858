/*
 * http/fcgi_wipe.c - the one place that knows how libfcgi keeps its buffers.
 *
 * Only what was used is wiped: the whole of both buffers would cost more than
 * the rest of the cleaning of a request.
 */
#include "config.h"

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "http/fcgi_wipe.h"

/* The first members of FCGX_Stream_Data. */
struct stream_data {
	unsigned char *buff;       /* mBuff, aligned to 8 bytes */
	int bufflen;               /* what buff holds */
	unsigned char *mBuff;      /* as allocated */
	unsigned char *buffStop;   /* reader: after the last byte that was read */
};

static const struct stream_data *data_of(const FCGX_Stream *s)
{
	return s->data;
}

/* --- is it so? ---------------------------------------------------------------- */

/* BEGIN_REQUEST of a responder that keeps the connection, one parameter "A" = "B",
 * the end of the parameters, the end of STDIN (FastCGI 1.0 section 3.3). */
static const unsigned char request[] = {
	1, 1, 0, 1, 0, 8, 0, 0,  0, 1, 1, 0, 0, 0, 0, 0,
	1, 4, 0, 1, 0, 4, 0, 0,  1, 1, 'A', 'B',
	1, 4, 0, 1, 0, 0, 0, 0,
	1, 5, 0, 1, 0, 0, 0, 0,
};
enum { HEADER = 8, AFTER_PARAMS = sizeof(request) - HEADER };

static bool is_buffer(const struct stream_data *d)
{
	size_t shift = (size_t)((uintptr_t)d->buff - (uintptr_t)d->mBuff);

	return d->buff && shift < 8 && d->bufflen == (shift ? LIBFCGI_BUFFER - 8 : LIBFCGI_BUFFER);
}

/* What the header declares of a stream says where the buffer must be, so that no
 * pointer is followed that was not compared. */
static bool is_known(const FCGX_Request *req)
{
	const struct stream_data *in = data_of(req->in), *out = data_of(req->out);

	return is_buffer(in) && in->buff + AFTER_PARAMS == req->in->rdNext &&
	       in->buffStop == in->buff + sizeof(request) &&
	       is_buffer(out) && out->buff + HEADER == req->out->wrNext &&
	       out->buffStop == req->out->stop && out->buffStop == out->buff + out->bufflen;
}

static bool try_request(int writer, int reader)
{
	FCGX_Request req;
	bool good;

	if (FCGX_InitRequest(&req, -1, 0) != 0 ||
	    write(writer, request, sizeof(request)) != (ssize_t)sizeof(request))
		return false;
	req.ipcFd = reader;
	req.keepConnection = 1;   /* or else FCGX_Accept_r closes it first */
	good = FCGX_Accept_r(&req) == 0 && is_known(&req);
	FCGX_Free(&req, 0);
	return good;
}

bool fcgi_wipe_works(struct err *err_r)
{
	int pair[2];
	bool good;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return err_set(err_r, ERR_INTERNAL, "no socket pair to try libfcgi with");
	good = try_request(pair[0], pair[1]);
	close(pair[0]);
	close(pair[1]);
	return good ||
	       err_set(err_r, ERR_CONFIG,
		       "This libfcgi keeps requests in another way than 2.4.0 to 2.4.7 do, and "
		       "credentials could not be wiped after them: install libfcgi 2.4.2 (Debian's "
		       "libfcgi0ldbl)");
}

/* --- the wiping ----------------------------------------------------------------- */

static void wipe(const struct stream_data *d, size_t bytes)
{
	size_t most = (size_t)d->bufflen;

	explicit_bzero(d->buff, bytes < most ? bytes : most);
}

void fcgi_wipe_request(FCGX_Request *req, size_t bytes)
{
	const struct stream_data *d;
	size_t last;

	if (!req->in)
		return;
	d = data_of(req->in);
	last = (size_t)(d->buffStop - d->buff);   /* of the last read: perhaps the next request, too */
	wipe(d, bytes > last ? bytes : last);
}

void fcgi_wipe_reply(FCGX_Request *req, size_t bytes)
{
	if (req->out)
		wipe(data_of(req->out), HEADER + bytes);
}
