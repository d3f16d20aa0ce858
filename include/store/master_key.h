/*
 * store/master_key.h - another master key. What is wrapped and signed, and how, is
 * op/data_key_master.c's.
 */
#ifndef PIERRE_STORE_MASTER_KEY_H
#define PIERRE_STORE_MASTER_KEY_H

#include "base/arena.h"
#include "base/err.h"
#include "model/audit.h"
#include "model/audit_chain.h"
#include "model/data_key.h"

struct db;

/* In one transaction: wrap is called for each data key, sign for each head of the audit
 * trail; both may be called again. No host links audit events meanwhile. ERR_CONFLICT:
 * key_check is not old_check (any more). */
struct master_rotation {
	const char *old_check, *new_check;
	bool (*wrap)(struct data_key *key, void *arg, struct err *err_r);
	bool (*sign)(struct audit_head *head, void *arg, struct err *err_r);
	void *arg;
	struct arena *arena;
	int64_t keys, heads;   /* out: how many */
};
bool store_master_rotate(struct db *db, const struct audit_event *event,
			 struct master_rotation *m, struct err *err_r);

#endif
