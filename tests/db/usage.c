/*
 * tests/db/usage.c - recording, counting and reporting: nothing twice, nothing
 * lost, months apart, at most 100 labels, retention by whole months.
 */
#include "config.h"

#include <signal.h>

#include "usage_rows.h"

#define OTHER_HOST "22222222-2222-4222-8222-222222222222"

/* Rows of a month, whatever the backend. */
enum { COUNT_ROWS, COUNT_BATCHES, COUNT_LABELS, COUNT_TEXT, COUNT__COUNT };
static const struct db_statement counting[COUNT__COUNT] = {
	[COUNT_ROWS] = { .name = "count_rows", .params = 2, .sql = {
		"SELECT count(*) FROM usage_rows WHERE requested_at >= ?1 AND requested_at < ?2",
		"SELECT count(*) FROM usage_rows WHERE requested_at >= $1 AND requested_at < $2" } },
	[COUNT_BATCHES] = { .name = "count_batches", .params = 2, .sql = {
		"SELECT count(*) FROM usage_batches WHERE month_at >= ?1 AND month_at < ?2",
		"SELECT count(*) FROM usage_batches WHERE month_at >= $1 AND month_at < $2" } },
	[COUNT_LABELS] = { .name = "count_labels", .params = 2, .sql = {
		"SELECT count(*) FROM usage_routes WHERE month_at >= ?1 AND month_at < ?2",
		"SELECT count(*) FROM usage_routes WHERE month_at >= $1 AND month_at < $2" } },
	[COUNT_TEXT] = { .name = "count_text", .params = 2, .sql = {
		"SELECT count(*) FROM usage_rows WHERE request_id = ?1 AND user_agent = ?2",
		"SELECT count(*) FROM usage_rows WHERE request_id = $1 AND user_agent = $2" } },
};
static const struct db_catalog counting_catalog = {
	.statements = counting, .n_statements = COUNT__COUNT,
	.constraints = (const struct db_constraint[]){ { 0 } },
};

static bool is_sqlite(const struct suite *t)
{
	return db_backend_of(t->f.db) == DB_SQLITE;
}

static int64_t number(struct suite *t, int what, int64_t month_of, const struct db_value *args)
{
	struct db_options o = { .url = t->f.url, .timeout_ms = 20000, .catalog = &counting_catalog };
	char moment[TIME_TEXT];
	struct err err;
	struct db *db;
	int64_t n = -1;

	if (is_sqlite(t)) {
		time_format(month_of, moment);
		o.existing = true;
		o.url = arena_printf(t->f.arena, "%s.usage-%.7s", t->f.url, moment);
	}
	db = db_new(&o, &err);
	if (!db_number(db, what, args, 2, &n, &err))
		printf("# %s\n", err.message);
	db_free(&db);
	return n;
}

static int64_t in_month(struct suite *t, int what, int64_t ms)
{
	uint32_t id = window_id(WINDOW_MONTH, ms);

	return number(t, what, ms, (const struct db_value[]){
		db_time(window_start(WINDOW_MONTH, id)), db_time(window_end(WINDOW_MONTH, id)) });
}

/* --- cases ------------------------------------------------------------------------- */

static void recorded_once(struct suite *t)
{
	for (int i = 0; i < 60; i++)
		row(t, (uint32_t)i % 3, T0 + i, i % 4, "users");
	is_int(record(t), 60, "sixty rows of three rings");
	is_int(record(t), 0, "the same batch again: nothing");
	row(t, 1, T0 + 100, 1, "users");
	is_int(record(t), 1, "one more: only that");
	use(t, HOST);   /* another recorder: what is known is in the database */
	is_int(record(t), 0, "the same after a restart: nothing");
	t->n = 0;
	is_int(in_month(t, COUNT_ROWS, T0), 61, "61 rows");
}

/* What a server still commits for a recorder that was killed. */
static void recorded_meanwhile(struct suite *t)
{
	struct usage_store *other = store_usage_open(t->f.db, HOST);
	int64_t inserted = -1, before = in_month(t, COUNT_ROWS, T0);
	struct err err = { 0 };

	row(t, 0, T0 + 200, 0, "users");
	is_int(record_new(t), 1, "this recorder knows how far it is");
	for (uint32_t i = 0; i < 6; i++)
		row(t, i % 3, T0 + 201 + i, 0, "users");
	ok(store_usage_record(other, t->rows, t->n, &inserted, &err) && inserted == 6, "another one goes on");
	row(t, 2, T0 + 300, 0, "users");
	is_int(record_new(t), 1, "so that only what came later is left for it");
	is_int(in_month(t, COUNT_ROWS, T0) - before, 8, "nothing is there twice");
	store_usage_close(&other);
}

