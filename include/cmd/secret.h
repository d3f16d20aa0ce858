/*
 * cmd/secret.h - a password for a command: from a file, standard input or the
 * terminal without echo; never from argv, where every user can read it.
 */
#ifndef PIERRE_CMD_SECRET_H
#define PIERRE_CMD_SECRET_H

#include "cmd/args.h"

/* Opens --password-file as the user who gave the command: before a command of
 * root's acts as the owner of the database. *fd_r: -1 without that option, else
 * to be closed by the caller. */
bool secret_open(const struct cmd_args *args, int *fd_r, struct err *err_r);

/* First line of fd; fd -1 = ask twice on the terminal, and ERR_INVALID when
 * there is none. In the arena, which wipes. */
bool secret_read(const struct cmd_args *args, int fd, const char **out, struct err *err_r);

#endif
