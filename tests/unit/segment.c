/* tests/unit/segment.c - the file: who may have it, when it is kept, when not. */
#include "config.h"

#include "descriptors.h"
#include "segment_fixture.h"
#include "shm/epoch.h"

#define KEY_ID "33333333-2222-4333-8444-555555555555"

static int mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (int)(st.st_mode & 07777) : -1;
}

static void push_rows(struct segment *r, size_t ring, int n)
{
	struct usage_record rec = { .cost = 7 };

	for (int i = 0; i < n; i++) {
		rec.time_ms = (int64_t)ring_head_seq(r, ring) + 1;
		ring_push(r, ring, &rec);
	}
}

/* --- who may -------------------------------------------------------------------------- */

static void test_modes(void)
{
	mode_t mask = umask(0);
	struct segment *r = segment_here();

	umask(mask);
	ok(r != NULL, "a segment");
	is_int(mode_of(fixture_dir), 0700, "the directory is ours alone");
	is_int(mode_of(fixture_file(SEGMENT_FILE)), 0600, "the file too");
	is_int(mode_of(fixture_file(SEGMENT_LOCK)), 0600, "and the lock");
	is_int((int64_t)strlen(segment_host_id(r)), 36, "the host has an id");
	segment_close(&r);
	ok(r == NULL, "closed");
	segment_close(&r);
	ok(chmod(fixture_dir, 0755) == 0 && (r = segment_here()), "others may read the directory: the sockets");
	segment_close(&r);
	ok(chmod(fixture_dir, 0770) == 0 && !segment_here() && fixture_err.kind == ERR_CONFIG,
	   "but not write in it");
	chmod(fixture_dir, 0700);
	if (geteuid() == 0) {
		ok(chown(fixture_dir, 12345, 12345) == 0 && !segment_here() &&
		   fixture_err.kind == ERR_CONFIG, "nor own it");
		ok(chown(fixture_dir, 0, 0) == 0, "ours again");
	}
	fixture_clear();
	ok(symlink("/etc/passwd", fixture_dir) == 0 && !segment_here(), "a link to a file is no directory");
	unlink(fixture_dir);
}

static void test_one_service(void)
{
	struct segment *r = segment_here(), *second = segment_here();
	int status;
	pid_t pid;

	ok(r && !second && fixture_err.kind == ERR_CONFLICT, "a second service is refused");
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	segment_close(&r);
	second = segment_here();
	ok(!second && fixture_err.kind == ERR_CONFLICT, "also when only a child of the first is left");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	second = segment_here();
	ok(second != NULL, "not after its end, however it ended");
	segment_close(&second);
	fixture_clear();
}

/* --- when it is kept --------------------------------------------------------------------- */

static void test_kept(void)
{
	struct segment *r = segment_here();
	int64_t discarded = -5;
	char host[SEGMENT_TEXT];

	snprintf(host, sizeof(host), "%s", segment_host_id(r));
	push_rows(r, 2, 5);
	segment_close(&r);
	r = segment_for(DATABASE_A, RINGS, SLOTS, &discarded);
	is_int(discarded, 0, "nothing is thrown away");
	is_str(segment_host_id(r), host, "the host keeps its id");
	is_int((int64_t)ring_depth(r, 2), 5, "the rows wait");
	segment_close(&r);
}

static bool rows_follow(struct segment *r, size_t ring, uint64_t from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct usage_record *row = ring_row(r, ring, from + i);

		if (!row || row->time_ms != (int64_t)(from + i) || row->cost != 7)
			return false;
	}
	return !ring_row(r, ring, from + n);
}

