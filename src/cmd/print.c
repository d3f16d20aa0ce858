/*
 * cmd/print.c - results on stdout, for people or as JSON, by the same field
 * tables that the REST interface uses. Knows no command.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/text.h"
#include "cmd/print.h"
#include "http/json.h"

/* A name or an address must not be able to steer the terminal. */
static const char *printable(struct arena *arena, const char *s)
{
	struct strbuf b = { .arena = arena };
	size_t left = strlen(s), n;
	char one[5];

	strbuf_adds(&b, "");
	for (; left > 0; s += n, left -= n) {
		n = utf8_char(s, left);
		str_copy(one, n + 1, s);
		if (n == 0 || text_kinds(one) & (TEXT_CONTROL | TEXT_FORMAT))
			strbuf_adds(&b, "?");
		else
			strbuf_adds(&b, one);
		n += n == 0;
	}
	return b.s;
}

static const char *int_text(struct arena *arena, int64_t v)
{
	return v == INT_NONE ? "-" : arena_printf(arena, "%" PRId64, v);
}

static const char *time_text(struct arena *arena, int64_t ms)
{
	char text[TIME_TEXT];

	if (ms == TIME_NONE)
		return "-";
	time_format(ms, text);
	return arena_strdup(arena, text);
}

static const char *list_text(struct arena *arena, struct strings list)
{
	struct strbuf b = { .arena = arena };

	strings_to_json(&b, list);
	return list.items ? printable(arena, b.s) : "-";
}

static const char *field_text(struct arena *arena, const struct field *f, const void *record)
{
	const void *at = field_cptr(f, record);

	switch (f->type) {
	case FIELD_TEXT:
	case FIELD_UUID:
		return *(const char *const *)at ? printable(arena, *(const char *const *)at) : "-";
	case FIELD_STRINGS:
		return list_text(arena, *(const struct strings *)at);
	case FIELD_INT:
		return int_text(arena, *(const int64_t *)at);
	case FIELD_BOOL:
		return *(const bool *)at ? "yes" : "no";
	case FIELD_TIME:
		return time_text(arena, *(const int64_t *)at);
	case FIELD_OBJECT:
	case FIELD_LIST:
		break;
	}
	return NULL;   /* shown by its own print_record or print_list */
}

static void print_json(const struct cmd_args *a, const struct field_schema *schema,
		       const void *record)
{
	struct strbuf b = { .arena = a->arena };

	json_write(&b, schema, record);
	fwrite(b.s, 1, b.len, stdout);
}

void print_record(const struct cmd_args *a, const struct field_schema *schema,
		  const void *record)
{
	if (a->json) {
		print_json(a, schema, record);
		putchar('\n');
		return;
	}
	for (const struct field *f = schema->fields; f->name; f++) {
		const char *text;

		if (!field_shown(schema, f))
			continue;
		if (f->type == FIELD_OBJECT) {
			const void *inner = *(const void *const *)field_cptr(f, record);

			if (inner)
				print_record(a, f->schema, inner);
			continue;
		}
		text = field_text(a->arena, f, record);
		if (text)
			printf("%-20s %s\n", f->name, text);
	}
}

struct column {
	const struct field *field;
	size_t width;
};

static bool find_column(const struct field_schema *schema, const char *name, struct column *out,
			struct err *err_r)
{
	const struct field *f = schema->fields;

	while (f->name && !str_eq(f->name, name))
		f++;
	out->field = f;
	return (f->name && f->type != FIELD_OBJECT && f->type != FIELD_LIST) ||
	       err_set(err_r, ERR_INTERNAL, "%s has no field %s that fits a column", schema->name,
		       name);
}

static const void *list_item(const struct field_schema *schema, const struct field_list *list,
			     size_t i)
{
	return (const char *)list->items + i * schema->size;
}

static size_t column_width(struct arena *arena, const struct field *f,
			   const struct field_schema *schema, const struct field_list *list)
{
	size_t width = strlen(f->name);

	for (size_t i = 0; i < list->n; i++) {
		size_t n = utf8_length(field_text(arena, f, list_item(schema, list, i)));

		width = n > width ? n : width;
	}
	return width;
}

static void print_cell(const char *text, size_t width, bool last)
{
	size_t n = utf8_length(text);

	printf("%s%*s", text, last ? 0 : (int)(width - n) + 2, "");
}

static bool print_table(const struct cmd_args *a, const struct field_schema *schema,
			const struct field_list *list, const char *const *names,
			struct err *err_r)
{
	struct column *columns;
	size_t n = 0;

	while (names[n])
		n++;
	columns = arena_alloc(a->arena, (n + 1) * sizeof(*columns));
	for (size_t c = 0; c < n; c++) {
		if (!find_column(schema, names[c], &columns[c], err_r))
			return false;
		columns[c].width = column_width(a->arena, columns[c].field, schema, list);
	}
	for (size_t c = 0; c < n; c++)
		print_cell(columns[c].field->name, columns[c].width, c + 1 == n);
	putchar('\n');
	for (size_t i = 0; i < list->n; i++) {
		for (size_t c = 0; c < n; c++)
			print_cell(field_text(a->arena, columns[c].field, list_item(schema, list, i)),
				   columns[c].width, c + 1 == n);
		putchar('\n');
	}
	return true;
}

bool print_list(const struct cmd_args *a, const struct field_schema *schema,
		const struct field_list *list, const char *const *columns, struct err *err_r)
{
	if (!a->json)
		return print_table(a, schema, list, columns, err_r);
	putchar('[');
	for (size_t i = 0; i < list->n; i++) {
		if (i > 0)
			putchar(',');
		print_json(a, schema, list_item(schema, list, i));
	}
	puts("]");
	return true;
}

void print_rows_add(struct print_rows *rows, struct arena *arena,
		    const struct field_list *page, size_t size)
{
	size_t n = rows->list.n + page->n;

	if (n > rows->capacity) {
		char *grown;

		rows->capacity = 2 * n;
		grown = arena_alloc(arena, rows->capacity * size);
		if (rows->list.n > 0)
			memcpy(grown, rows->list.items, rows->list.n * size);
		rows->list.items = grown;
	}
	if (page->n > 0)
		memcpy((char *)(uintptr_t)rows->list.items + rows->list.n * size, page->items,
		       page->n * size);
	rows->list.n = n;
}