/* Also when a clock that was ahead left later months. */
static void counted_after_restart(struct suite *t)
{
	struct err err;

	use(t, HOST);
	for (int i = 1; i <= 5; i++) {   /* more months than are open at once */
		row(t, 0, T0 + i * 400 * DAY_MS, 6, "ahead");
		ok(record_new(t) == 1 && count_all(t) >= 1 && in_month(t, COUNT_ROWS, T0 + i * 400 * DAY_MS) == 1, "later");
	}
	use(t, HOST);
	is_int((int64_t)report(t, 1, (struct asked){ T0, T0 + HOUR_MS, false, false }).n, 0, "not counted yet");
	is_int(count_all(t), 1, "this process recorded nothing");
	ok(in_month(t, COUNT_BATCHES, T0) > 0, "what it left is there");
	ok(store_usage_recover(t->u, &err), "found");
	ok(count_all(t) >= 1, "counted");
	is_int(in_month(t, COUNT_BATCHES, T0), 0, "nothing left");
	is_int(requests(report(t, 0, (struct asked){ T0, T0 + HOUR_MS, false, false })), 23, "key 0");
	is_int(requests(report(t, 1, (struct asked){ T0, T0 + HOUR_MS, false, false })), 16, "key 1");
	ok(store_usage_recover(t->u, &err) && count_all(t) >= 1, "again");
	is_int(requests(report(t, 1, (struct asked){ T0, T0 + HOUR_MS, false, false })), 16, "nothing is counted twice");
}

static void another_host(struct suite *t)
{
	uint64_t seq = t->seq[0];
	struct err err;

	if (is_sqlite(t))
		return;   /* a database file has one host */
	use(t, OTHER_HOST);
	t->seq[0] = 0;
	for (int i = 0; i < 5; i++)
		row(t, 0, T0 + HOUR_MS, 7, "users");
	is_int(record_new(t), 5, "the same ring and sequence on another host: other rows");
	use(t, HOST);
	ok(store_usage_recover(t->u, &err) && count_all(t) >= 1, "counted by the first, as that died");
	is_int(requests(report(t, 7, (struct asked){ T0, T0 + DAY_MS, true, false })), 5, "all of them");
	t->seq[0] = seq;
}

static void sessions_and_odd_text(struct suite *t)
{
	struct usage_row *r = row(t, 0, T0 + DAY_MS, -1, "");

	r->user_agent = "cut \xc3 ~\x7f\x1f";
	r = row(t, 0, T0 + DAY_MS, 8, "a b\nc\td\\");
	r->user_agent = "back\\slash 'quote' \xc3\xa9";
	r->tenant_id = USER;
	is_int(record_new(t), 2, "a session, a cut character, control characters");
	is_int(number(t, COUNT_TEXT, T0, (const struct db_value[]){
		db_text(arena_printf(t->f.arena, "r0-%llu", (unsigned long long)t->seq[0] - 1)),
		db_text("cut ? ~??") }), 1, "what is no text is replaced");
	is_int(number(t, COUNT_TEXT, T0, (const struct db_value[]){
		db_text(arena_printf(t->f.arena, "r0-%llu", (unsigned long long)t->seq[0])),
		db_text("back\\slash 'quote' \xc3\xa9") }), 1, "what is text stays");
	ok(count_all(t) > 0, "counted");
	struct field_list l = report(t, 8, (struct asked){ T0, T0 + 2 * DAY_MS, true, true });
	is_int((int64_t)l.n, 1, "one bucket");
	if (l.n == 1)
		is_str(((const struct usage_bucket *)l.items)[0].route, "a b?c?d\\", "its label");
}

static void labels(struct suite *t)
{
	struct asked day = { T0 + 3 * DAY_MS, T0 + 4 * DAY_MS, true, true };
	const struct usage_bucket *b;
	struct field_list l;
	int64_t other = 0;

	for (int half = 0; half < 2; half++) {
		for (int i = 0; i < 75; i++)
			row(t, 0, day.from + half * HOUR_MS, 9, arena_printf(t->f.arena, "route-%03d", half * 75 + i));
		record_new(t);
		ok(count_all(t) > 0, "75 labels");
	}
	row(t, 0, day.from, 9, "route-000");
	row(t, 0, day.from, 9, "route-149");
	row(t, 0, day.from, 10, "route-149");
	record_new(t);
	count_all(t);
	l = report(t, 9, day);
	b = l.items;
	is_int((int64_t)l.n, 101, "100 labels and other");
	for (size_t i = 0; i < l.n; i++)
		if (str_eq(b[i].route, "other"))
			other = b[i].requests;
	is_int(other, 51, "the rest are other, also a known one that came late");
	is_int(requests(l), 152, "none is missing");
	is_str(((const struct usage_bucket *)report(t, 10, day).items)[0].route, "route-149",
	       "each key has labels of its own");
}

