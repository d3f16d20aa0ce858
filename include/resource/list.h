/*
 * resource/list.h - the reply of a list by page: its rows under a name of their own,
 * and next_cursor.
 */
#ifndef PIERRE_RESOURCE_LIST_H
#define PIERRE_RESOURCE_LIST_H

#include "model/page.h"

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

#endif
