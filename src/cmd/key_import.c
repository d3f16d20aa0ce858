/*
 * cmd/key_import.c - pierre key import: reads lines, says what is wrong with each, and
 * writes a batch of them at a time, all or none.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "cmd/context.h"
#include "cmd/fail.h"
#include "cmd/key_import.h"
#include "http/json.h"
#include "op/key.h"

#define BATCH 500          /* lines that are written together */
#define LINE_MAX_BYTES 65536

struct options {
	const char *file;
	bool dry_run;
};
static const struct field options_fields[] = {
	FIELD(struct options, file, TEXT, FIELD_REQUIRED, "What to read; - is standard input"),
	FIELD(struct options, dry_run, BOOL, 0, "Import nothing, say what would be"),
	{ 0 },
};
const struct field_schema key_import_options =
	FIELD_SCHEMA("KeyImport", struct options, options_fields);

struct record {
	int64_t lines, imported, present;
	bool dry_run;
};
static const struct field record_fields[] = {
	FIELD(struct record, lines, INT, 0, "Lines that were read"),
	FIELD(struct record, imported, INT, 0, "Keys that were imported, or would be"),
	FIELD(struct record, present, INT, 0, "Keys that were there already, or stand in an earlier line"),
	FIELD(struct record, dry_run, BOOL, 0, "Nothing was written"),
	{ 0 },
};
const struct field_schema key_import_record =
	FIELD_SCHEMA("KeysImported", struct record, record_fields);

struct import {
	struct context *c;
	FILE *file;
	char *line;                   /* of getline() */
	size_t line_size;
	struct api_key keys[BATCH];
	int64_t lines[BATCH];         /* their numbers */
	struct key_present present[BATCH];
	size_t n;                     /* of the batch */
	int64_t faults, wrong;        /* lines of the batch, of all */
	int64_t anothers;             /* keys of the file that another user has */
	void *seen;                   /* of a trial: struct seen of earlier batches (tsearch) */
	struct arena *seen_arena;
	struct record *done;
};

/* --- a line --------------------------------------------------------------------- */

/* Is it the line, and not the database? */
static bool is_of_line(const struct err *err)
{
	return err->kind == ERR_MALFORMED || err->kind == ERR_INVALID || err->kind == ERR_RANGE ||
	       err->kind == ERR_REQUIRED || err->kind == ERR_FORBIDDEN || err->kind == ERR_NOT_FOUND;
}

static bool read_key(struct import *i, size_t length, struct err *err_r)
{
	struct op *op = &i->c->op;
	struct api_key in;

	if (length > LINE_MAX_BYTES)
		return err_set(err_r, ERR_RANGE, "it is longer than %d bytes", LINE_MAX_BYTES);
	return json_read(i->line, length, &api_key_import_schema, op->arena, &in, NULL, err_r) &&
	       op_key_import_line(op, scope_all(op), &in, &i->keys[i->n], err_r);
}

/* False: the import cannot go on. */
static bool take_line(struct import *i, size_t length, struct err *err_r)
{
	i->done->lines++;
	if (i->line[strspn(i->line, " \t\r\n")] == '\0')
		return true;
	if (read_key(i, length, err_r)) {
		i->lines[i->n++] = i->done->lines;
		return true;
	}
	if (!is_of_line(err_r))
		return false;
	err_prefix(err_r, "line %" PRId64, i->done->lines);
	fail_tell(err_r);
	i->faults++;
	return true;
}

/* --- a batch -------------------------------------------------------------------- */

/* A key that an import would have written; a trial is rolled back after each batch. */
struct seen {
	const char *key_prefix, *user_id;
	bool ended;
};

static int by_prefix(const void *a, const void *b)
{
	return strcmp(((const struct seen *)a)->key_prefix, ((const struct seen *)b)->key_prefix);
}

static void keep_seen(void *node)
{
	(void)node;   /* on the arena */
}

