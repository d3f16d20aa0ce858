/*
 * cmd/secret.h - a password for a command: from a file, standard input or the
 * terminal without echo; never from argv, where every user can read it.
 */
#ifndef PIERRE_CMD_SECRET_H
#define PIERRE_CMD_SECRET_H

#include "cmd/cmd.h"

/* First line of `file` ("-" = standard input); file NULL = ask twice on the
 * terminal, and ERR_INVALID when there is none. In the arena, which wipes. */
bool secret_read(struct arena *arena, const char *file, const char **out,
		 struct err *err_r);

#endif
