/* cursor.c - lists by page; the format of a cursor is known here only. */
#include "config.h"

#include <string.h>

#include "op/cursor.h"

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

bool page_parse(struct page *page, int64_t limit, const char *cursor, struct err *err_r)
{
	if (limit == INT_NONE)
		limit = PAGE_LIMIT_DEFAULT;
	if (limit < 1 || limit > PAGE_LIMIT_MAX)
		return err_field(err_r, ERR_RANGE, "limit", "The limit must be 1 to %d",
				 PAGE_LIMIT_MAX);
	*page = (struct page){
		.before_at = TIME_LAST, .before_id = LAST_ID,
		.limit = limit, .fetch = limit + 1,
	};
	if (cursor && !parse_cursor(page, cursor))
		return err_field(err_r, ERR_INVALID, "cursor",
				 "The cursor is not one that this service gave out");
	return true;
}

const char *page_cut(const struct page *page, struct arena *arena, struct field_list *list,
		     size_t row_size, size_t created_at_offset, size_t id_offset)
{
	char text[CURSOR_BYTES + 1], coded[4 * ((CURSOR_BYTES + 2) / 3) + 1];
	const char *row, *id;
	int64_t created_at;

	if (list->n <= (size_t)page->limit)
		return NULL;
	list->n = (size_t)page->limit;
	row = (const char *)list->items + (list->n - 1) * row_size;
	memcpy(&created_at, row + created_at_offset, sizeof(created_at));
	memcpy(&id, row + id_offset, sizeof(id));
	time_format(created_at, text);
	text[TIME_TEXT - 1] = '|';
	memcpy(text + TIME_TEXT, id, UUID_TEXT);
	base64url_encode(text, CURSOR_BYTES, coded);
	return arena_strdup(arena, coded);
}
