/*
 * op/page.h - lists by page: newest first, by (created_at, id).
 *
 * A cursor is base64url of "<created_at>|<id>" of the last row that was shown,
 * so rows that come or go meanwhile neither repeat nor hide others.
 */
#ifndef PIERRE_OP_PAGE_H
#define PIERRE_OP_PAGE_H

#include "model/page.h"
#include "model/scope.h"
#include "op/op.h"

/* A list as a row: PAGE_LIST(struct api_key, store_key_list) */
struct page_list {
	size_t row_size;
	size_t created_at, id;   /* offsets of the members that order the rows */
	bool (*read)(struct db *db, struct scope scope, const void *filter,
		     const struct page *page, struct arena *arena, struct field_list *out,
		     struct err *err_r);
};
#define PAGE_LIST(s, fn) { .row_size = sizeof(s), .created_at = offsetof(s, created_at), \
	.id = offsetof(s, id), .read = (fn) }

/* One page of it. filter: as the list's store call wants it, or NULL. ERR_RANGE field
 * limit, ERR_INVALID field cursor. */
bool op_page(struct op *op, struct scope scope, const struct page_list *list, const void *filter,
	     const struct page_in *in, struct page_out *out, struct err *err_r);

#endif
