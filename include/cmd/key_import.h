/*
 * cmd/key_import.h - pierre key import: API keys of another program, a JSON object a
 * line.
 */
#ifndef PIERRE_CMD_KEY_IMPORT_H
#define PIERRE_CMD_KEY_IMPORT_H

#include "cmd/cmd.h"

/* Of the row in cmd/key.c. */
cmd_fn key_import;
extern const struct field_schema key_import_options, key_import_record;

#endif
