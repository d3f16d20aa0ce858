/*
 * tests/unit/command.c - rows of commands, options and columns: as many as there
 * are, and what is wrong in one is said by name. The table is the test's own.
 */
#include "config.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "cmd/args.h"
#include "cmd/help.h"
#include "cmd/print.h"
#include "tap.h"

enum { MANY = 40 };
static char option_names[MANY][24], field_names[MANY][24];
static struct cmd_option options[MANY + 1];
static struct field fields[MANY + 3];
static struct field_schema schema = { "Wide", MANY * sizeof(int64_t), fields, 0 };
static struct arena *arena;

static int run(const struct cmd_args *a)
{
	(void)a;
	return EXIT_OK;
}

static const struct cmd commands[] = {
	{ .words = "wide", .operands = "", .needs = NEEDS_NOTHING, .fn = run, .options = options,
	  .sentence = "Many options." },
	{ .words = "forgetful", .operands = "", .fn = run, .sentence = "Says no needs." },
	{ 0 },
};
const struct cmd *const cmd_tables[] = { commands, NULL };

static void fill(void)
{
	for (int i = 0; i < MANY; i++) {
		snprintf(option_names[i], sizeof(option_names[i]), "--option-%d", i);
		options[i] = (struct cmd_option){ option_names[i], "VALUE", "An option." };
		snprintf(field_names[i], sizeof(field_names[i]), "field_%d", i);
		fields[i] = (struct field){ .name = field_names[i], .type = FIELD_INT,
					    .offset = (size_t)i * sizeof(int64_t) };
	}
	fields[MANY] = (struct field){ .name = "parts", .type = FIELD_LIST };
}

/* What fn writes to standard output. */
static const char *output(bool (*fn)(void *arg), void *arg, bool *r)
{
	FILE *f = tmpfile();
	int saved = dup(STDOUT_FILENO);
	char *text = arena_alloc(arena, 65536);

	fflush(stdout);
	if (!f || saved < 0 || dup2(fileno(f), STDOUT_FILENO) < 0)
		return "";
	*r = fn(arg);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	rewind(f);
	text[fread(text, 1, 65535, f)] = '\0';
	fclose(f);
	return text;
}

static void test_options(void)
{
	char *argv[2 + MANY + 1] = { (char[]){ "pierre" }, (char[]){ "wide" } };
	struct cmd_line line;
	struct err err;
	int good = 0;

	for (int i = 0; i < MANY; i++)
		argv[2 + i] = arena_printf(arena, "--option-%d=%d", i, i);
	ok(args_parse(arena, 2 + MANY, argv, &line, &err), "%d options are taken", MANY);
	for (int i = 0; i < MANY; i++)
		good += str_eq(cmd_option(&line.args, option_names[i]), arena_printf(arena, "%d", i));
	is_int(good, MANY, "each with its value");
}

static bool help(void *arg)
{
	(void)arg;
	help_command(stdout, &commands[0]);
	return true;
}

static void test_help(void)
{
	bool done;

	options[0].name = "--an-option-with-a-name-that-is-longer-than-any-line-of-help-has-room-for";
	ok(strstr(output(help, NULL, &done), "-has-room-for VALUE An option.\n") != NULL,
	   "a long option is not cut");
	options[0].name = option_names[0];
}

static const char *columns[MANY + 2];
static struct err list_err;

static bool list(void *arg)
{
	int64_t record[MANY];
	struct field_list rows = { record, 1 };
	struct cmd_args a = { .arena = arena };

	(void)arg;
	for (int i = 0; i < MANY; i++)
		record[i] = 1000 + i;
	return print_list(&a, &schema, &rows, columns, &list_err);
}

static void test_columns(void)
{
	const char *text;
	bool done;

	for (int i = 0; i < MANY; i++)
		columns[i] = field_names[i];
	text = output(list, NULL, &done);
	ok(done && strstr(text, "field_39\n") && strstr(text, "1039\n"), "%d columns are shown", MANY);
	columns[1] = "no_field";
	is_str(output(list, NULL, &done), "", "a column that there is not: nothing is shown");
	ok(!done && list_err.kind == ERR_INTERNAL && strstr(list_err.message, "no_field"), "%s",
	   list_err.message);
	columns[1] = "parts";
	output(list, NULL, &done);
	ok(!done && list_err.kind == ERR_INTERNAL, "%s", list_err.message);
}

/* cmd_main changes the process: in a child. */
static int status_of(const char *word)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		char *argv[] = { (char[]){ "pierre" }, arena_strdup(arena, word), NULL };

		_exit(cmd_main(2, argv));
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int main(void)
{
	arena = arena_new();
	fill();
	test_options();
	test_help();
	test_columns();
	is_int(status_of("wide"), EXIT_OK, "a row that says what it needs is run");
	is_int(status_of("forgetful"), EXIT_FAILED, "one that does not is not run");
	arena_free(&arena);
	return tap_done();
}
