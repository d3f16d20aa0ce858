/*
 * tests/unit/command.c - rows of commands, options and columns: as many as there
 * are, and what is wrong in one is said by name; how options are judged and lists
 * printed. The table is the test's own; command_rows.c judges Pierre's.
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
static char field_names[MANY][96];
static struct field fields[MANY + 3];
static struct field_schema schema = { "Wide", MANY * sizeof(int64_t), fields, 0 };
static struct arena *arena;

static bool run(struct context *c, const void *in, void *out, struct err *err_r)
{
	(void)c;
	(void)in;
	(void)out;
	(void)err_r;
	return true;
}

struct judged {
	const char *name;
	int64_t days_left;
	bool is_admin;
	struct strings scopes;
	const char *id, *checked, *password;
	const char *word;
};
static const char *const word_values[] = { "one", "two", NULL };
static bool no_check(const char *text, const char *name, struct err *err_r)
{
	return err_field(err_r, ERR_INVALID, name, "Not %s", text);
}
static const struct field judged_fields[] = {
	FIELD(struct judged, name, TEXT, 0, "A word", .values = word_values),
	FIELD(struct judged, days_left, INT, 0, "Days.", .min = 1, .max = 365),
	FIELD(struct judged, is_admin, BOOL, 0, "A flag"),
	FIELD(struct judged, scopes, STRINGS, 0, "Some words", .max = 2),
	FIELD(struct judged, id, UUID, 0, "An id", .option = "other_name"),
	FIELD(struct judged, checked, TEXT, 0, "A text", .check = no_check),
	FIELD(struct judged, password, TEXT, FIELD_SECRET, "Not an option"),
	FIELD(struct judged, word, TEXT, FIELD_REQUIRED, "Not an option either", .max = 3),
	{ 0 },
};
static const struct field_schema judged_schema =
	FIELD_SCHEMA("Judged", struct judged, judged_fields);

/* 3 pages of one row */
struct item {
	int64_t n;
};
static const struct field item_fields[] = { FIELD(struct item, n, INT, 0, "A number"), { 0 } };
static const struct field_schema item_schema = FIELD_SCHEMA("Item", struct item, item_fields);
static const char *const item_columns[] = { "n", NULL };
static void item_text(const void *item)
{
	printf("<%d>", (int)((const struct item *)item)->n);
}
static const struct cmd_list item_lists[] = {
	{ &item_schema, item_columns, NULL }, { &item_schema, NULL, item_text }, { 0 },
};

static bool items(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct cmd_page *page = out;
	struct item *item = arena_new_struct(arena, struct item);

	(void)c;
	if (!page->in.cursor && in)
		page->list = &item_lists[1];
	item->n = page->in.cursor ? 1 + (*page->in.cursor - '0') : 1;
	page->out.rows = (struct field_list){ item, 1 };
	page->out.next_cursor = item->n == 3 ? NULL : arena_printf(arena, "%d", (int)item->n);
	(void)err_r;
	return true;
}

static const struct cmd commands[] = {
	{ .words = "wide", .operands = "", .needs = NEEDS_NOTHING, .fn = run, .in = &schema,
	  .sentence = "Many options." },
	{ .words = "forgetful", .operands = "", .fn = run, .sentence = "Says no needs." },
	{ .words = "judged", .operands = "WORD", .min_operands = 1, .max_operands = 1,
	  .needs = NEEDS_NOTHING, .fn = run,
	  .in = &judged_schema, .password = true, .sentence = "Options of each type." },
	{ .words = "items", .operands = "", .needs = NEEDS_NOTHING, .fn = items,
	  .lists = item_lists, .sentence = "A list of several pages." },
	{ 0 },
};
static const struct cmd *const tables[] = { commands, NULL };

static void fill(void)
{
	for (int i = 0; i < MANY; i++) {
		snprintf(field_names[i], sizeof(field_names[i]), "field_%d", i);
		fields[i] = (struct field){ .name = field_names[i], .type = FIELD_INT,
					    .offset = (size_t)i * sizeof(int64_t),
					    .sentence = "An option" };
	}
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
		argv[2 + i] = arena_printf(arena, "--field-%d=%d", i, i);
	ok(args_parse(tables, arena, 2 + MANY, argv, &line, &err), "%d options are taken", MANY);
	for (int i = 0; i < MANY; i++)
		good += ((const int64_t *)line.args.in)[i] == i;
	is_int(good, MANY, "each with its value");
}

/* "pierre judged OPTION VALUE w"; NULL = the sentence of the error. */
static const struct judged *judge(const char *option, const char *value, struct err *err_r)
{
	char *argv[] = { (char[]){ "pierre" }, (char[]){ "judged" }, arena_strdup(arena, "w"),
			 arena_strdup(arena, option), arena_strdup(arena, value), NULL };
	struct cmd_line line;

	return args_parse(tables, arena, value ? 5 : 4, argv, &line, err_r) ? line.args.in : NULL;
}

