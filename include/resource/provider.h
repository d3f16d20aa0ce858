/* resource/provider.h - the provider that a path names. */
#ifndef PIERRE_RESOURCE_PROVIDER_H
#define PIERRE_RESOURCE_PROVIDER_H

#include "model/provider.h"
#include "resource/call.h"

/* The row as it is now. ERR_NOT_FOUND. */
bool provider_named(const struct call *call, const char *id, struct provider *out,
		    struct err *err_r);

#endif
