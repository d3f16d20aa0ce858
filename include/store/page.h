/*
 * store/page.h - a page (model/page.h) as parameters of a statement:
 *   WHERE ... AND (created_at, id) < (:before_at, :before_id)
 *   ORDER BY created_at DESC, id DESC LIMIT :limit
 */
#ifndef PIERRE_STORE_PAGE_H
#define PIERRE_STORE_PAGE_H

#include "db/value.h"
#include "model/page.h"

#define PAGE_ARGS(page) .before_at = db_time((page)->before_at), \
	.before_id = db_text((page)->before_id), .limit = db_int((page)->fetch)

#endif
