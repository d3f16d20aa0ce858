/*
 * cmd/nginx_check.h - `pierre config check --nginx FILE`.
 */
#ifndef PIERRE_CMD_NGINX_CHECK_H
#define PIERRE_CMD_NGINX_CHECK_H

#include "cmd/args.h"

/* Judge what `nginx -T` printed into file ("-" = standard input) beside the
 * sockets of a->conf: one sentence on standard error for each mistake. False
 * when there was one, or the text could not be read. */
bool nginx_check(const struct cmd_args *a, const char *file);

#endif
