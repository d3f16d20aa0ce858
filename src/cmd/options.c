/*
 * cmd/options.c - a field table as options. Knows no command.
 */
#include "config.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "cmd/options.h"
#include "http/field_text.h"

/* --- rows ---------------------------------------------------------------------- */

static const char *option_name(struct arena *arena, const struct field *f)
{
	char *name = arena_printf(arena, "--%s", f->option ? f->option : f->name);

	for (char *p = name; *p; p++)
		if (*p == '_')
			*p = '-';
	return name;
}

/* expires_in_days -> DAYS */
static const char *value_word(struct arena *arena, const struct field *f)
{
	const char *name = f->option ? f->option : f->name, *last = strrchr(name, '_');
	char *word;

	if (f->type == FIELD_BOOL || f->value_word)
		return f->value_word;
	if (f->type == FIELD_STRINGS)
		return "WORD,WORD";
	word = arena_strdup(arena, last ? last + 1 : name);
	for (char *p = word; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return word;
}

static void add_words(struct strbuf *b, const char *const *words)
{
	for (const char *const *w = words; *w; w++) {
		strbuf_adds(b, w == words ? "" : w[1] ? ", " : " or ");
		strbuf_adds(b, *w);
	}
}

static void add_range(struct strbuf *b, const struct field *f)
{
	static const char *const units[] = {
		[FIELD_TEXT] = " characters", [FIELD_INT] = "", [FIELD_STRINGS] = " words",
	};

	if (f->min == 0 && f->type != FIELD_INT)
		strbuf_addf(b, "at most %" PRId64 "%s", f->max, units[f->type]);
	else
		strbuf_addf(b, "%" PRId64 " to %" PRId64 "%s", f->min, f->max, units[f->type]);
}

/* "Days until the key ends (1 to 3650)." */
static const char *sentence(struct arena *arena, const struct field *f)
{
	const char *text = f->sentence ? f->sentence : "";
	size_t n = strlen(text);
	struct strbuf b = { .arena = arena };

	strbuf_add(&b, text, n - (n > 0 && text[n - 1] == '.'));
	if (f->values || f->max != 0) {
		strbuf_adds(&b, " (");
		if (f->values)
			add_words(&b, f->values);
		else
			add_range(&b, f);
		strbuf_adds(&b, f->type == FIELD_STRINGS ? ", with commas between)" : ")");
	}
	strbuf_adds(&b, ".");
	return b.s;
}

static struct field row_of(struct arena *arena, const struct field *f, bool operand)
{
	struct field row = *f;

	row.value_word = value_word(arena, f);
	row.name = operand ? row.value_word : option_name(arena, f);
	row.sentence = sentence(arena, f);
	return row;
}

struct options options_of(struct arena *arena, const struct field_schema *in)
{
	struct field *rows, *operands;
	size_t n = 0, n_rows = 0, n_operands = 0;

	while (in && in->fields[n].name)
		n++;
	rows = arena_alloc(arena, 2 * (n + 1) * sizeof(*rows));
	operands = rows + n + 1;
	for (size_t i = 0; i < n; i++) {
		const struct field *f = &in->fields[i];

		if (!field_shown(in, f) || f->flags & FIELD_SECRET)
			continue;
		if (field_required(in, f))
			operands[n_operands++] = row_of(arena, f, true);
		else
			rows[n_rows++] = row_of(arena, f, false);
	}
	return (struct options){ in, rows, operands,
				 arena_alloc(arena, (n + 1) * sizeof(const char *)) };
}

const struct field *options_find(const struct options *o, const char *text, size_t n)
{
	for (const struct field *f = o->rows; f->name; f++)
		if (strlen(f->name) == n && strncmp(f->name, text, n) == 0)
			return f;
	return NULL;
}

static const struct field *at_offset(const struct options *o, size_t offset)
{
	for (const struct field *f = o->rows; f->name; f++)
		if (f->offset == offset)
			return f;
	return NULL;
}

const struct field *options_named(const struct options *o, const char *field)
{
	const struct field *f = o->in ? field_named(o->in, field) : NULL;

	return f ? at_offset(o, f->offset) : NULL;
}

const char **options_text(const struct options *o, const struct field *option)
{
	return &o->texts[option - o->rows];
}

bool options_given(const struct options *o, size_t offset)
{
	const struct field *f = at_offset(o, offset);

	return f && *options_text(o, f);
}

/* --- values -------------------------------------------------------------------- */

static bool read_option(const struct options *o, const struct field *f, struct arena *arena,
			void *out, struct err *err_r)
{
	const char *text = *options_text(o, f);

	return !text || field_from_text(f, f->type == FIELD_BOOL ? "true" : text, arena, out, err_r);
}

const struct field *options_read(const struct options *o, const char *const *operands,
				 struct arena *arena, void *out, struct err *err_r)
{
	if (!o->in)
		return NULL;
	field_clear(o->in, out);
	for (const struct field *f = o->rows; f->name; f++)
		if (!read_option(o, f, arena, out, err_r))
			return f;
	for (const struct field *f = o->operands; f->name; f++)
		if (!field_from_text(f, operands[f - o->operands], arena, out, err_r))
			return f;
	return NULL;
}
