/* op/refresh_ask.h - those who give tokens out ask for a refresh. */
#ifndef PIERRE_OP_REFRESH_ASK_H
#define PIERRE_OP_REFRESH_ASK_H

#include "model/connection.h"
#include "model/provider.h"
#include "model/scope.h"
#include "op/op.h"

/* One more request needs these tokens: they are in use, and inside their margin a refresh is
 * wanted and the caller is woken. It writes at most once an hour, and when a refresh begins to
 * be wanted; it hardly waits for that (db_transaction_brief()), since it runs in the fast pool:
 * what cannot be written now is by a later request. Call it last. */
void op_refresh_ask(struct op *op, struct scope scope, const struct provider *p,
		    const struct connection *c);

#endif
