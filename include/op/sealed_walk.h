/*
 * op/sealed_walk.h - every row with a secret, table by table, beside a running service:
 * `pierre keys check` opens them, `pierre keys rewrap` seals again what the current
 * data key has not sealed.
 *
 * Rows go on being read, since both keys are there, and written: a row that changes
 * meanwhile is left alone. Each page is one transaction, and one that others hold longer than
 * the database is waited for is tried again, five times in all. What is done already needs
 * nothing, so a walk that was killed is simply begun again.
 */
#ifndef PIERRE_OP_SEALED_WALK_H
#define PIERRE_OP_SEALED_WALK_H

#include "model/scope.h"
#include "op/op.h"

struct sealed_walk {
	/* in */
	bool reseal;               /* false: only open */
	bool dry;                  /* with reseal: count them, write nothing */
	const char *tenant_id;     /* rows of this tenant alone; NULL = all */
	int64_t rate;              /* rows a second that are sealed again; 0 = as fast as it goes */
	/* after each page, and for each row that does not open; either may be NULL */
	void (*progress)(const struct sealed_walk *w);
	void (*fault)(const struct sealed_walk *w, const char *table, const char *row_id,
		      const char *sentence);
	/* out */
	int64_t rows, resealed, faults;
};

/* False: the database failed, or others held a page all the time; what was written until then
 * stays. With faults it goes on to the end and is true. */
bool op_sealed_walk(struct op *op, struct scope scope, struct sealed_walk *w,
		    struct err *err_r);

#endif
