/*
 * store/token_use.h - calls by tokens of programs: each leaves one row, in the transaction
 * of what it writes (store_commit()), or in one of its own.
 */
#ifndef PIERRE_STORE_TOKEN_USE_H
#define PIERRE_STORE_TOKEN_USE_H

#include "base/arena.h"
#include "base/err.h"
#include "model/scope.h"
#include "model/token_use.h"

struct db;

/* Inside a transaction. target: counts where the call names none. A token that is not
 * live any more: ERR_AUTH_INVALID reason revoked. */
bool store_token_use_add(struct db *db, const struct token_use *use, const char *target,
			 struct err *err_r);
/* In a transaction of its own: the row, or how the call ended when it is there. */
bool store_token_use(struct db *db, struct token_use *use, struct err *err_r);

/* Of one token, newest first. */
struct token_use_filter {
	const char *token_id;
	const struct token_use_query *in;
};
bool store_token_use_list(struct db *db, struct scope scope, const void *filter,
			  const struct page *page, struct arena *arena, struct field_list *out,
			  struct err *err_r);

#endif
