/*
 * shm/segment_file.c - the file itself: made under another name and renamed when
 * it is whole; kept when boot, database and layout are ours; thrown away, with
 * one log line, when they are not. When only the sizes changed, or the names of
 * what is counted, the rows that wait and what was counted are moved to a new file.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/log.h"
#include "shm/segment_file.h"

#define NEW_FILE SEGMENT_FILE ".new"
#define TMPFS_TYPE 0x01021994       /* linux/magic.h */
#define TMPFS_BOOT "tmpfs"

/* --- who we are ------------------------------------------------------------------- */

/* /proc/sys is hidden from a confined service; a tmpfs does not outlive the
 * boot, so there it is not needed. */
static bool boot_of(int dir_fd, char out[SEGMENT_TEXT], struct err *err_r)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	struct statfs fs;
	ssize_t n;

	memset(out, 0, SEGMENT_TEXT);
	if (fstatfs(dir_fd, &fs) == 0 && fs.f_type == TMPFS_TYPE) {
		snprintf(out, SEGMENT_TEXT, TMPFS_BOOT);
		n = 1;
	} else {
		n = fd >= 0 ? read(fd, out, 36) : -1;
	}
	if (fd >= 0)
		close(fd);
	if (n > 0)
		return true;
	return err_field(err_r, ERR_CONFIG, "RUNTIME_DIR",
			 "RUNTIME_DIR is not on a tmpfs, and the boot id cannot be read: put it on one");
}

static bool random_id(char out[SEGMENT_TEXT], struct err *err_r)
{
	unsigned char b[16];
	char hex[33];

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		return err_set(err_r, ERR_INTERNAL, "no random numbers: %s", strerror(errno));
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	hex_encode(b, sizeof(b), hex);
	memset(out, 0, SEGMENT_TEXT);
	snprintf(out, SEGMENT_TEXT, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
		 hex + 20);
	return true;
}

static uint64_t checksum(const struct segment_identity *id)
{
	return segment_hash(id, offsetof(struct segment_identity, checksum));
}

static bool identity_of(int dir_fd, const struct segment_options *o, struct segment_identity *id,
			struct err *err_r)
{
	struct segment r = { 0 };
	size_t labels;

	memset(id, 0, sizeof(*id));
	if (!stat_labels(o->labels, &labels, err_r))
		return false;
	id->sizes = (struct segment_sizes){ .rings = o->rings, .limit_slots = o->limit_slots,
		.cache_bytes = o->cache_bytes, .counters = STAT__COUNT, .routes = labels + 1 };
	segment_measure(&r, &id->sizes);
	snprintf(id->magic, sizeof(id->magic), "%s", SEGMENT_MAGIC);
	snprintf(id->database_id, sizeof(id->database_id), "%s", o->database_id);
	id->layout = SEGMENT_LAYOUT;
	id->own_bytes = sizeof(struct segment_header);
	id->sizes.limit_slots = r.limit_slots;
	id->sizes.cache_bytes = r.cache_bytes;
	return boot_of(dir_fd, id->boot, err_r) && random_id(id->host_id, err_r);
}

/* --- mapping ------------------------------------------------------------------------ */