static void test_sizes(void)
{
	struct segment *r = segment_here();
	int64_t discarded = -5;
	char host[SEGMENT_TEXT];

	snprintf(host, sizeof(host), "%s", segment_host_id(r));
	ring_done(r, 2, 3);
	segment_close(&r);
	r = segment_for(DATABASE_A, RINGS * 2, SLOTS * 4, &discarded);
	is_int((int64_t)ring_count(r), RINGS * 2, "more workers: more rings");
	is_int((int64_t)r->limit_slots, SLOTS * 4, "more limits");
	is_int(discarded, 0, "nothing is thrown away");
	is_str(segment_host_id(r), host, "the host keeps its id");
	is_int((int64_t)ring_tail_seq(r, 2), 3, "positions stay");
	ok(rows_follow(r, 2, 4, 2), "and so do rows");
	push_rows(r, 2, 1);
	ok(rows_follow(r, 2, 4, 3), "their sequence goes on");
	segment_close(&r);
	r = segment_here();
	is_int((int64_t)ring_count(r), RINGS * 2, "fewer workers: the rings stay, rows may wait there");
	is_int((int64_t)r->limit_slots, SLOTS, "fewer limits");
	ok(rows_follow(r, 2, 4, 3), "rows stay");
	segment_close(&r);
	fixture_clear();
}

/* --- when it is not ------------------------------------------------------------------------ */

/* The file as one finds it after... */
static void spoil_text(struct segment_identity *id, size_t at, const char *text, bool honest)
{
	memset((char *)id + at, 0, SEGMENT_TEXT);
	snprintf((char *)id + at, SEGMENT_TEXT, "%s", text);
	if (honest)
		id->checksum = segment_hash(id, offsetof(struct segment_identity, checksum));
}

static void spoil_boot(struct segment *r)
{
	spoil_text(&r->header->identity, offsetof(struct segment_identity, boot), "another boot", true);
}

static void spoil_database(struct segment *r)
{
	spoil_text(&r->header->identity, offsetof(struct segment_identity, database_id), DATABASE_B, true);
}

static void spoil_checksum(struct segment *r)
{
	spoil_text(&r->header->identity, offsetof(struct segment_identity, host_id), "x", false);
}

static void spoil_layout(struct segment *r)
{
	struct segment_identity *id = &r->header->identity;

	id->layout++;
	id->checksum = segment_hash(id, offsetof(struct segment_identity, checksum));
}

static void spoil_sizes(struct segment *r)
{
	struct segment_identity *id = &r->header->identity;

	id->sizes.rings = UINT64_MAX / 2;
	id->checksum = segment_hash(id, offsetof(struct segment_identity, checksum));
}

static void spoil_ring(struct segment *r)
{
	atomic_store(&r->heads[1].tail, 1000);
}

static void cut_to_half(struct segment *r)
{
	ok(ftruncate(r->fd, (off_t)(r->bytes / 2)) == 0, "cut");
}

static void cut_to_little(struct segment *r)
{
	ok(ftruncate(r->fd, 10) == 0, "cut");
}

static void cut_to_nothing(struct segment *r)
{
	ok(ftruncate(r->fd, 0) == 0, "cut");
}

