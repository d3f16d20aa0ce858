/* cmd/spool_check.h - what `pierre config check` says of SPOOL_DIR. */
#ifndef PIERRE_CMD_SPOOL_CHECK_H
#define PIERRE_CMD_SPOOL_CHECK_H

#include "base/arena.h"
#include "base/err.h"

/* False: no token could be refreshed. What is only a risk is a note on standard error. */
bool spool_check(const char *path, struct arena *arena, struct err *err_r);

#endif
