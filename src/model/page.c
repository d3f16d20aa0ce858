/* model/page.c - fields of a page that is asked for. */
#include "config.h"

#include "model/page.h"

static const struct field page_fields[] = {
	PAGE_IN_ROWS(struct page_in, ),
	{ 0 },
};
const struct field_schema page_in_schema =
	FIELD_SCHEMA("Page", struct page_in, page_fields);
