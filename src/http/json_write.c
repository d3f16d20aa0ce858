/*
 * http/json_write.c - struct to JSON object text, by its field table, members
 * in the table's order. Always valid JSON, whatever bytes a text holds.
 */
#include "config.h"

#include "http/json.h"
#include "http/json_canon.h"

typedef void write_fn(struct strbuf *b, const struct field *f, const void *member);

static void write_text(struct strbuf *b, const struct field *f, const void *member)
{
	const char *s = *(const char *const *)member;

	(void)f;
	if (s)
		strbuf_add_json(b, s);
	else
		strbuf_adds(b, "null");
}

static void write_int(struct strbuf *b, const struct field *f, const void *member)
{
	int64_t v = *(const int64_t *)member;

	(void)f;
	if (v == INT_NONE)
		strbuf_adds(b, "null");
	else
		strbuf_addi(b, v);
}

static void write_bool(struct strbuf *b, const struct field *f, const void *member)
{
	(void)f;
	strbuf_adds(b, *(const bool *)member ? "true" : "false");
}

static void write_time(struct strbuf *b, const struct field *f, const void *member)
{
	int64_t ms = *(const int64_t *)member;
	char text[TIME_TEXT];

	(void)f;
	if (ms == TIME_NONE) {
		strbuf_adds(b, "null");
		return;
	}
	time_format(ms, text);
	strbuf_addf(b, "\"%s\"", text);
}

static void write_strings(struct strbuf *b, const struct field *f, const void *member)
{
	(void)f;
	strings_to_json(b, *(const struct strings *)member);
}

static void write_json(struct strbuf *b, const struct field *f, const void *member)
{
	const char *text = *(const char *const *)member;

	(void)f;
	if (text)
		json_canon_text(b, text);
	else
		strbuf_adds(b, "null");
}

static void write_object(struct strbuf *b, const struct field *f, const void *member)
{
	const void *object = *(const void *const *)member;

	if (object)
		json_write(b, f->schema, object);
	else
		strbuf_adds(b, "null");
}

static void write_list(struct strbuf *b, const struct field *f, const void *member)
{
	const struct field_list *list = member;

	strbuf_adds(b, "[");
	for (size_t i = 0; i < list->n; i++) {
		strbuf_adds(b, i ? "," : "");
		json_write(b, f->schema, (const char *)list->items + i * f->schema->size);
	}
	strbuf_adds(b, "]");
}

static write_fn *const writers[] = {
	[FIELD_TEXT] = write_text,
	[FIELD_UUID] = write_text,
	[FIELD_INT] = write_int,
	[FIELD_BOOL] = write_bool,
	[FIELD_TIME] = write_time,
	[FIELD_STRINGS] = write_strings,
	[FIELD_JSON] = write_json,
	[FIELD_OBJECT] = write_object,
	[FIELD_LIST] = write_list,
};

void json_write(struct strbuf *b, const struct field_schema *schema, const void *in)
{
	const char *sep = "";

	strbuf_adds(b, "{");
	for (const struct field *f = schema->fields; f->name; f++) {
		if (!field_shown(schema, f))
			continue;
		strbuf_adds(b, sep);
		sep = ",";
		strbuf_add_json(b, f->name);
		strbuf_adds(b, ":");
		writers[f->type](b, f, field_cptr(f, in));
	}
	strbuf_adds(b, "}");
}
