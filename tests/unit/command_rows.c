/*
 * tests/unit/command_rows.c - each row of each command of Pierre's says all that
 * running it needs, and fits: columns, options, bounds.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/str.h"
#include "cmd/args.h"
#include "cmd/options.h"
#include "cmd/print.h"
#include "cmd/tables.h"
#include "tap.h"

enum { WORDS_MAX = 3 };

static struct arena *arena;

static bool ends_in_dot(const char *sentence)
{
	return sentence && *sentence && sentence[strlen(sentence) - 1] == '.';
}

/* --- the row --------------------------------------------------------------------- */

static void test_row(const struct cmd *c)
{
	const char *words[WORDS_MAX + 1] = { strtok(arena_strdup(arena, c->words), " ") };
	int n = 1, used;

	while (n <= WORDS_MAX && (words[n] = strtok(NULL, " ")))
		n++;
	ok(n <= WORDS_MAX && cmd_find(cmd_tables, words, n, &used) == c && used == n,
	   "'%s' is found", c->words);
	ok(c->needs != NEEDS_UNSET && c->fn, "  has needs and a function");
	ok(ends_in_dot(c->sentence) && (!c->detail || ends_in_dot(c->detail)), "  and sentences");
	ok(c->operands && !*c->operands == !c->max_operands && c->min_operands <= c->max_operands,
	   "  operands are named when it takes some");
	ok(!c->record || !c->lists, "  prints a record or a list");
	ok(!c->text || c->record, "  and as text what it prints");
	ok(!c->on_user || (c->min_operands >= 1 && c->needs == NEEDS_SCHEMA),
	   "  finds a user by an operand, in a database");
	ok(!c->next_step == !c->stuck, "  a next step is for a kind of error");
	for (const struct cmd_list *l = c->lists; l && l->schema; l++) {
		struct err err = { .message = "" };

		ok(print_columns_check(l, &err), "  columns of %s: %s", l->schema->name, err.message);
	}
}

/* --- its options ------------------------------------------------------------------ */

/* Good for each that must be there. */
static const char *const operands[] = { "x@example.org", "x@example.org", NULL };

/* Is the text taken? Else the sentence must begin with the option. */
static bool taken(const struct cmd *c, const struct field *option, const char *text)
{
	struct options o = options_of(arena, c->in);
	struct err err;

	*options_text(&o, options_find(&o, option->name, strlen(option->name))) = text;
	if (!options_read(&o, operands, arena, arena_alloc(arena, c->in->size), &err))
		return true;
	ok(str_starts(err.message, option->name), "  refused: %s", err.message);
	return false;
}

/* A word that the option takes: a name, or else an address. */
static const char *a_word(const struct field *option)
{
	struct err err;

	return option->check && !option->check("x", option->name, &err) ? "::1" : "x";
}

/* A text of so many characters or words, or the number. */
static const char *of_size(const struct field *option, int64_t n)
{
	struct strbuf b = { .arena = arena };

	if (option->type == FIELD_INT)
		return arena_printf(arena, "%" PRId64, n);
	strbuf_adds(&b, "");
	for (int64_t i = 0; i < n; i++) {
		strbuf_adds(&b, option->type == FIELD_STRINGS ? a_word(option) : "x");
		strbuf_adds(&b, option->type == FIELD_STRINGS && i + 1 < n ? "," : "");
	}
	return b.s;
}

static void test_bounds(const struct cmd *c, const struct field *option)
{
	ok(taken(c, option, of_size(option, option->min)), "%s: its least", option->name);
	ok(taken(c, option, of_size(option, option->max)), "  its most");
	ok(!taken(c, option, of_size(option, option->max + 1)), "  not more");
	if (option->min > 0)
		ok(!taken(c, option, of_size(option, option->min - 1)), "  not less");
}

static void test_words(const struct cmd *c, const struct field *option)
{
	for (const char *const *word = option->values; *word; word++)
		ok(taken(c, option, *word), "%s %s", option->name, *word);
	ok(!taken(c, option, "no-such-word"), "  no other word");
}

static bool is_taken_elsewhere(const struct field *option)
{
	const struct options global = options_of(arena, &args_global);
	const struct options password = options_of(arena, &args_password);

	return options_find(&global, option->name, strlen(option->name)) ||
	       options_find(&password, option->name, strlen(option->name));
}

static void test_options(const struct cmd *c)
{
	const struct options o = options_of(arena, c->in);

	for (const struct field *f = o.operands; f->name; f++)
		ok(strstr(c->operands, f->name) && f - o.operands < c->min_operands,
		   "%s: %s is an operand", c->words, f->name);
	for (const struct field *f = o.rows; f->name; f++) {
		ok(options_find(&o, f->name, strlen(f->name)) == f && !is_taken_elsewhere(f),
		   "%s: %s stands once", c->words, f->name);
		ok(strlen(f->sentence) > 1, "  with a sentence");
		ok(f->type != FIELD_OBJECT && f->type != FIELD_LIST &&
		   !(f->flags & (FIELD_PRIVATE | FIELD_SECRET)), "  that a command line can hold");
		if (f->values)
			test_words(c, f);
		else if (f->max > 0)
			test_bounds(c, f);
	}
}

int main(void)
{
	arena = arena_new();
	for (const struct cmd *const *table = cmd_tables; *table; table++)
		for (const struct cmd *c = *table; c->words; c++) {
			test_row(c);
			test_options(c);
		}
	arena_free(&arena);
	return tap_done();
}