/* As the recorder does, which dies after so many: a transaction for each month's run. */
static int64_t record_runs(struct suite *t, size_t most, size_t *runs_r)
{
	int64_t sum = 0, inserted;
	struct err err;

	*runs_r = 0;
	for (size_t at = 0, n; at < t->n && *runs_r < most; at += n, ++*runs_r, sum += inserted) {
		n = store_usage_month_run(t->rows + at, t->n - at);
		if (!store_usage_record(t->u, t->rows + at, n, &inserted, &err))
			return -1;
	}
	return sum;
}

static void month_edge(struct suite *t)
{
	int64_t feb = window_end(WINDOW_MONTH, window_id(WINDOW_MONTH, T0));
	const int64_t times[] = { feb - 2, feb, feb - 1, feb + 3 };   /* in the ring's order */
	struct err err;
	size_t runs;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		row(t, 2, times[i], 11, "edge");
	is_int(record_runs(t, 1, &runs), 1, "January first");
	/* the recorder dies: the tail is where it was, all four come again */
	use(t, HOST);
	is_int(record_runs(t, 3, &runs), 2, "what January has is not there twice");
	use(t, HOST);
	is_int(record_runs(t, 9, &runs), 1, "nor what February has, though January is past it");
	t->n = 0;
	ok(runs == 4 && in_month(t, COUNT_ROWS, feb) == 2, "a month begins with its first millisecond");
	ok(store_usage_recover(t->u, &err) && count_all(t) > 0, "counted");
	struct field_list l = report(t, 11, (struct asked){ feb - HOUR_MS, feb + HOUR_MS, false, false });
	const struct usage_bucket *b = l.items;
	ok(l.n == 2 && b[0].start == feb - HOUR_MS && b[1].start == feb, "a report over the edge, in order");
	ok(l.n == 2 && b[0].requests == 2 && b[1].cost == 4, "with both halves");
}

/* Recorded and killed before anybody was told: given again, nothing twice. */
static void killed(struct suite *t)
{
	int64_t at = T0 + 15 * DAY_MS, before = in_month(t, COUNT_ROWS, at);
	int status;
	pid_t pid;

	for (int i = 0; i < 500; i++)
		row(t, 3, at, 14, "kill");
	store_usage_close(&t->u);
	fixture_disconnect(&t->f);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		fixture_connect(&t->f);
		use(t, HOST);
		record(t);
		raise(SIGKILL);
	}
	ok(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "killed after COMMIT");
	fixture_connect(&t->f);
	use(t, HOST);
	is_int(record_new(t), 0, "given again: nothing");
	is_int(in_month(t, COUNT_ROWS, at) - before, 500, "each once");
	struct err err;
	ok(store_usage_recover(t->u, &err) && count_all(t) > 0, "counted");
	is_int(requests(report(t, 14, (struct asked){ at, at + DAY_MS, true, false })), 500, "each once");
}

static void many_keys(struct suite *t)
{
	int64_t at = T0 + 20 * DAY_MS;

	for (int batch = 0; batch < 10; batch++) {
		for (int i = 0; i < MAX; i++)
			row(t, 0, at, 0, "many")->key_id =
				arena_printf(t->f.arena, "cccccccc-0000-4000-8000-%012d", batch * MAX + i);
		record_new(t);
	}
	ok(count_all(t) > 1, "ten thousand keys are counted in pieces");
	is_int(in_month(t, COUNT_BATCHES, at), 0, "all of them");
}

static void thousand_keys(struct suite *t, int64_t at)
{
	for (int i = 0; i < MAX; i++)
		row(t, 3, at, 0, "turns")->key_id =
			arena_printf(t->f.arena, "dddddddd-0000-4000-8000-%012d", i);
	record_new(t);
}

/* Each piece is followed by a batch, as in a service that is busy. */
static void counted_in_turns(struct suite *t)
{
	int64_t at = T0 + 21 * DAY_MS, next = T0 + 40 * DAY_MS;
	struct err err = { 0 };
	bool more;

	thousand_keys(t, at);
	is_int(count_by(t, 1), 16, "a thousand keys in 16 pieces, where each is to be short");
	is_int(in_month(t, COUNT_BATCHES, at), 0, "all of them");
	row(t, 3, next, 3, "turns");
	record_new(t);
	for (int i = 0; i < 20; i++) {
		thousand_keys(t, at);
		store_usage_count(t->u, 1, &more, &err);
	}
	ok(in_month(t, COUNT_BATCHES, at) <= 16 * 17 / 2, "each part of the keys has its turn");
	is_int(in_month(t, COUNT_BATCHES, next), 0, "and so has the other month");
	count_all(t);
}

