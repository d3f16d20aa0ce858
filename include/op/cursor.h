/*
 * op/cursor.h - lists by page: newest first, by (created_at, id).
 *
 * A cursor is base64url of "<created_at>|<id>" of the last row that was shown,
 * so rows that come or go meanwhile neither repeat nor hide others.
 */
#ifndef PIERRE_OP_CURSOR_H
#define PIERRE_OP_CURSOR_H

#include "base/field.h"
#include "base/str.h"
#include "op/op.h"

#define PAGE_LIMIT_MAX 200
#define PAGE_LIMIT_DEFAULT 50

struct page {
	int64_t before_at;
	char before_id[UUID_TEXT];
	int64_t limit;       /* rows to show */
	int64_t fetch;       /* rows to ask for: one more tells whether there is a next page */
};

/* limit 1..200 (INT_NONE = 50), cursor NULL = the first page. ERR_RANGE field
 * limit, ERR_INVALID field cursor. */
bool page_parse(struct page *page, int64_t limit, const char *cursor, struct err *err_r);

/* Cuts a list that was fetched with page->fetch to the page. NULL at the end,
 * otherwise the cursor of the next page, from created_at and id of the last
 * row shown. */
const char *page_cut(const struct page *page, struct arena *arena, struct field_list *list,
		     size_t row_size, size_t created_at_offset, size_t id_offset);

#endif
