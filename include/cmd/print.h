/*
 * cmd/print.h - results on stdout: text for people, one JSON value with
 * --json. Without --json, ? stands for each control or format character.
 */
#ifndef PIERRE_CMD_PRINT_H
#define PIERRE_CMD_PRINT_H

#include "base/field.h"
#include "cmd/cmd.h"

/* "name: value" lines of all public fields, or a JSON object. */
void print_record(const struct cmd_args *a, const struct field_schema *schema,
		  const void *record);
/* The named columns as a table, or a JSON array of whole objects. False:
 * ERR_INTERNAL names a column that the schema has not, or that is no text. */
bool print_list(const struct cmd_args *a, const struct field_schema *schema,
		const struct field_list *list, const char *const *columns, struct err *err_r);

/* Rows collected page by page. */
struct print_rows {
	struct field_list list;
	size_t capacity;
};
void print_rows_add(struct print_rows *rows, struct arena *arena,
		    const struct field_list *page, size_t size);

#endif
