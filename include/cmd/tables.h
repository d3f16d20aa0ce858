/*
 * cmd/tables.h - the table of commands of each file of src/cmd; tables.c lists them.
 */
#ifndef PIERRE_CMD_TABLES_H
#define PIERRE_CMD_TABLES_H

#include "cmd/cmd.h"

extern const struct cmd serve_commands[];    /* serve.c */
extern const struct cmd db_commands[];       /* db.c */
extern const struct cmd user_commands[];     /* user.c */
extern const struct cmd key_commands[];      /* key.c */
extern const struct cmd admin_commands[];    /* admin.c */
extern const struct cmd clock_commands[];    /* clock.c */
extern const struct cmd config_commands[];   /* config.c */
extern const struct cmd nginx_commands[];    /* nginx.c */
extern const struct cmd about_commands[];    /* about.c: openapi, version, help */

#endif
