/* tests/unit/room.c - the file: who may have it, when it is kept, when not. */
#include "config.h"

#include "descriptors.h"
#include "room_fixture.h"
#include "shm/generation.h"

#define KEY_ID "33333333-2222-4333-8444-555555555555"

static int mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (int)(st.st_mode & 07777) : -1;
}

static void push_rows(struct room *r, size_t ring, int n)
{
	struct usage_record rec = { .cost = 7 };

	for (int i = 0; i < n; i++) {
		rec.time_ms = (int64_t)ring_head(r, ring) + 1;
		ring_push(r, ring, &rec);
	}
}

/* --- who may -------------------------------------------------------------------------- */

static void test_modes(void)
{
	mode_t mask = umask(0);
	struct room *r = room_here();

	umask(mask);
	ok(r != NULL, "a room");
	is_int(mode_of(fixture_dir), 0700, "the directory is ours alone");
	is_int(mode_of(fixture_file(ROOM_FILE)), 0600, "the file too");
	is_int(mode_of(fixture_file(ROOM_LOCK)), 0600, "and the lock");
	is_int((int64_t)strlen(room_host_id(r)), 36, "the host has an id");
	room_close(&r);
	ok(r == NULL, "closed");
	room_close(&r);
	ok(chmod(fixture_dir, 0755) == 0 && (r = room_here()), "others may read the directory: the sockets");
	room_close(&r);
	ok(chmod(fixture_dir, 0770) == 0 && !room_here() && fixture_err.kind == ERR_CONFIG,
	   "but not write in it");
	chmod(fixture_dir, 0700);
	if (geteuid() == 0) {
		ok(chown(fixture_dir, 12345, 12345) == 0 && !room_here() &&
		   fixture_err.kind == ERR_CONFIG, "nor own it");
		ok(chown(fixture_dir, 0, 0) == 0, "ours again");
	}
	fixture_clear();
	ok(symlink("/etc/passwd", fixture_dir) == 0 && !room_here(), "a link to a file is no directory");
	unlink(fixture_dir);
}

static void test_one_service(void)
{
	struct room *r = room_here(), *second = room_here();
	int status;
	pid_t pid;

	ok(r && !second && fixture_err.kind == ERR_CONFLICT, "a second service is refused");
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	room_close(&r);
	second = room_here();
	ok(!second && fixture_err.kind == ERR_CONFLICT, "also when only a child of the first is left");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	second = room_here();
	ok(second != NULL, "not after its end, however it ended");
	room_close(&second);
	fixture_clear();
}

/* --- when it is kept --------------------------------------------------------------------- */

static void test_kept(void)
{
	struct room *r = room_here();
	int64_t discarded = -5;
	char host[ROOM_TEXT];

	snprintf(host, sizeof(host), "%s", room_host_id(r));
	push_rows(r, 2, 5);
	room_close(&r);
	r = room_for(DATABASE_A, RINGS, SLOTS, &discarded);
	is_int(discarded, 0, "nothing is thrown away");
	is_str(room_host_id(r), host, "the host keeps its id");
	is_int((int64_t)ring_depth(r, 2), 5, "the rows wait");
	room_close(&r);
}

static bool rows_follow(struct room *r, size_t ring, uint64_t from, size_t n)
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
	struct room *r = room_here();
	int64_t discarded = -5;
	char host[ROOM_TEXT];

	snprintf(host, sizeof(host), "%s", room_host_id(r));
	ring_done(r, 2, 3);
	room_close(&r);
	r = room_for(DATABASE_A, RINGS * 2, SLOTS * 4, &discarded);
	is_int((int64_t)ring_count(r), RINGS * 2, "more workers: more rings");
	is_int((int64_t)r->limit_slots, SLOTS * 4, "more limits");
	is_int(discarded, 0, "nothing is thrown away");
	is_str(room_host_id(r), host, "the host keeps its id");
	is_int((int64_t)ring_tail(r, 2), 3, "positions stay");
	ok(rows_follow(r, 2, 4, 2), "and so do rows");
	push_rows(r, 2, 1);
	ok(rows_follow(r, 2, 4, 3), "their sequence goes on");
	room_close(&r);
	r = room_here();
	is_int((int64_t)ring_count(r), RINGS * 2, "fewer workers: the rings stay, rows may wait there");
	is_int((int64_t)r->limit_slots, SLOTS, "fewer limits");
	ok(rows_follow(r, 2, 4, 3), "rows stay");
	room_close(&r);
	fixture_clear();
}

/* --- when it is not ------------------------------------------------------------------------ */

/* The file as one finds it after... */
static void spoil_text(struct room_identity *id, size_t at, const char *text, bool honest)
{
	memset((char *)id + at, 0, ROOM_TEXT);
	snprintf((char *)id + at, ROOM_TEXT, "%s", text);
	if (honest)
		id->checksum = room_hash(id, offsetof(struct room_identity, checksum));
}

static void spoil_boot(struct room *r)
{
	spoil_text(&r->header->identity, offsetof(struct room_identity, boot), "another boot", true);
}

static void spoil_database(struct room *r)
{
	spoil_text(&r->header->identity, offsetof(struct room_identity, database_id), DATABASE_B, true);
}

