/*
 * op/change.h - following the changes of all hosts, so that a cached row is used until
 * the row is changed (op/cache.h).
 */
#ifndef PIERRE_OP_CHANGE_H
#define PIERRE_OP_CHANGE_H

#include "op/op.h"

/* Begins as { 0 }. */
struct change_watch {
	int64_t position;        /* of what is still to be read */
	int64_t from, at;        /* monotonic ms; shm/epoch.h */
	int64_t wall;            /* the time of day of the last call */
};

/* Bump what changed since the last call, on this host or another. False: the
 * next call reads it as well; rows are cached for a few seconds meanwhile. */
bool op_changes_follow(struct op *op, struct change_watch *w, struct err *err_r);

#endif
