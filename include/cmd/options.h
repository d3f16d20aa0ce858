/*
 * cmd/options.h - the options of a command are the rows of a field table or of a
 * view of one: --expires-in-days DAYS is the field expires_in_days. A BOOL is a
 * flag; the words of a list have commas between. A row that a command must have is an
 * operand. A secret is neither, since no command line may hold one. Values are read and
 * checked by the reader of query strings.
 */
#ifndef PIERRE_CMD_OPTIONS_H
#define PIERRE_CMD_OPTIONS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/field.h"

/* Rows of a field table as a command line names them: the name is
 * "--expires-in-days" (of an operand "EMAIL"), value_word what stands for the value
 * in the usage (NULL = a flag), and the sentence ends with what is allowed. */
struct options {
	const struct field_schema *in;   /* NULL = none */
	const struct field *rows;        /* name NULL at the end, as of the next */
	const struct field *operands;
	const char **texts;              /* what was given, one for each of rows; NULL = not given */
};
struct options options_of(struct arena *arena, const struct field_schema *in);

/* The option that the first n bytes of the text name; NULL = none. */
const struct field *options_find(const struct options *o, const char *text, size_t n);
/* The option of the field with that name; NULL = none. */
const struct field *options_named(const struct options *o, const char *field);
/* Where the text of the option stands; "" of a flag that was given. */
const char **options_text(const struct options *o, const struct field *option);
/* Was the option of the member at this offset given? */
bool options_given(const struct options *o, size_t offset);

/* The texts, and as many operands as there are rows of, into a struct of the table.
 * Returns the row whose value is refused, NULL = none. */
const struct field *options_read(const struct options *o, const char *const *operands,
				 struct arena *arena, void *out, struct err *err_r);

#endif
