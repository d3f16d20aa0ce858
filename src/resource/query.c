/*
 * Query parameters that several lists share.
 */
#include "config.h"

#include "base/field.h"
#include "base/str.h"
#include "resource/query.h"

bool query_page(const struct request *req, int64_t *limit_r, const char **cursor_r,
		struct err *err_r)
{
	const char *limit;

	*limit_r = INT_NONE;
	if (!request_query(req, "limit", &limit, err_r) ||
	    !request_query(req, "cursor", cursor_r, err_r))
		return false;
	if (!limit || str_int(limit, 1, PAGE_LIMIT_MAX, limit_r))
		return true;
	return err_field(err_r, ERR_RANGE, "limit", "limit must be a number from 1 to %d",
			 PAGE_LIMIT_MAX);
}
