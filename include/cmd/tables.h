/*
 * cmd/tables.h - the one list of all commands: a file of src/cmd is its line here, and
 * NAME_commands in it. Parsing, help and the man page read them.
 */
#ifndef PIERRE_CMD_TABLES_H
#define PIERRE_CMD_TABLES_H

#include "cmd/cmd.h"

#define COMMANDS(OF) \
	OF(serve) \
	OF(db) \
	OF(user) \
	OF(key) \
	OF(keys) \
	OF(system_secret) \
	OF(tenant) \
	OF(admin) \
	OF(stats) \
	OF(clock) \
	OF(audit) \
	OF(provider) \
	OF(provider_app) \
	OF(spool) \
	OF(config) \
	OF(nginx) \
	OF(about)   /* openapi, version, help */

#define COMMANDS_OF(name) extern const struct cmd name##_commands[];
COMMANDS(COMMANDS_OF)
extern const struct cmd *const cmd_tables[];   /* all of them, NULL at the end */

#endif
