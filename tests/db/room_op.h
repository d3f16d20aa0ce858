/*
 * tests/db/room_op.h - op_fixture.h with what a worker has besides: a room, a
 * handle for leases, and a monotonic clock that a test can put forward.
 */
#ifndef PIERRE_TESTS_ROOM_OP_H
#define PIERRE_TESTS_ROOM_OP_H

#include "op/cache.h"
#include "op_fixture.h"
#include "shm/room.h"
#include "store/quota.h"
#include "worst.h"

static char room_root[] = "/tmp/pierre-op-room-XXXXXX";

static void room_op_open(struct fixture *f)
{
	char dir[64];
	struct err err;

	fixture_open(f);
	alarm(300);     /* a lost lock ends as a failure */
	if (!mkdtemp(room_root))
		exit(99);
	snprintf(dir, sizeof(dir), "%s/room", room_root);
	f->process.room = room_open(&(struct room_options){
		.dir = dir, .database_id = "11111111-2222-4333-8444-555555555555",
		.rings = 1, .limit_slots = 256, .cache_bytes = 1 << 20,
	}, NULL, &err);
	if (!f->process.room)
		bail_out("room_open", &err);
	f->process.quota = store_quota_open(f->db);
	if (!store_quota_migrate(f->process.quota, &err))
		bail_out("quota", &err);
	f->process.block = 1;
	f->process.cache = true;
}

static void room_op_close(struct fixture *f)
{
	const char *names[] = { "room", "room.lock" };
	char path[128];

	room_close(&f->process.room);
	store_quota_close(&f->process.quota, f->db);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/room/%s", room_root, names[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/room", room_root);
	rmdir(path);
	rmdir(room_root);
	fixture_close(f);
}

#endif
