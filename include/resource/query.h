/*
 * resource/query.h - query parameters that several lists share.
 */
#ifndef PIERRE_RESOURCE_QUERY_H
#define PIERRE_RESOURCE_QUERY_H

#include <stdint.h>

#include "http/route.h"
#include "op/cursor.h"

#define QUERY_PAGE \
	QUERY("limit", INT, "Most rows of this page; 50 when left out", \
	      .min = 1, .max = PAGE_LIMIT_MAX), \
	QUERY("cursor", TEXT, "next_cursor of the page before; the first page when left out")

/* ?limit=1..PAGE_LIMIT_MAX (INT_NONE when absent) and ?cursor= (NULL when absent). */
bool query_page(const struct request *req, int64_t *limit_r, const char **cursor_r,
		struct err *err_r);

#endif