static void test_discarded(void)
{
	static const struct { const char *name; void (*fn)(struct segment *r); int64_t rows; } rows[] = {
		{ "another boot", spoil_boot, 6 },
		{ "another database", spoil_database, 6 },
		{ "a wrong checksum", spoil_checksum, -1 },
		{ "another layout", spoil_layout, -1 },
		{ "impossible sizes", spoil_sizes, -1 },
		{ "a torn ring", spoil_ring, -1 },
		{ "half a file", cut_to_half, -1 },
		{ "ten bytes", cut_to_little, -1 },
		{ "an empty file", cut_to_nothing, -1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct segment *r = segment_here();
		int64_t discarded = 0;
		char host[SEGMENT_TEXT];

		snprintf(host, sizeof(host), "%s", segment_host_id(r));
		push_rows(r, 0, 4);
		push_rows(r, 3, 2);
		rows[i].fn(r);
		segment_close(&r);
		r = segment_for(DATABASE_A, RINGS, SLOTS, &discarded);
		ok(r != NULL, "%s: there is a new segment", rows[i].name);
		is_int(discarded, rows[i].rows, "so many rows are gone (-1: nobody knows)");
		is_int((int64_t)(ring_depth(r, 0) + ring_depth(r, 3)), 0, "none waits");
		is_int((int64_t)ring_head_seq(r, 0), 0, "sequences begin anew");
		ok(strcmp(segment_host_id(r), host) != 0, "for a host with another id");
		segment_close(&r);
		fixture_clear();
	}
}

/* --- commands -------------------------------------------------------------------------------- */

static bool bump(struct segment *r, int index, void *arg)
{
	struct segment *mine = segment_attach(fixture_dir, DATABASE_A, &fixture_err);

	(void)r;
	(void)index;
	(void)arg;
	if (!mine)
		return false;
	epoch_bump(mine, KEY_ID);
	segment_close(&mine);
	return true;
}

static void test_attach(void)
{
	struct segment *r, *mine = segment_attach(fixture_dir, DATABASE_A, &fixture_err);
	uint32_t before;

	ok(!mine && fixture_err.kind == ERR_NOT_FOUND, "no directory, no service");
	mkdir(fixture_dir, 0700);
	mine = segment_attach(fixture_dir, DATABASE_A, &fixture_err);
	ok(!mine && fixture_err.kind == ERR_NOT_FOUND, "no segment, no service");
	ok(mode_of(fixture_file(SEGMENT_FILE)) == -1, "and none is made");
	is_int(symlink("loop", fixture_file("loop")), 0, "a link to itself");
	mine = segment_attach(fixture_file("loop"), DATABASE_A, &fixture_err);
	ok(!mine && fixture_err.kind == ERR_FORBIDDEN, "what cannot be looked at: %s", fixture_err.message);
	unlink(fixture_file("loop"));
	mine = segment_attach("/dev/null", DATABASE_A, &fixture_err);
	ok(!mine && fixture_err.kind == ERR_NOT_FOUND, "a file is no directory of a service");
	r = segment_here();
	ok(!epoch_followed(r, clock_monotonic(), clock_monotonic()), "nobody follows the changes yet");
	before = epoch_read(r, KEY_ID);
	ok(crowd(CROWD, bump, r, NULL), "commands attach while the service has it");
	is_int(epoch_read(r, KEY_ID), before + CROWD, "and what they bump is seen");
	ok(epoch_read(r, DATABASE_A) == epoch_read(r, DATABASE_A "x"), "others are not bumped");
	mine = segment_attach(fixture_dir, DATABASE_B, &fixture_err);
	ok(!mine && fixture_err.kind == ERR_CONFLICT, "a service of another database is another kind");
	segment_close(&r);
	mine = segment_attach(fixture_dir, DATABASE_A, &fixture_err);
	r = segment_here();
	ok(mine && r, "a command keeps no service from starting");
	segment_close(&mine);
	spoil_checksum(r);
	mine = segment_attach(fixture_dir, DATABASE_A, &fixture_err);
	ok(!mine && fixture_err.kind == ERR_CONFLICT, "a broken segment is said to be one");
	segment_close(&r);
	epoch_bump(NULL, KEY_ID);
	is_int(epoch_read(NULL, KEY_ID), 0, "no segment: nothing to bump, 0 to read");
	fixture_clear();
}

static void test_lost(void)
{
	struct segment *r = segment_here();

	ok(!segment_lost(r), "nothing is lost");
	ok(segment_lose(r, "one"), "the first one says what is");
	ok(!segment_lose(r, "two"), "and no other");
	is_str(segment_lost(r), "one", "it stays");
	segment_close(&r);
	fixture_clear();
}

/* --- all of it ---------------------------------------------------------------------- */

static int mapped_segments(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512];
	int n = 0;

	while (f && fgets(line, sizeof(line), f))
		n += strstr(line, fixture_root) != NULL;
	if (f)
		fclose(f);
	return f ? n : -1;
}

int main(void)
{
	int before;

	if (!fixture_begin())
		return 99;
	before = open_descriptors();
	test_modes();
	test_one_service();
	test_kept();
	test_sizes();
	test_discarded();
	test_attach();
	test_lost();
	is_int(open_descriptors(), before, "what was opened is closed, on each way out");
	is_int(mapped_segments(), 0, "and no segment is mapped");
	return fixture_end();
}
