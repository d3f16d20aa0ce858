/* cmd/tables.c - the list of cmd/tables.h as a table. */
#include "config.h"

#include "cmd/tables.h"

#define TABLE(name) name##_commands,
const struct cmd *const cmd_tables[] = { COMMANDS(TABLE) NULL };
