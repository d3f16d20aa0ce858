/*
 * cmd/options.h - the options of a command are the rows of a field table:
 * --expires-in-days DAYS is the field expires_in_days. A BOOL is a flag; a list of
 * strings has commas between. The reader of JSON bodies judges them.
 */
#ifndef PIERRE_CMD_OPTIONS_H
#define PIERRE_CMD_OPTIONS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/field.h"

/* expires_in_days -> --expires-in-days */
const char *option_name(struct arena *arena, const char *field);

/* A field table as options: the name is "--expires-in-days", value_word what
 * stands for the value in the usage (NULL = a flag), and the sentence ends with
 * what is allowed. */
struct options {
	struct field_schema schema;   /* its fields: the options, name NULL at the end */
	const char **texts;           /* what was given, one a field; NULL = not given */
};
/* in NULL: no options. */
struct options options_of(struct arena *arena, const struct field_schema *in);

/* The option that the first n bytes of the text name; NULL = none. */
const struct field *options_find(const struct options *o, const char *text, size_t n);
/* Where the text of the option stands; "" of a flag that was given. */
const char **options_text(const struct options *o, const struct field *option);
/* Was the option of the member at this offset given? */
bool options_given(const struct options *o, size_t offset);

/* The texts into a struct of the table, as json_read() does. The sentence of an
 * error names the option. */
bool options_read(const struct options *o, struct arena *arena, void *out, struct err *err_r);

#endif
