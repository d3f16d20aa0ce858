/*
 * cmd/process.h - what the kernel may do with the process of a command.
 */
#ifndef PIERRE_CMD_PROCESS_H
#define PIERRE_CMD_PROCESS_H

#include "base/conf.h"

/* No command can be read by a debugger or leave a core file: keys, tokens and
 * passwords pass through most. A write past a file size limit is an error. */
void process_protect(void);

/* LOG_LEVEL=debug lets a debugger in again. */
void process_allow_debugger(const struct conf *conf);

#endif
