/*
 * resource/list.h - the reply of a list by page: its rows under a name of their own,
 * and next_cursor.
 */
#ifndef PIERRE_RESOURCE_LIST_H
#define PIERRE_RESOURCE_LIST_H

#include "model/page.h"
#include "resource/call.h"

#define ROW_NEXT_CURSOR(s, member) FIELD_AS("next_cursor", s, member, TEXT, FIELD_NULLABLE, \
	"?cursor= of the next page, null at the end")

/* The schema of a struct page_out whose rows are of <record>_schema:
 * static const struct field_schema key_list_schema =
 *	LIST_SCHEMA("ApiKeyList", "api_keys", api_key, "Your keys, newest first"); */
#define LIST_SCHEMA(as, name, record, sentence) \
	FIELD_SCHEMA(as, struct page_out, ((const struct field[]){ \
		FIELD_AS(name, struct page_out, rows, LIST, 0, sentence, .schema = &record##_schema), \
		ROW_NEXT_CURSOR(struct page_out, next_cursor), \
		{ 0 }, \
	}))

/* What administrators' lists answer, as the original's (R28): {success, message,
 * data{count, <name>, next_cursor}}. Replied by data_page_reply(). */
struct data_page {
	int64_t count;
	struct page_out page;
};
#define DATA_PAGE_SCHEMA(as, name, record, sentence) \
	FIELD_SCHEMA(as, struct data_page, ((const struct field[]){ \
		FIELD(struct data_page, count, INT, FIELD_REQUIRED, "Rows on this page"), \
		FIELD_AS(name, struct data_page, page.rows, LIST, FIELD_REQUIRED, sentence, \
			 .schema = &record##_schema), \
		ROW_NEXT_CURSOR(struct data_page, page.next_cursor), \
		{ 0 }, \
	}))

/* {success, message, data}: data is a record of that schema. */
struct data_reply {
	bool success;
	const char *message;
	const void *data;
};
#define DATA_REPLY_SCHEMA(as, record, sentence) \
	FIELD_SCHEMA(as, struct data_reply, ((const struct field[]){ \
		ROW_SUCCESS(struct data_reply), ROW_MESSAGE(struct data_reply), \
		FIELD(struct data_reply, data, OBJECT, FIELD_REQUIRED, sentence, \
		      .schema = &record##_schema), \
		{ 0 }, \
	}))

/* what: what one row is, in words: "pending user". */
bool data_page_reply(struct call *call, const struct page_out *page, const char *what);

#endif