/* What an import would find in place of the key. */
static void look_at_seen(struct import *i, const struct api_key *k, struct key_present *p)
{
	const struct seen key = { .key_prefix = k->key_prefix };
	const struct seen *const *was = tfind(&key, &i->seen, by_prefix);
	struct seen *new;

	if (p->there)
		return;
	if (was) {
		*p = (struct key_present){ true, !str_eq((*was)->user_id, k->user_id), (*was)->ended };
		return;
	}
	new = arena_new_struct(i->seen_arena, struct seen);
	*new = (struct seen){ arena_strdup(i->seen_arena, k->key_prefix),
			      arena_strdup(i->seen_arena, k->user_id),
			      k->expires_at != TIME_NONE && k->expires_at <= k->created_at };
	if (!tsearch(new, &i->seen, by_prefix))
		abort();
}

/* That a key is there already, as the line has it, needs no word. */
static void tell_present(struct import *i, size_t k)
{
	const struct key_present *p = &i->present[k];
	struct err err;

	i->done->imported += !p->there;
	i->done->present += p->there;
	i->anothers += p->anothers;
	if (!p->anothers && !p->ended)
		return;
	err_set(&err, ERR_CONFLICT, "line %" PRId64 ": %s has this key%s; it was left as it is",
		i->lines[k], p->anothers ? "another user" : "the user",
		p->ended ? ", which was revoked or has expired" : "");
	fail_tell(&err);
}

static bool write_batch(struct import *i, struct err *err_r)
{
	struct op *op = &i->c->op;
	struct key_batch batch = { i->keys, i->n, i->done->dry_run, i->present };

	i->wrong += i->faults;
	if (i->faults > 0 || i->n == 0)
		return true;
	if (!op_key_import(op, scope_all(op), &batch, err_r)) {
		err_prefix(err_r, "the lines up to %" PRId64, i->done->lines);
		return false;
	}
	for (size_t k = 0; k < i->n; k++) {
		if (i->done->dry_run)
			look_at_seen(i, &i->keys[k], &i->present[k]);
		tell_present(i, k);
	}
	return true;
}

static void tell_progress(const struct import *i, const char *end)
{
	if (!i->c->args->json && isatty(STDERR_FILENO))
		fprintf(stderr, "\r%" PRId64 " lines%s", i->done->lines, end);
}

/* *end_r: the file has no more lines. */
static bool take_batch(struct import *i, bool *end_r, struct err *err_r)
{
	i->n = 0;
	i->faults = 0;
	for (int lines = 0; lines < BATCH && !*end_r; lines++) {
		ssize_t length = getline(&i->line, &i->line_size, i->file);

		*end_r = length < 0;
		if (length < 0 && ferror(i->file))
			return err_set(err_r, ERR_CONFIG, "cannot read on: %s", strerror(errno));
		if (length >= 0 && !take_line(i, (size_t)length, err_r))
			return false;
	}
	return write_batch(i, err_r);
}

static bool take_all(struct import *i, struct err *err_r)
{
	struct arena *arena = arena_new();
	bool end = false, good = true;

	i->c->op.arena = arena;
	i->seen_arena = arena_new();
	while (good && !end) {
		good = take_batch(i, &end, err_r);
		arena_reset(arena);
		tell_progress(i, end ? "\n" : "");
	}
	i->c->op.arena = i->c->arena;
	tdestroy(i->seen, keep_seen);
	arena_free(&i->seen_arena);
	arena_free(&arena);
	return good;
}

bool key_import(struct context *c, const void *in, void *out, struct err *err_r)
{
	const struct options *options = in;
	struct import *i = arena_new_struct(c->arena, struct import);
	bool good;

	*i = (struct import){ .c = c, .done = out };
	i->done->dry_run = options->dry_run;
	i->file = str_eq(options->file, "-") ? stdin : fopen(options->file, "re");
	if (!i->file)
		return err_set(err_r, ERR_CONFIG, "cannot read %.300s: %s", options->file,
			       strerror(errno));
	good = take_all(i, err_r);
	free(i->line);
	if (i->file != stdin)
		fclose(i->file);
	if (!good || (i->wrong == 0 && i->anothers == 0))
		return good;
	if (i->wrong == 0)
		return err_set(err_r, ERR_CONFLICT, "%" PRId64 " keys of the file belong to another "
			       "user than it says; the others %s imported", i->anothers,
			       i->done->dry_run ? "would be" : "were");
	return err_set(err_r, ERR_INVALID, "%" PRId64 " lines are wrong, and no line of their batches of "
		       "%d was imported; %" PRId64 " keys %s", i->wrong, BATCH, i->done->imported,
		       i->done->dry_run ? "would be" : "were");
}
