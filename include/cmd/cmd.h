/*
 * cmd/cmd.h - shell commands are rows: words, operands, options, what they need,
 * what they print, their function. cmd.c runs them; --help and pierre.1 are made of
 * the same rows.
 */
#ifndef PIERRE_CMD_CMD_H
#define PIERRE_CMD_CMD_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/field.h"
#include "model/page.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct context;   /* cmd/context.h */
struct cmd_args;  /* cmd/args.h */

/* What a command does. in: its options, a struct of cmd->in, NULL = it has none.
 * out: what it prints, zeroed: a struct of cmd->record, or with cmd->lists a
 * struct cmd_page; NULL = it prints by itself. */
typedef bool cmd_fn(struct context *c, const void *in, void *out, struct err *err_r);

/* A list that a command prints. */
struct cmd_list {
	const struct field_schema *schema;   /* of an item; NULL ends the lists of a row */
	const char *const *columns;          /* fields that the table shows */
	void (*text)(const void *item);      /* prints an item instead of a table */
};

/* One page of a list: the function is called until there is no next one. */
struct cmd_page {
	struct page_in in;
	const struct cmd_list *list;   /* the row's first; the function may take another */
	struct page_out out;
};

/* What must be there before a command's function runs; each needs what those
 * before it need. Only `serve` and `db migrate` change the schema: a command of
 * a newer program must not upgrade the database under a service that runs. */
enum cmd_needs {
	NEEDS_UNSET,       /* a row that forgot it: not run */
	NEEDS_NOTHING,     /* it reads the configuration itself, or none */
	NEEDS_CONF,        /* args->conf */
	NEEDS_MAKING,      /* a database that is made when it is not there */
	NEEDS_DATABASE,    /* one that is there; its schema may be older */
	NEEDS_SCHEMA,      /* with the schema that this program has */
};

struct cmd {
	const char *words;       /* "user create"; NULL ends a table */
	const char *operands;    /* "EMAIL", "" = none */
	int min_operands, max_operands;
	bool on_user;            /* the first operand is an id or an e-mail address of c->user */
	enum cmd_needs needs;
	cmd_fn *fn;
	const struct field_schema *in;       /* options and operands (cmd/options.h); NULL = none */
	bool password;                       /* takes --password-file, for secret_read() */
	bool value;                          /* takes --value-file, for secret_read() */
	const struct field_schema *record;   /* it prints one of these, or ... */
	void (*text)(const void *record);    /* how, for people; NULL = names and values */
	const struct cmd_list *lists;        /* ... one of these lists */
	const char *sentence;    /* one line */
	const char *detail;      /* a paragraph for the man page, may be NULL */
	enum err_kind stuck;     /* after an error of this kind ... */
	const char *next_step;   /* ... what helps, may be NULL */
};

/* Of the row of a command on one user. */
#define CMD_ON_USER .operands = "USER", .min_operands = 1, .max_operands = 1, .on_user = true, \
	.stuck = ERR_NOT_FOUND, .next_step = "'pierre user list' shows all users"

/* argv -> row -> function. tables: one for each file of commands, NULL at the end.
 * Usage errors: one sentence and the usage line, 2. */
int cmd_main(const struct cmd *const *tables, int argc, char **argv);

#endif
