/*
 * model/page.h - lists by page, newest first: what a client asks for, what is read,
 * what is answered.
 */
#ifndef PIERRE_MODEL_PAGE_H
#define PIERRE_MODEL_PAGE_H

#include "base/field.h"

#define PAGE_LIMIT_MAX 200
#define PAGE_LIMIT_DEFAULT 50

struct page_in {
	int64_t limit;         /* 1..PAGE_LIMIT_MAX; INT_NONE = PAGE_LIMIT_DEFAULT */
	const char *cursor;    /* next_cursor of the page before; NULL = the first page */
};
/* The query string of a list that takes nothing else. */
extern const struct field_schema page_in_schema;

/* Its rows, for a query string that has more: PAGE_IN_ROWS(struct user_query, page.) */
#define PAGE_IN_ROWS(s, in) PAGE_IN_ROWS_OF(s, in, 0)
/* The same in views of the table. */
#define PAGE_IN_ROWS_OF(s, in, views) \
	FIELD_AS("limit", s, in limit, INT, FIELD_NULLABLE | (views), \
		 "Most rows of this page; " PAGE_TEXT(PAGE_LIMIT_DEFAULT) " when left out", \
		 .min = 1, .max = PAGE_LIMIT_MAX), \
	FIELD_AS("cursor", s, in cursor, TEXT, FIELD_NULLABLE | (views), \
		 "next_cursor of the page before; the first page when left out")
#define PAGE_TEXT(number) PAGE_TEXT_(number)
#define PAGE_TEXT_(number) #number

struct page_out {
	struct field_list rows;     /* created_at DESC, id DESC */
	const char *next_cursor;    /* NULL at the end */
};

/* Rows to read: up to `fetch` of those before (created_at, id). */
struct page {
	int64_t before_at;
	char before_id[UUID_TEXT];
	int64_t limit;         /* rows to show */
	int64_t fetch;         /* one more tells whether there is a next page */
};

#endif