static int child_counts(struct fixture *f, int index, void *arg)
{
	struct usage_store *u = store_usage_open(f->db, HOST);
	struct err err = { 0 };
	bool more = true, good = store_usage_recover(u, &err);

	(void)index;
	(void)arg;
	while (good && more)
		good = store_usage_count(u, USAGE_ENOUGH, &more, &err);
	if (!good)
		printf("# %s\n", err.message);
	fflush(stdout);
	store_usage_close(&u);
	return good ? 0 : 1;
}

/* Recorders of several hosts may count the same at once. */
static void counted_together(struct suite *t)
{
	int64_t at = T0 + 22 * DAY_MS;
	int counts[OUTCOMES];

	for (int batch = 0; batch < 20; batch++) {
		for (int i = 0; i < 200; i++)
			row(t, 0, at, i % 8, arena_printf(t->f.arena, "together-%d", i % 150));
		record_new(t);
	}
	store_usage_close(&t->u);
	at_once(&t->f, 4, child_counts, NULL, counts);
	use(t, HOST);
	is_int(counts[0], 4, "four count at once");
	int64_t sum = 0;
	for (int key = 0; key < 8; key++)
		sum += requests(report(t, key, (struct asked){ at, at + DAY_MS, true, true }));
	is_int(sum, 4000, "each row once");
}

static void retired(struct suite *t)
{
	int64_t feb = window_end(WINDOW_MONTH, window_id(WINDOW_MONTH, T0)), n = -1;
	int64_t later = window_start(WINDOW_MONTH, window_id(WINDOW_MONTH, T0) + 25);
	struct err err = { 0 };

	ok(store_usage_prepare(t->u, feb, &err), "the months ahead %s", err.message);
	ok(store_usage_prepare(t->u, feb, &err), "are there");
	use(t, HOST);
	ok(store_usage_retire(t->u, later, 25, &n, &err), "25 months later %s", err.message);
	is_int(n, 0, "25 are kept");
	is_int(in_month(t, COUNT_ROWS, feb), 2, "with their rows");
	ok(store_usage_retire(t->u, window_end(WINDOW_MONTH, window_id(WINDOW_MONTH, later)), 25, &n,
			      &err), "a month later %s", err.message);
	is_int(n, 1, "the oldest is dropped");
	is_int((int64_t)report(t, 12, (struct asked){ T0, feb, true, false }).n, 0, "as a whole");
	is_int(requests(report(t, 11, (struct asked){ feb, feb + DAY_MS, true, false })), 2, "the next one stays");
	is_int(in_month(t, COUNT_LABELS, feb), 1, "with its labels");
	t->seq[0] = 0;
	row(t, 0, T0, 1, "late");
	is_int(record_new(t), 1, "a late row makes its month again");
	ok(count_all(t) > 0, "counted");
}

static void checkpointed(struct suite *t)
{
	char path[200];
	struct err err;
	FILE *wal;

	if (!is_sqlite(t))
		return;
	row(t, 0, T0 + 1, 1, "wal");
	record_new(t);
	snprintf(path, sizeof(path), "%s/test.db.usage-2030-01-wal", t->f.dir);
	wal = fopen(path, "r");
	ok(wal && fgetc(wal) != EOF, "the month has a log");
	ok(store_usage_checkpoint(t->u, 1 << 30, &err) && wal && fseek(wal, 0, SEEK_END) == 0 &&
	   ftell(wal) > 0, "not long enough for a checkpoint");
	ok(store_usage_checkpoint(t->u, 1, &err) && wal && fseek(wal, 0, SEEK_END) == 0 &&
	   ftell(wal) == 0, "a checkpoint empties it");
	if (wal)
		fclose(wal);
}

int main(void)
{
	static struct suite t;

	fixture_open(&t.f);
	use(&t, HOST);
	recorded_once(&t);
	recorded_meanwhile(&t);
	counted_after_restart(&t);
	another_host(&t);
	sessions_and_odd_text(&t);
	labels(&t);
	month_edge(&t);
	killed(&t);
	many_keys(&t);
	counted_together(&t);
	retired(&t);
	checkpointed(&t);
	counted_in_turns(&t);
	store_usage_close(&t.u);
	fixture_close(&t.f);
	return tap_done();
}
