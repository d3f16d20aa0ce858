/*
 * cmd/fail.h - a command fails with one sentence on standard error that names the
 * next step, and an exit status; and notes there, which are no failures.
 */
#ifndef PIERRE_CMD_FAIL_H
#define PIERRE_CMD_FAIL_H

#include "cmd/cmd.h"

/* "pierre: <sentence>" on standard error. */
void fail_tell(const struct err *err);

/* "pierre: note: <name>: <sentence>", for what is no failure and should be known. */
void note_tell(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Wrong use of options or operands, seen by the command: exit status 2. */
bool fail_usage(struct err *err_r, const char *sentence);
/* After fail_tell() of each fault: no further sentence. */
bool fail_told(struct err *err_r);

/* Tells the error of a command: the option at fault before the sentence, the
 * row's next step after it. Returns the exit status. */
int fail_status(const struct cmd *cmd, struct arena *arena, struct err *err);

#endif
