/*
 * Following the table of changes. The order makes it complete: first read the position
 * to go on from, then read and bump the changes, then say that all before is bumped.
 */
#include "config.h"

#include "base/clock.h"
#include "base/str.h"
#include "op/cache.h"
#include "op/change.h"
#include "shm/epoch.h"
#include "store/change.h"

#define IDS_MAX 1000          /* changes in one call; more = all may have */
#define GAP_MS 60000          /* after a longer pause changes may have been swept */

static bool bump(struct op *op, int64_t position, bool *all_r, struct err *err_r)
{
	const char *ids[IDS_MAX];
	size_t n;

	if (!store_changes_since(op->db, position, IDS_MAX, op->arena, ids, &n, err_r))
		return false;
	*all_r = n < IDS_MAX;
	for (size_t i = 0; i < n; i++) {
		op_changed(op, ids[i]);
		*all_r &= !str_eq(ids[i], CHANGED_ALL);
	}
	return true;
}

bool op_changes_follow(struct op *op, struct change_watch *w, struct err *err_r)
{
	int64_t now = clock_monotonic(), next;
	bool all = false, goes_on;

	if (!store_changes_position(op->db, &next, err_r))
		return false;
	/* back: it is another database, or the table was emptied */
	goes_on = w->from && now - w->at <= GAP_MS && next >= w->position &&
		  op->now - w->wall <= GAP_MS;   /* the machine may have slept */
	if (goes_on && !bump(op, w->position, &all, err_r))
		return false;
	if (!all)   /* only what is read from here on is known to be good */
		w->from = clock_monotonic();
	w->position = next;
	w->at = now;
	w->wall = op->now;
	epoch_follow(op->process->segment, w->from, w->at);
	return true;
}