static bool map(struct segment *r, int fd, const struct segment_identity *id, struct err *err_r)
{
	void *base;

	segment_measure(r, &id->sizes);
	base = mmap(NULL, r->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		return err_set(err_r, ERR_INTERNAL, "the shared memory file of %zu bytes cannot be mapped: %s",
			       r->bytes, strerror(errno));
	segment_place(r, base);
	r->fd = fd;
	return true;
}

/* --- making ------------------------------------------------------------------------- */

static bool cannot_make(struct err *err_r, int error)
{
	return err_field(err_r, ERR_CONFIG, "RUNTIME_DIR",
			 "no shared memory file can be made in RUNTIME_DIR: %s", strerror(error));
}

static bool make(struct segment *r, int dir_fd, struct segment_identity *id,
		 const char *const *labels, struct err *err_r)
{
	int fd, rc;

	unlinkat(dir_fd, NEW_FILE, 0);
	fd = openat(dir_fd, NEW_FILE, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return cannot_make(err_r, errno);
	segment_measure(r, &id->sizes);
	id->bytes = r->bytes;
	rc = posix_fallocate(fd, 0, (off_t)r->at.groups);
	if (rc == 0)
		rc = posix_fallocate(fd, (off_t)r->at.heads, (off_t)(r->at.rows - r->at.heads));
	if (rc != 0 || ftruncate(fd, (off_t)r->bytes) != 0) {
		close(fd);
		return cannot_make(err_r, rc ? rc : errno);
	}
	if (!map(r, fd, id, err_r)) {
		close(fd);
		return false;
	}
	r->header->identity = *id;
	r->header->identity.checksum = checksum(id);
	atomic_store(&r->header->cache_head, SEGMENT_PAGE); /* 0 means no entry */
	stat_name(r, labels);
	for (size_t i = 0; i < LIMIT_STRIPES; i++)
		segment_mutex_init(&r->header->stripes[i].mutex);
	return true;
}

static bool make_and_name(struct segment *r, int dir_fd, struct segment_identity *id,
			  const char *const *labels, struct err *err_r)
{
	return make(r, dir_fd, id, labels, err_r) &&
		(renameat(dir_fd, NEW_FILE, dir_fd, SEGMENT_FILE) == 0 || cannot_make(err_r, errno));
}

/* --- judging ------------------------------------------------------------------------ */

static bool read_identity(int fd, struct segment_identity *id)
{
	struct segment r = { 0 };
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    pread(fd, id, sizeof(*id), 0) != (ssize_t)sizeof(*id) ||
	    memcmp(id->magic, SEGMENT_MAGIC, sizeof(id->magic)) != 0 ||
	    id->layout != SEGMENT_LAYOUT || id->own_bytes != sizeof(struct segment_header) ||
	    id->checksum != checksum(id) ||
	    id->sizes.rings > SEGMENT_RINGS_MAX || id->sizes.limit_slots > SEGMENT_LIMIT_SLOTS_MAX ||
	    id->sizes.cache_bytes > SEGMENT_CACHE_MAX || id->sizes.counters > SEGMENT_NAMES_MAX ||
	    id->sizes.routes < 1 || id->sizes.routes > SEGMENT_NAMES_MAX)
		return false;
	segment_measure(&r, &id->sizes);
	return id->bytes == r.bytes && (uint64_t)st.st_size == id->bytes;
}

static const char *why_unread(const struct segment_identity *had)
{
	bool ours = memcmp(had->magic, SEGMENT_MAGIC, sizeof(had->magic)) == 0;

	return ours && had->layout != SEGMENT_LAYOUT ? "version" : "torn";
}

static bool rings_whole(const struct segment *r)
{
	for (size_t i = 0; i < r->rings; i++)
		if (ring_depth(r, i) > RING_ROWS)
			return false;
	return true;
}

static int64_t waiting(const struct segment *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->rings; i++)
		n += ring_depth(r, i);
	return (int64_t)n;
}

/* Why it has to go; NULL = it can stay. */
static const char *misfit(const struct segment *r, const struct segment_identity *want)
{
	const struct segment_identity *had = &r->header->identity;

	if (!rings_whole(r))
		return "torn";
	if (strcmp(had->boot, want->boot) != 0)
		return "boot";
	return strcmp(had->database_id, want->database_id) != 0 ? "database" : NULL;
}

static void unmap(struct segment *r)
{
	munmap(r->header, r->bytes);
	close(r->fd);
	r->header = NULL;
	r->fd = -1;
}

static void log_discarded(const char *why, int64_t rows)
{
	log_warn("room_discarded", LOG_S("reason", why), LOG_N(rows < 0 ? NULL : "rows", rows),
		 LOG_S(rows < 0 ? "rows" : NULL, "unknown"));
}

/* --- opening ------------------------------------------------------------------------ */

/* The rows that wait, the positions and the statistics; leases are given back by then, or
 * forfeited, and epochs mean nothing to processes yet to come. */
