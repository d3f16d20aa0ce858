/*
 * tests/db/audit_load.c - 16 clients change at once, of one tenant and of 16, while
 * two hosts link: no change is refused, each has one link, and the chains hold. Then
 * it prints what the chain costs: changes a second with it and without.
 *
 *   PIERRE_AUDIT_CHANGES=1250 ...   so many a client: 20,000 in all
 *   PIERRE_AUDIT_PAIRS=20 ...       so many short runs each, in turn, to compare
 */
#include "config.h"

#include <fcntl.h>

#include "base/clock.h"
#include "chain_op.h"
#include "op/key.h"

enum { CLIENTS = 16, LINKERS = 2, LINK_MS = 200 };

static struct user user;
static const char *keys[CLIENTS];
static int changes;

static void prepare(void)
{
	const char *n = getenv("PIERRE_AUDIT_CHANGES"), *full;
	struct api_key in, key;

	field_clear(&api_key_create_schema, &in);
	in.name = "key";

	changes = n ? atoi(n) : 15;
	user = make_user(&f, NULL);
	for (int i = 0; i < CLIENTS; i++) {
		if (!op_key_create(&f.op, of(user.id), &in, &key, &full, &err))
			bail_out("key", &err);
		keys[i] = key.id;
	}
}

static int client(struct fixture *mine, int index, int tenants)
{
	struct field_given given = named(mine->arena, &api_key_patch_schema, "name");
	struct arena *arena = arena_new();
	struct api_key in = { 0 }, key;

	mine->op.actor.tenant_id =
		arena_printf(mine->arena, "00000000-0000-4000-8000-0000000001%02d", index % tenants);
	mine->op.arena = arena;
	for (int i = 0; i < changes; i++) {
		in.name = arena_printf(arena, "key %d", i);
		if (!op_key_update(&mine->op, of(user.id), keys[index], &in, &given, &key, &err))
			return 2;
		arena_reset(arena);
	}
	arena_free(&arena);
	return 1;
}

/* As the scheduler, until the other end of `gate` is closed. */
static int link_events(struct fixture *mine, const char *host, int gate)
{
	struct audit_linker l = LINKER(host);
	bool more = false;
	char c;

	mine->op.arena = arena_new();
	while (more || read(gate, &c, 1) < 0) {
		mine->op.now = clock_now();
		if (!op_audit_link(&mine->op, &l, &more, &err)) {
			fprintf(stderr, "# %s\n", err.message);
			return 2;
		}
		arena_reset(mine->op.arena);
		if (!more)
			usleep(LINK_MS * 1000);
	}
	arena_free(&mine->op.arena);
	return 1;
}

static int child(struct fixture *mine, int index, void *arg)
{
	return client(mine, index, *(const int *)arg);
}

/* Milliseconds that it took. */
static int64_t run(int n, int tenants, const char *name)
{
	int64_t begin = clock_monotonic(), ms;
	int counts[OUTCOMES];

	at_once(&f, n, child, &tenants, counts);
	ms = clock_monotonic() - begin;
	is_int(counts[1], n, name);
	return ms;
}

static pid_t fork_linker(const char *host, const int gate[2])
{
	pid_t pid;

	fixture_disconnect(&f);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(gate[1]);
		fcntl(gate[0], F_SETFL, O_NONBLOCK);
		fixture_connect(&f);
		_exit(link_events(&f, host, gate[0]));
	}
	fixture_connect(&f);
	return pid;
}

/* The clients, while two hosts link. */
static int64_t linked_run(int tenants)
{
	int status, gate[2];
	pid_t pids[LINKERS];
	int64_t ms;

	if (pipe(gate) != 0)
		exit(99);
	for (int i = 0; i < LINKERS; i++)
		pids[i] = fork_linker(i ? "host one" : "host two", gate);
	ms = run(CLIENTS, tenants, "no client saw an error");
	close(gate[0]);
	close(gate[1]);
	for (int i = 0; i < LINKERS; i++)
		ok(waitpid(pids[i], &status, 0) == pids[i] && WIFEXITED(status) && WEXITSTATUS(status) == 1,
		   "nor a linker");
	return ms;
}

static void test_links(int tenants)
{
	int64_t links = sql_number("SELECT count(*) FROM audit_links");
	int64_t waits = sql_number("SELECT count(*) FROM audit_pending");
	struct audit_linker l = LINKER("host one");

	linked_run(tenants);
	f.op.now = clock_now() + 3600000;
	ok(link_all(&l), "what is left is linked");
	is_int(sql_number("SELECT count(*) FROM audit_links"), links + waits + CLIENTS * changes, "one link each");
	is_int(sql_number("SELECT count(*) FROM audit_pending"), 0, "nothing waits");
	is_int(sql_number("SELECT count(*) FROM (SELECT event_id FROM audit_links GROUP BY event_id HAVING count(*) > 1) x"),
	       0, "no event has two");
	is_clean("by many at once");
}

/* Short runs in turn, so that what else the machine does is in both. */
static void compare(int pairs, int tenants)
{
	int64_t with = 0, without = 0;
	double all = (double)CLIENTS * changes * pairs * 1000;

	for (int i = 0; i < pairs; i++) {
		with += linked_run(tenants);
		insert_trigger(false);
		without += run(CLIENTS, tenants, "without the chain");
		insert_trigger(true);
	}
	printf("# %s, %d tenant(s): %.0f changes/s with the chain, %.0f without: %.2f\n",
	       db_backend_of(f.db) == DB_PGSQL ? "postgresql" : "sqlite", tenants, all / (double)with,
	       all / (double)without, (double)without / (double)with);
}

int main(void)
{
	const char *n = getenv("PIERRE_AUDIT_PAIRS");
	int pairs = n ? atoi(n) : 1;

	chain_open();
	prepare();
	test_links(1);
	test_links(CLIENTS);
	compare(pairs, 1);
	compare(pairs, CLIENTS);
	fixture_close(&f);
	return tap_done();
}
