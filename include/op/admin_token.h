/*
 * op/admin_token.h - credentials of programs that administer (`padm_...`): /admin alone,
 * and there what their permissions say. A token ranks as an admin. Only a super_admin
 * makes one, so none can make another that may more.
 */
#ifndef PIERRE_OP_ADMIN_TOKEN_H
#define PIERRE_OP_ADMIN_TOKEN_H

#include "model/admin_token.h"
#include "model/token_use.h"
#include "op/op.h"
#include "op/page.h"
#include "op/scope.h"

/* in: by admin_token_create_schema. text_r is to be shown once (arena). */
bool op_admin_token_create(struct op *op, const struct admin_token *in, struct admin_token *out,
			   const char **text_r, struct err *err_r);

/* ERR_NOT_FOUND: no such token in scope, here and below. */
bool op_admin_token_get(struct op *op, struct scope scope, const char *id,
			struct admin_token *out, struct err *err_r);
bool op_admin_token_list(struct op *op, struct scope scope, const struct admin_token_query *in,
			 struct page_out *out, struct err *err_r);

/* From the next request on; again = as it is. By a super_admin or the token itself:
 * ERR_FORBIDDEN reason role. */
bool op_admin_token_revoke(struct op *op, struct scope scope, const char *id,
			   struct admin_token *out, struct err *err_r);

/* A new one with the name and the permissions of the old one, which goes on for
 * in->overlap_seconds. ERR_CONFLICT: the old one is revoked, expired or was rotated. */
bool op_admin_token_rotate(struct op *op, struct scope scope, const char *id,
			   const struct admin_token *in, struct admin_token *out,
			   const char **text_r, struct err *err_r);

/* Its calls, newest first (struct token_use). */
bool op_admin_token_usage(struct op *op, struct scope scope, const char *id,
			  const struct token_use_query *in, struct page_out *out,
			  struct err *err_r);
/* Keys that administrators made (struct provisioned_key), newest first. */
bool op_provisioned_list(struct op *op, struct scope scope, const struct provisioned_query *in,
			 struct page_out *out, struct err *err_r);

#endif
