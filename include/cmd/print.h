/*
 * cmd/print.h - results on stdout: text for people, one JSON value with --json.
 * No control or format character reaches the terminal: in text ? stands for each,
 * in JSON its escape.
 */
#ifndef PIERRE_CMD_PRINT_H
#define PIERRE_CMD_PRINT_H

#include "cmd/args.h"

/* "name: value" lines of all public fields, or a JSON object. */
void print_record(const struct cmd_args *a, const struct field_schema *schema,
		  const void *record);
/* A table of the list's columns, or a JSON array of whole objects. False:
 * ERR_INTERNAL names a column that the schema has not, or that is no text. */
bool print_list(const struct cmd_args *a, const struct cmd_list *list,
		const struct field_list *items, struct err *err_r);

/* The list of the command, from all pages that its function gives. */
bool print_pages(struct context *c, const struct cmd_args *a, struct err *err_r);

/* Do the list's columns fit its schema? */
bool print_columns_check(const struct cmd_list *list, struct err *err_r);

#endif
