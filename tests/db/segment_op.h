/*
 * tests/db/segment_op.h - op_fixture.h with what a worker has besides: a segment, a
 * handle for leases, and a monotonic clock that a test can put forward.
 */
#ifndef PIERRE_TESTS_SEGMENT_OP_H
#define PIERRE_TESTS_SEGMENT_OP_H

#include "op/cache.h"
#include "op_fixture.h"
#include "shm/segment.h"
#include "store/quota.h"
#include "worst.h"

static char segment_root[] = "/tmp/pierre-op-room-XXXXXX";

static void segment_op_open(struct fixture *f)
{
	char dir[64];
	struct err err;

	fixture_open(f);
	alarm(300);     /* a lost lock ends as a failure */
	if (!mkdtemp(segment_root))
		exit(99);
	snprintf(dir, sizeof(dir), "%s/room", segment_root);
	f->process.segment = segment_open(&(struct segment_options){
		.dir = dir, .database_id = "11111111-2222-4333-8444-555555555555",
		.rings = 1, .limit_slots = 256, .cache_bytes = 1 << 20,
	}, NULL, &err);
	if (!f->process.segment)
		bail_out("segment_open", &err);
	f->process.quota = store_quota_open(f->db);
	if (!store_quota_migrate(f->process.quota, &err))
		bail_out("quota", &err);
	f->process.block = 1;
	f->process.cache = true;
}

static void segment_op_close(struct fixture *f)
{
	const char *names[] = { "room", "room.lock" };
	char path[128];

	segment_close(&f->process.segment);
	store_quota_close(&f->process.quota, f->db);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/room/%s", segment_root, names[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/room", segment_root);
	rmdir(path);
	rmdir(segment_root);
	fixture_close(f);
}

#endif
