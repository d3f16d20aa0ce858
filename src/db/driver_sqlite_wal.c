/*
 * db/driver_sqlite_wal.c - the log: checkpoints, what waits in it, and the space that it
 * has on the disk.
 */
#include "config.h"

#include <string.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "db/driver_sqlite.h"

enum { CHECKPOINT_WAIT_MS = 100 };

/* Of the index (https://sqlite.org/walformat.html, 1.1 and 2.1), in bytes. */
enum { INDEX_BYTES = 32768, AT_PAGE_SIZE = 14, AT_FRAMES = 16, AT_BACKFILLED = 96, FRAME_HEAD = 24 };

/* A file system that is smaller keeps a part of itself. */
enum { LEAST_BYTES = DB_LOG_KEEP, LEAST_PART = 8 };

/* Allocate blocks for the next transactions, since the disk may be full by then. SQLite
 * ignores what is behind the frames. */
static void keep_blocks(struct db_conn *c, int64_t bytes)
{
	sqlite3_file *wal = NULL;
	sqlite3_int64 size = bytes;
	int chunk = (int)bytes;

	sqlite3_file_control(c->handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
	if (!wal || !wal->pMethods)
		return;
	wal->pMethods->xFileControl(wal, SQLITE_FCNTL_CHUNK_SIZE, &chunk);
	wal->pMethods->xFileControl(wal, SQLITE_FCNTL_SIZE_HINT, &size);
	chunk = 0;   /* or no TRUNCATE would */
	wal->pMethods->xFileControl(wal, SQLITE_FCNTL_CHUNK_SIZE, &chunk);
}

enum db_rc sqlite_checkpoint(struct db_conn *c, int64_t keep, int64_t deadline, bool *done_r,
			     struct err *err_r)
{
	int mode = keep > 0 ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_TRUNCATE;
	enum db_rc outcome;
	int rc;

	*done_r = c->memory;
	if (c->memory)
		return DB_OK;
	outcome = writer_lock_take(&c->lock, deadline, err_r);
	if (outcome != DB_OK)
		return outcome == DB_BUSY ? DB_OK : outcome;
	/* bounds the wait for readers, which would stall every writer */
	c->deadline = clock_monotonic() + CHECKPOINT_WAIT_MS;
	rc = sqlite3_wal_checkpoint_v2(c->handle, "main", mode, NULL, NULL);
	if (rc == SQLITE_OK && keep > 0)
		keep_blocks(c, keep);
	writer_lock_release(&c->lock);
	*done_r = rc == SQLITE_OK;
	if (rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY)
		return DB_OK;
	return sqlite_fail(c, rc, "the checkpoint", err_r);
}

/* Read where it is mapped: to open and close -shm would drop SQLite's locks. */
int64_t sqlite_log_bytes(struct db_conn *c)
{
	void volatile *index = NULL;
	sqlite3_file *file = NULL;
	uint32_t frames, done;
	uint16_t page;
	const char *at;

	if (c->memory)
		return 0;
	sqlite3_file_control(c->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
	if (!file || !file->pMethods || file->pMethods->iVersion < 2 ||
	    file->pMethods->xShmMap(file, 0, INDEX_BYTES, 0, &index) != SQLITE_OK || !index)
		return 0;
	at = (const char *)(uintptr_t)index;
	memcpy(&page, at + AT_PAGE_SIZE, sizeof(page));
	memcpy(&frames, at + AT_FRAMES, sizeof(frames));
	memcpy(&done, at + AT_BACKFILLED, sizeof(done));
	if (frames <= done)
		return 0;
	return (int64_t)(frames - done) * ((page == 1 ? 65536 : page) + FRAME_HEAD);
}

bool sqlite_has_space(struct db_conn *c, struct err *err_r)
{
	struct statvfs fs;
	uint64_t least = LEAST_BYTES;

	if (c->memory || fstatvfs(c->files.fd, &fs) != 0)
		return true;
	if ((uint64_t)fs.f_blocks * fs.f_frsize / LEAST_PART < least)
		least = (uint64_t)fs.f_blocks * fs.f_frsize / LEAST_PART;
	if ((uint64_t)fs.f_bavail * fs.f_frsize >= least)
		return true;
	return err_reason(err_r, ERR_UNAVAILABLE, "disk_full",
			  "The database's disk is full: only what ends a right is written (revoke, log "
			  "out, suspend). Free some space, then it goes on by itself");
}
