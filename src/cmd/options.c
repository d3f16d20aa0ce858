/*
 * cmd/options.c - a field table as options, and their texts as the JSON object
 * that json_read() judges. Knows no command.
 */
#include "config.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "cmd/options.h"
#include "http/json.h"

/* --- rows ---------------------------------------------------------------------- */

const char *option_name(struct arena *arena, const char *field)
{
	char *name = arena_printf(arena, "--%s", field);

	for (char *p = name; *p; p++)
		if (*p == '_')
			*p = '-';
	return name;
}

/* expires_in_days -> DAYS */
static const char *value_word(struct arena *arena, const struct field *f)
{
	const char *last = strrchr(f->name, '_');
	char *word;

	if (f->type == FIELD_BOOL || f->value_word)
		return f->value_word;
	word = arena_strdup(arena, last ? last + 1 : f->name);
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

/* "What the key is for (1 to 100 characters)." */
static const char *sentence(struct arena *arena, const struct field *f)
{
	const char *text = f->sentence ? f->sentence : "";
	size_t n = strlen(text);
	struct strbuf b = { .arena = arena };

	strbuf_add(&b, text, n - (n > 0 && text[n - 1] == '.'));
	if (f->type == FIELD_STRINGS)
		strbuf_adds(&b, ", with commas between");
	if (f->values || f->max != 0) {
		strbuf_adds(&b, " (");
		if (f->values)
			add_words(&b, f->values);
		else
			add_range(&b, f);
		strbuf_adds(&b, ")");
	}
	strbuf_adds(&b, ".");
	return b.s;
}

struct options options_of(struct arena *arena, const struct field_schema *in)
{
	struct options o = { .schema = in ? *in : (struct field_schema){ 0 } };
	struct field *rows;
	size_t n = 0;

	while (in && in->fields[n].name)
		n++;
	rows = arena_alloc(arena, (n + 1) * sizeof(*rows));
	for (size_t i = 0; i < n; i++) {
		rows[i] = in->fields[i];
		rows[i].name = option_name(arena, in->fields[i].name);
		rows[i].value_word = value_word(arena, &in->fields[i]);
		rows[i].sentence = sentence(arena, &in->fields[i]);
	}
	o.schema.fields = rows;
	o.texts = arena_alloc(arena, (n + 1) * sizeof(*o.texts));
	return o;
}

const struct field *options_find(const struct options *o, const char *text, size_t n)
{
	for (const struct field *f = o->schema.fields; f->name; f++)
		if (strlen(f->name) == n && strncmp(f->name, text, n) == 0)
			return f;
	return NULL;
}

const char **options_text(const struct options *o, const struct field *option)
{
	return &o->texts[option - o->schema.fields];
}

bool options_given(const struct options *o, size_t offset)
{
	for (const struct field *f = o->schema.fields; f->name; f++)
		if (f->offset == offset)
			return *options_text(o, f);
	return false;
}

/* --- values -------------------------------------------------------------------- */

/* What is no number stays a string, which the reader refuses. */
static void add_int(struct strbuf *b, const char *text)
{
	int64_t v;

	if (str_int(text, INT64_MIN, INT64_MAX, &v))
		strbuf_addi(b, v);
	else
		strbuf_add_json(b, text);
}

/* "read,write" -> ["read","write"]; "" -> [] */
static void add_strings(struct strbuf *b, const char *text)
{
	strbuf_adds(b, "[");
	for (const char *end; *text; text = *end ? end + 1 : end) {
		end = strchrnul(text, ',');
		strbuf_adds(b, b->s[b->len - 1] == '[' ? "" : ",");
		strbuf_add_json(b, arena_strndup(b->arena, text, (size_t)(end - text)));
	}
	strbuf_adds(b, "]");
}

static void add_value(struct strbuf *b, const struct field *f, const char *text)
{
	if (f->type == FIELD_BOOL)
		strbuf_adds(b, "true");
	else if (f->type == FIELD_INT)
		add_int(b, text);
	else if (f->type == FIELD_STRINGS)
		add_strings(b, text);
	else
		strbuf_add_json(b, text);
}

bool options_read(const struct options *o, struct arena *arena, void *out, struct err *err_r)
{
	struct strbuf b = { .arena = arena };

	strbuf_adds(&b, "{");
	for (const struct field *f = o->schema.fields; f->name; f++) {
		const char *text = *options_text(o, f);

		if (!text)
			continue;
		if (!utf8_valid(text, strlen(text)))
			return err_field(err_r, ERR_INVALID, f->name, "%s must be UTF-8 text", f->name);
		strbuf_adds(&b, b.len > 1 ? "," : "");
		strbuf_add_json(&b, f->name);
		strbuf_adds(&b, ":");
		add_value(&b, f, text);
	}
	strbuf_adds(&b, "}");
	return json_read(b.s, b.len, &o->schema, arena, out, err_r);
}
