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

/* --- characters ----------------------------------------------------------------- */

static uint32_t code_point(const char *s, size_t n)
{
	uint32_t cp = (unsigned char)s[0] & (n == 1 ? 0x7fu : 0xffu >> (n + 1));

	for (size_t i = 1; i < n; i++)
		cp = cp << 6 | ((unsigned char)s[i] & 0x3fu);
	return cp;
}

/* RFC 8259 section 7 */
static void add_escape(struct strbuf *b, uint32_t cp)
{
	if (cp > 0xffff)
		strbuf_addf(b, "\\u%04x\\u%04x", 0xd7c0 + (cp >> 10), 0xdc00 + (cp & 0x3ff));
	else
		strbuf_addf(b, "\\u%04x", cp);
}

static bool is_shown(const char *s, size_t n)
{
	char one[5];

	if (n == 1 && *s >= ' ' && *s <= '~')
		return true;
	str_copy(one, n + 1, s);
	return n > 0 && !(text_kinds(one) & (TEXT_CONTROL | TEXT_FORMAT));
}

/* A name or an address must not be able to steer the terminal. */
static const char *printable(struct arena *arena, const char *s, bool json)
{
	struct strbuf b = { .arena = arena };
	size_t left = strlen(s), n;

	strbuf_adds(&b, "");
	for (; left > 0; s += n, left -= n) {
		n = utf8_char(s, left);
		if (is_shown(s, n))
			strbuf_add(&b, s, n);
		else if (json && n > 0)
			add_escape(&b, code_point(s, n));
		else
			strbuf_adds(&b, "?");
		n += n == 0;
	}
	return b.s;
}

/* --- a record ------------------------------------------------------------------- */

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
	return list.items ? printable(arena, b.s, false) : "-";
}

static const char *field_text(struct arena *arena, const struct field *f, const void *record)
{
	const void *at = field_cptr(f, record);

	switch (f->type) {
	case FIELD_TEXT:
	case FIELD_UUID:
	case FIELD_JSON:
		return *(const char *const *)at ? printable(arena, *(const char *const *)at, false) : "-";
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
	fputs(printable(a->arena, b.s, true), stdout);
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

/* --- a list --------------------------------------------------------------------- */

struct column {
	const struct field *field;
	size_t width;
};

/* NULL: there is none that fits a column. */
static const struct field *find_column(const struct field_schema *schema, const char *name)
{
	const struct field *f = field_named(schema, name);

	return f && f->type != FIELD_OBJECT && f->type != FIELD_LIST ? f : NULL;
}

bool print_columns_check(const struct cmd_list *list, struct err *err_r)
{
	for (const char *const *name = list->columns; name && *name; name++)
		if (!find_column(list->schema, *name))
			return err_set(err_r, ERR_INTERNAL, "%s has no field %s that fits a column",
				       list->schema->name, *name);
	return list->columns || list->text ||
	       err_set(err_r, ERR_INTERNAL, "a list of %s has no columns", list->schema->name);
}

static const void *list_item(const struct field_schema *schema, const struct field_list *items,
			     size_t i)
{
	return (const char *)items->items + i * schema->size;
}

static size_t column_width(struct arena *arena, const struct field *f,
			   const struct field_schema *schema, const struct field_list *items)
{
	size_t width = strlen(f->name);

	for (size_t i = 0; i < items->n; i++) {
		size_t n = utf8_length(field_text(arena, f, list_item(schema, items, i)));

		width = n > width ? n : width;
	}
	return width;
}

static void print_cell(const char *text, size_t width, bool last)
{
	size_t n = utf8_length(text);

	printf("%s%*s", text, last ? 0 : (int)(width - n) + 2, "");
}

static void print_rows(struct arena *arena, const struct cmd_list *list,
		       const struct field_list *items, const struct column *columns, size_t n)
{
	for (size_t c = 0; c < n; c++)
		print_cell(columns[c].field->name, columns[c].width, c + 1 == n);
	putchar('\n');
	for (size_t i = 0; i < items->n; i++) {
		for (size_t c = 0; c < n; c++)
			print_cell(field_text(arena, columns[c].field,
					      list_item(list->schema, items, i)),
				   columns[c].width, c + 1 == n);
		putchar('\n');
	}
}

static bool print_table(struct arena *arena, const struct cmd_list *list,
			const struct field_list *items, struct err *err_r)
{
	struct column *columns;
	size_t n = 0;

	if (!print_columns_check(list, err_r))
		return false;
	while (list->columns[n])
		n++;
	columns = arena_alloc(arena, (n + 1) * sizeof(*columns));
	for (size_t c = 0; c < n; c++) {
		columns[c].field = find_column(list->schema, list->columns[c]);
		columns[c].width = column_width(arena, columns[c].field, list->schema, items);
	}
	print_rows(arena, list, items, columns, n);
	return true;
}

bool print_list(const struct cmd_args *a, const struct cmd_list *list,
		const struct field_list *items, struct err *err_r)
{
	if (!a->json && !list->text)
		return print_table(a->arena, list, items, err_r);
	if (a->json)
		putchar('[');
	for (size_t i = 0; i < items->n; i++) {
		const void *item = list_item(list->schema, items, i);

		if (!a->json) {
			list->text(item);
			continue;
		}
		if (i > 0)
			putchar(',');
		print_json(a, list->schema, item);
	}
	if (a->json)
		puts("]");
	return true;
}

/* --- pages ---------------------------------------------------------------------- */

struct rows {
	struct field_list list;
	size_t capacity;
};

static void rows_add(struct rows *rows, struct arena *arena, const struct field_list *page,
		     size_t size)
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

bool print_pages(struct context *c, const struct cmd_args *a, struct err *err_r)
{
	struct cmd_page page = { .in.limit = PAGE_LIMIT_MAX, .list = a->cmd->lists };
	struct rows rows = { 0 };

	do {
		page.in.cursor = page.out.next_cursor;
		page.out.next_cursor = NULL;
		if (!a->cmd->fn(c, a->in, &page, err_r))
			return false;
		rows_add(&rows, a->arena, &page.out.rows, page.list->schema->size);
	} while (page.out.next_cursor);
	return print_list(a, page.list, &rows.list, err_r);
}
