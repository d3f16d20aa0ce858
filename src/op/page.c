/* op/page.c - lists by page; the format of a cursor is known here only. */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "op/page.h"

#define CURSOR_BYTES (TIME_TEXT - 1 + 1 + UUID_TEXT - 1)  /* moment, '|', id */
#define LAST_ID "ffffffff-ffff-ffff-ffff-ffffffffffff"

static bool parse_cursor(struct page *page, const char *cursor)
{
	char text[CURSOR_BYTES + 1], id[UUID_TEXT];
	size_t n;

	if (!base64url_decode(cursor, text, CURSOR_BYTES, &n) || n != CURSOR_BYTES)
		return false;
	text[CURSOR_BYTES] = '\0';
	if (strlen(text) != CURSOR_BYTES || text[TIME_TEXT - 1] != '|')
		return false;
	text[TIME_TEXT - 1] = '\0';
	if (!time_parse(text, &page->before_at) || !uuid_parse(text + TIME_TEXT, id))
		return false;
	memcpy(page->before_id, id, sizeof(id));
	return true;
}

static bool parse(struct page *page, const struct page_in *in, struct err *err_r)
{
	int64_t limit = in->limit == INT_NONE ? PAGE_LIMIT_DEFAULT : in->limit;

	if (!field_check(&page_in_schema, in, err_r))
		return false;
	*page = (struct page){
		.before_at = TIME_LAST, .before_id = LAST_ID,
		.limit = limit, .fetch = limit + 1,
	};
	if (in->cursor && !parse_cursor(page, in->cursor))
		return err_field(err_r, ERR_INVALID, "cursor",
				 "The cursor is not one that this service gave out");
	return true;
}

/* Cut the rows that were read to the page. NULL at the end, otherwise the cursor of the
 * next page. */
static const char *cut(const struct page *page, const struct page_list *list,
		       struct arena *arena, struct field_list *rows)
{
	char text[CURSOR_BYTES + 1], coded[4 * ((CURSOR_BYTES + 2) / 3) + 1];
	const char *row, *id;
	int64_t created_at;

	if (rows->n <= (size_t)page->limit)
		return NULL;
	rows->n = (size_t)page->limit;
	row = (const char *)rows->items + (rows->n - 1) * list->row_size;
	memcpy(&created_at, row + list->created_at, sizeof(created_at));
	memcpy(&id, row + list->id, sizeof(id));
	time_format(created_at, text);
	text[TIME_TEXT - 1] = '|';
	memcpy(text + TIME_TEXT, id, UUID_TEXT);
	base64url_encode(text, CURSOR_BYTES, coded);
	return arena_strdup(arena, coded);
}

bool op_page(struct op *op, struct scope scope, const struct page_list *list, const void *filter,
	     const struct page_in *in, struct page_out *out, struct err *err_r)
{
	struct page page;

	if (!parse(&page, in, err_r) ||
	    !list->read(op->db, scope, filter, &page, op->arena, &out->rows, err_r))
		return false;
	out->next_cursor = cut(&page, list, op->arena, &out->rows);
	return true;
}