static void spoil_checksum(struct room *r)
{
	spoil_text(&r->header->identity, offsetof(struct room_identity, host_id), "x", false);
}

static void spoil_layout(struct room *r)
{
	struct room_identity *id = &r->header->identity;

	id->layout++;
	id->checksum = room_hash(id, offsetof(struct room_identity, checksum));
}

static void spoil_sizes(struct room *r)
{
	struct room_identity *id = &r->header->identity;

	id->sizes.rings = UINT64_MAX / 2;
	id->checksum = room_hash(id, offsetof(struct room_identity, checksum));
}

static void spoil_ring(struct room *r)
{
	atomic_store(&r->heads[1].tail, 1000);
}

static void cut_to_half(struct room *r)
{
	ok(ftruncate(r->fd, (off_t)(r->bytes / 2)) == 0, "cut");
}

static void cut_to_little(struct room *r)
{
	ok(ftruncate(r->fd, 10) == 0, "cut");
}

static void cut_to_nothing(struct room *r)
{
	ok(ftruncate(r->fd, 0) == 0, "cut");
}

static void test_discarded(void)
{
	static const struct { const char *name; void (*fn)(struct room *r); int64_t rows; } rows[] = {
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
		struct room *r = room_here();
		int64_t discarded = 0;
		char host[ROOM_TEXT];

		snprintf(host, sizeof(host), "%s", room_host_id(r));
		push_rows(r, 0, 4);
		push_rows(r, 3, 2);
		rows[i].fn(r);
		room_close(&r);
		r = room_for(DATABASE_A, RINGS, SLOTS, &discarded);
		ok(r != NULL, "%s: there is a new room", rows[i].name);
		is_int(discarded, rows[i].rows, "so many rows are gone (-1: nobody knows)");
		is_int((int64_t)(ring_depth(r, 0) + ring_depth(r, 3)), 0, "none waits");
		is_int((int64_t)ring_head(r, 0), 0, "sequences begin anew");
		ok(strcmp(room_host_id(r), host) != 0, "for a host with another id");
		room_close(&r);
		fixture_clear();
	}
}

/* --- commands -------------------------------------------------------------------------------- */

static bool bump(struct room *r, int index, void *arg)
{
	struct room *mine = room_attach(fixture_dir, DATABASE_A, &fixture_err);

	(void)r;
	(void)index;
	(void)arg;
	if (!mine)
		return false;
	generation_bump(mine, KEY_ID);
	room_close(&mine);
	return true;
}

static void test_attach(void)
{
	struct room *r, *mine = room_attach(fixture_dir, DATABASE_A, &fixture_err);
	uint32_t before;

	ok(!mine && fixture_err.kind == ERR_NOT_FOUND, "no directory, no service");
	mkdir(fixture_dir, 0700);
	mine = room_attach(fixture_dir, DATABASE_A, &fixture_err);
	ok(!mine && fixture_err.kind == ERR_NOT_FOUND, "no room, no service");
	ok(mode_of(fixture_file(ROOM_FILE)) == -1, "and none is made");
	is_int(symlink("loop", fixture_file("loop")), 0, "a link to itself");
	mine = room_attach(fixture_file("loop"), DATABASE_A, &fixture_err);
	ok(!mine && fixture_err.kind == ERR_FORBIDDEN, "what cannot be looked at: %s", fixture_err.message);
	unlink(fixture_file("loop"));
	mine = room_attach("/dev/null", DATABASE_A, &fixture_err);
	ok(!mine && fixture_err.kind == ERR_NOT_FOUND, "a file is no directory of a service");
	r = room_here();
	ok(!generation_followed(r, clock_monotonic(), clock_monotonic()), "nobody follows the changes yet");
	before = generation_read(r, KEY_ID);
	ok(crowd(CROWD, bump, r, NULL), "commands attach while the service has it");
	is_int(generation_read(r, KEY_ID), before + CROWD, "and what they bump is seen");
	ok(generation_read(r, DATABASE_A) == generation_read(r, DATABASE_A "x"), "others are not bumped");
	mine = room_attach(fixture_dir, DATABASE_B, &fixture_err);
	ok(!mine && fixture_err.kind == ERR_CONFLICT, "a service of another database is another kind");
	room_close(&r);
	mine = room_attach(fixture_dir, DATABASE_A, &fixture_err);
	r = room_here();
	ok(mine && r, "a command keeps no service from starting");
	room_close(&mine);
	spoil_checksum(r);
	mine = room_attach(fixture_dir, DATABASE_A, &fixture_err);
	ok(!mine && fixture_err.kind == ERR_CONFLICT, "a broken room is said to be one");
	room_close(&r);
	generation_bump(NULL, KEY_ID);
	is_int(generation_read(NULL, KEY_ID), 0, "no room: nothing to bump, 0 to read");
	fixture_clear();
}

/* --- all of it ---------------------------------------------------------------------- */

static int mapped_rooms(void)
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
	is_int(open_descriptors(), before, "what was opened is closed, on each way out");
	is_int(mapped_rooms(), 0, "and no room is mapped");
	return fixture_end();
}