static bool move(struct segment *r, int dir_fd, struct segment_identity *id,
		 const char *const *labels, struct err *err_r)
{
	struct segment old = *r;

	r->header = NULL;
	r->fd = -1;
	if (id->sizes.rings < old.rings)
		id->sizes.rings = old.rings;
	memcpy(id->host_id, old.header->identity.host_id, SEGMENT_TEXT);
	if (!make(r, dir_fd, id, labels, err_r)) {
		unmap(&old);
		return false;
	}
	for (size_t i = 0; i < old.rings; i++) {
		uint64_t head = ring_head_seq(&old, i);

		atomic_store(&r->heads[i].head, ring_tail_seq(&old, i));
		atomic_store(&r->heads[i].tail, ring_tail_seq(&old, i));
		for (uint64_t seq = ring_tail_seq(&old, i) + 1; seq <= head; seq++)
			if (!ring_push(r, i, ring_row(&old, i, seq))) {
				unmap(&old);
				return cannot_make(err_r, ENOSPC);
			}
	}
	stat_move(r, &old);
	unmap(&old);
	return renameat(dir_fd, NEW_FILE, dir_fd, SEGMENT_FILE) == 0 || cannot_make(err_r, errno);
}

static bool replace(struct segment *r, int dir_fd, struct segment_identity *id, const char *why,
		    const char *const *labels, int64_t *discarded_r, struct err *err_r)
{
	*discarded_r = -1;
	if (r->header) {
		if (rings_whole(r))
			*discarded_r = waiting(r);
		unmap(r);
	}
	log_discarded(why, *discarded_r);
	return make_and_name(r, dir_fd, id, labels, err_r);
}

bool segment_file_open(struct segment *r, int dir_fd, const struct segment_options *o,
		       int64_t *discarded_r, struct err *err_r)
{
	int fd = openat(dir_fd, SEGMENT_FILE, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct segment_identity had = { 0 }, want;
	const char *why;

	*discarded_r = 0;
	if (!identity_of(dir_fd, o, &want, err_r)) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	if (fd < 0)
		return make_and_name(r, dir_fd, &want, o->labels, err_r);
	if (!read_identity(fd, &had)) {
		close(fd);
		return replace(r, dir_fd, &want, why_unread(&had), o->labels, discarded_r, err_r);
	}
	if (!map(r, fd, &had, err_r)) {
		close(fd);
		return false;
	}
	why = misfit(r, &want);
	if (why)
		return replace(r, dir_fd, &want, why, o->labels, discarded_r, err_r);
	if (had.sizes.rings < want.sizes.rings || had.sizes.limit_slots != want.sizes.limit_slots ||
	    had.sizes.cache_bytes != want.sizes.cache_bytes || !stat_named(r, o->labels))
		return move(r, dir_fd, &want, o->labels, err_r);
	/* the database may have changed since */
	segment_cache_empty(r);
	atomic_store(&r->header->lost, SEGMENT_LOST_NO);
	return true;
}

/* --- attaching ---------------------------------------------------------------------- */

static bool attachable(const struct segment_identity *had, int dir_fd, const char *dir,
		       const char *database_id, struct err *err_r)
{
	char boot[SEGMENT_TEXT];

	if (!boot_of(dir_fd, boot, err_r))
		return false;
	if (strcmp(had->boot, boot) != 0)
		return err_set(err_r, ERR_NOT_FOUND, "the shared memory file in %s is from before the last start "
			       "of this host", dir);
	if (strcmp(had->database_id, database_id) != 0)
		return err_set(err_r, ERR_CONFLICT, "the service in %s has another database", dir);
	return true;
}

bool segment_file_attach(struct segment *r, int dir_fd, const char *dir, const char *database_id,
			 struct err *err_r)
{
	int fd = openat(dir_fd, SEGMENT_FILE, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct segment_identity had;

	if (fd < 0)
		return err_set(err_r, errno == ENOENT ? ERR_NOT_FOUND : ERR_FORBIDDEN,
			       "%s/%s cannot be opened: %s", dir, SEGMENT_FILE, strerror(errno));
	if (!read_identity(fd, &had)) {
		close(fd);
		return err_set(err_r, ERR_CONFLICT, "%s/%s is not a shared memory file of this version of pierre: "
			       "restart the service",
			       dir, SEGMENT_FILE);
	}
	if (!attachable(&had, dir_fd, dir, database_id, err_r) ||
	    !map(r, fd, &had, err_r)) {
		close(fd);
		return false;
	}
	return true;
}
