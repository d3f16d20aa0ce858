/*
 * cmd/config_check.h - what `pierre config check` looks at: rows, each with the option that
 * it is about. They connect to nothing and make nothing.
 */
#ifndef PIERRE_CMD_CONFIG_CHECK_H
#define PIERRE_CMD_CONFIG_CHECK_H

#include "base/conf.h"
#include "base/str.h"
#include "cmd/args.h"

struct check {
	const struct cmd_args *args;
	const struct conf *conf;
	struct strbuf reported;    /* options and directories that were spoken of: " NAME " each */
	int faults;
};

struct config_check {
	const char *name;          /* of the option; NULL ends the table */
	/* False: a fault. What is no fault, and should be known, is told by note_tell(). */
	bool (*fn)(struct check *c, struct err *err_r);
};

/* Calls to providers: cmd/config_outbound.c. */
extern const struct config_check outbound_checks[];

#endif
