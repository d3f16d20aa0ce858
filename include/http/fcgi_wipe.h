/*
 * http/fcgi_wipe.h - wipes what libfcgi keeps of a request and its reply: it
 * frees its buffers as they are, with parameters, body and reply in them.
 *
 * The buffers are reached through a struct that libfcgi's header does not
 * declare: FCGX_Stream_Data of libfcgi/fcgiapp.c, which `data` of a stream
 * points to. It is the same in all of 2.4.0 to 2.4.7 (2.4.2 is Debian 12's).
 */
#ifndef PIERRE_HTTP_FCGI_WIPE_H
#define PIERRE_HTTP_FCGI_WIPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct FCGX_Request;

#define LIBFCGI_BUFFER 8192    /* of each stream; a request up to this is read at once */

/* After FCGX_Init: gives libfcgi a request of our own and looks whether it is
 * found where that struct says. Otherwise ERR_CONFIG: nothing could be wiped. */
bool fcgi_wipe_works(struct err *err_r);

/* Before FCGX_Free, of a request of `bytes` bytes, body and record headers
 * included; later bytes that came with them are wiped too. A request without
 * streams has nothing to wipe. */
void fcgi_wipe_request(struct FCGX_Request *req, size_t bytes);
/* Of a reply of `bytes` bytes, as handed to FCGX_PutStr. */
void fcgi_wipe_reply(struct FCGX_Request *req, size_t bytes);

#endif
