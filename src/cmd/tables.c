/*
 * cmd/tables.c - the one list of all commands: parsing, help and the man page
 * read it. Nothing else belongs here.
 */
#include "config.h"

#include "cmd/tables.h"

const struct cmd *const cmd_tables[] = {
	serve_commands,
	db_commands,
	user_commands,
	key_commands,
	admin_commands,
	clock_commands,
	config_commands,
	nginx_commands,
	about_commands,
	NULL,
};
