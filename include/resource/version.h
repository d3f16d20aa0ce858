/*
 * resource/version.h - versions of records as strong ETags (RFC 9110 sections 8.8.3 and
 * 13.1): "3", or "3.1" where something besides the record stands in the reply
 * (FIELD_VERSION of base/field.h).
 */
#ifndef PIERRE_RESOURCE_VERSION_H
#define PIERRE_RESOURCE_VERSION_H

#include "resource/call.h"

/* The ETag of what is replied, when its record has a version; 304 when a GET asks for no
 * other. */
void version_reply(struct call *call, const void *out);

/* If-Match, when the route takes it: call->op->if_match; of other PUT, PATCH and DELETE none
 * but * matches: ERR_PRECONDITION. The tag of a reply or the version
 * alone in double quotes; a weak one, and one spelled otherwise, is that of no version; * is any. ERR_INVALID field
 * If-Match: it is empty, or no list of ETags. */
bool version_asked(struct call *call, struct err *err_r);

#endif