static void test_judged(void)
{
	static const struct {
		const char *option, *value, *sentence;
	} wrong[] = {
		{ "--name", "three", "--name must be one of: one, two" },
		{ "--name", "\xff", "--name is not valid UTF-8 text" },
		{ "--days-left", "soon", "--days-left must be a number from 1 to 365" },
		{ "--days-left", "1.5", "--days-left must be a number from 1 to 365" },
		{ "--days-left", "9223372036854775808", "--days-left must be a number from 1 to 365" },
		{ "--days-left", "0", "--days-left must be from 1 to 365" },
		{ "--days-left", "366", "--days-left must be from 1 to 365" },
		{ "--scopes", "a,b,c", "--scopes must have from 0 to 2 items, with commas between" },
		{ "--other-name", "x", "--other-name must be a UUID" },
		{ "--checked", "x", "--checked: Not x" },
		{ "--id", "x", "judged has no option --id" },
		{ "--password", "x", "judged has no option --password" },
		{ "--word", "x", "judged has no option --word" },
		{ "--is-admin=yes", NULL, "--is-admin takes no value" },
		{ "--days_left=1", NULL, "judged has no option --days_left" },
	};
	const struct judged *in;
	struct err err;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		in = judge(wrong[i].option, wrong[i].value, &err);
		is_str(in ? "taken" : err.message, wrong[i].sentence, wrong[i].option);
	}
	in = judge("--days-left", "365", &err);
	ok(in && in->days_left == 365 && !in->name && !in->is_admin && !in->scopes.items,
	   "a number, and nothing else");
	is_str(in ? in->word : err.message, "w", "and the operand");
	in = judge("--is-admin", NULL, &err);
	ok(in && in->is_admin && in->days_left == INT_NONE, "a flag");
	in = judge("--scopes", "read,write\"", &err);
	is_str(in ? strings_join(arena, in->scopes, " ") : err.message, "read write\"",
	       "words between commas");
	in = judge("--scopes", "", &err);
	ok(in && in->scopes.items && in->scopes.n == 0, "none");
	in = judge("--json", "long", &err);
	is_str(in ? "taken" : err.message, "judged does not take 'long'", "one operand");
	in = judge("--name", "two", &err);
	is_str(in ? in->name : err.message, "two", "one of the words");
}

static bool help(void *arg)
{
	help_command(stdout, arena, arg);
	return true;
}

static void test_help(void)
{
	const char *text;
	bool done;

	strcpy(field_names[0], "an_option_with_a_name_that_is_longer_than_any_line_of_help_has_room");
	ok(strstr(output(help, (void *)(uintptr_t)&commands[0], &done),
		  "-has-room ROOM\n                           An option.\n") != NULL,
	   "a long option is not cut");
	strcpy(field_names[0], "field_0");
	text = output(help, (void *)(uintptr_t)&commands[2], &done);
	ok(strstr(text, "  --name NAME              A word (one or two).\n"
		  "  --days-left LEFT         Days (1 to 365).\n"
		  "  --is-admin               A flag.\n"
		  "  --scopes WORD,WORD       Some words (at most 2 words, with commas between).\n"
		  "  --other-name NAME        An id.\n"
		  "  --checked CHECKED        A text.\n"
		  "  --password-file FILE ") != NULL, "sentences say what is allowed");
}

static const char *columns[MANY + 2];
static struct err list_err;

static bool list(void *arg)
{
	const struct cmd_list wide = { &schema, columns, NULL };
	int64_t record[MANY];
	struct field_list rows = { record, 1 };
	struct cmd_args a = { .arena = arena };

	(void)arg;
	for (int i = 0; i < MANY; i++)
		record[i] = 1000 + i;
	return print_list(&a, &wide, &rows, &list_err);
}

static void test_columns(void)
{
	const char *text;
	bool done;

	fields[MANY] = (struct field){ .name = "parts", .type = FIELD_LIST };
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

struct paged {
	struct cmd_args args;
	struct err err;
};

static bool pages(void *arg)
{
	struct paged *p = arg;

	return print_pages(NULL, &p->args, &p->err);
}

static void test_pages(void)
{
	struct paged p = { .args = { .cmd = &commands[3], .arena = arena } };
	bool done;

	is_str(output(pages, &p, &done), "n\n1\n2\n3\n", "all pages in one table");
	p.args.json = true;
	is_str(output(pages, &p, &done), "[{\"n\":1},{\"n\":2},{\"n\":3}]\n", "in one JSON array");
	p.args.in = "";
	p.args.json = false;
	is_str(output(pages, &p, &done), "<1><2><3>", "in the other form that the function took");
}

struct named {
	const char *name;
};
static const struct field named_fields[] = { FIELD(struct named, name, TEXT, 0, NULL), { 0 } };
static const struct field_schema named_schema = FIELD_SCHEMA("Named", struct named, named_fields);

static bool print_named(void *arg)
{
	/* ESC, DEL, CSI in one character (U+009B), right-to-left override, a tag */
	const struct named named = { "a\033[2J\177\302\233\342\200\256\363\240\201\201\303\251" };

	print_record(arg, &named_schema, &named);
	return true;
}

static void test_characters(void)
{
	struct cmd_args a = { .arena = arena };
	bool done;

	is_str(output(print_named, &a, &done), "name                 a?[2J????\303\251\n",
	       "text: ? for each character that could steer the terminal");
	a.json = true;
	is_str(output(print_named, &a, &done),
	       "{\"name\":\"a\\u001b[2J\\u007f\\u009b\\u202e\\udb40\\udc41\303\251\"}\n",
	       "JSON: its escape");
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

		_exit(cmd_main(tables, 2, argv));
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int main(void)
{
	arena = arena_new();
	fill();
	test_options();
	test_judged();
	test_help();
	test_columns();
	test_pages();
	test_characters();
	is_int(status_of("wide"), EXIT_OK, "a row that says what it needs is run");
	is_int(status_of("forgetful"), EXIT_FAILED, "one that does not is not run");
	arena_free(&arena);
	return tap_done();
}
