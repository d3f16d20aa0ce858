/* op/refresh_late.h - answers that come too late. For src/op only. */
#ifndef PIERRE_OP_REFRESH_LATE_H
#define PIERRE_OP_REFRESH_LATE_H

#include "op/refresh.h"

/* An answer that was not stored. When its connection was ended, or set anew, since it was
 * asked for, or what a code gave may not become one, nobody has these tokens, and they may
 * live for months. Where the provider ends one token alone (revoke_kills) they become a
 * connection that has ended, which the caller revokes; where it ends all that the user granted
 * they are dropped. */
bool op_refresh_late(struct op *op, const struct refresh_answer *a, struct err *err_r);

#endif
