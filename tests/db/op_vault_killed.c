/*
 * tests/db/op_vault_killed.c - data keys change under load, and what changes them is
 * killed with -9 at any point: each secret can be read and written all the while, and
 * is what was written last. VAULT_KILLS=20 for more rounds than in a check.
 */
#include "config.h"

#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#include "op/data_key.h"
#include "op/instance.h"
#include "op/sealed_walk.h"
#include "op/system_secret.h"
#include "op/vault.h"
#include "op_fixture.h"

#define SECRETS 160
#define WRITERS 2
#define KILLS_DEFAULT 5

static struct fixture f;
static struct err err;

/* Shared with the processes that are forked. */
static struct {
	int stop, failed, read, written, begun, ended;
	char why[512];
	int value[SECRETS];   /* what was written last: "<name> value <n>" */
} *seen;

static const char *name_of(int i)
{
	return arena_printf(f.op.arena, "secret-%03d", i);
}

static const char *value_of(int i, int n)
{
	return arena_printf(f.op.arena, "%s value %d", name_of(i), n);
}

static bool fails(const char *what)
{
	__atomic_add_fetch(&seen->failed, 1, __ATOMIC_SEQ_CST);
	snprintf(seen->why, sizeof(seen->why), "%s: %.450s", what, err.message);
	return false;
}

static bool put(int i, int n)
{
	struct system_secret s;

	return op_system_secret_set(&f.op, EVERY, name_of(i), value_of(i, n), &s, &err) ||
	       fails("set");
}

static bool is_read(int i, int n)
{
	struct system_secret s;

	if (!op_system_secret_show(&f.op, EVERY, name_of(i), true, &s, &err))
		return fails("show");
	return str_eq(s.value, value_of(i, n)) || fails("another value");
}

/* A process of its own, with its own connection and vault. */
static pid_t begin(void (*run)(int), int arg)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid != 0)
		return pid;
	fixture_connect(&f);
	f.op.arena = arena_new();
	f.process.vault = op_vault_open(&f.op);
	run(arg);
	_exit(0);
}

/* Its own part of the secrets, one after the other. */
static void write_and_read(int part)
{
	for (int i = part; !__atomic_load_n(&seen->stop, __ATOMIC_SEQ_CST);
	     i = i + WRITERS < SECRETS ? i + WRITERS : part) {
		if (is_read(i, seen->value[i]))
			__atomic_add_fetch(&seen->read, 1, __ATOMIC_SEQ_CST);
		if (put(i, seen->value[i] + 1)) {
			seen->value[i]++;
			__atomic_add_fetch(&seen->written, 1, __ATOMIC_SEQ_CST);
		}
		arena_reset(f.op.arena);
	}
}

static void retire_old(void)
{
	const struct data_key *keys;
	struct field_list list;

	if (!op_data_key_list(&f.op, EVERY, &list, &err))
		return;
	keys = list.items;
	for (size_t i = 0; i < list.n; i++)
		if (str_eq(keys[i].state, "old") && keys[i].rows == 0)
			op_data_key_retire(&f.op, EVERY, false, &keys[i], &err);
}

static void rotate_on_and_on(int arg)
{
	struct data_key key;

	(void)arg;
	for (;;) {
		struct sealed_walk w = { .reseal = true };

		vault_forget(f.process.vault);
		op_data_key_rotate(&f.op, EVERY, NULL, &key, &err);
		__atomic_add_fetch(&seen->begun, 1, __ATOMIC_SEQ_CST);
		vault_forget(f.process.vault);
		op_sealed_walk(&f.op, EVERY, &w, &err);
		retire_old();
		__atomic_add_fetch(&seen->ended, 1, __ATOMIC_SEQ_CST);
		arena_reset(f.op.arena);
	}
}

static void kill_at_random(void)
{
	pid_t pid = begin(rotate_on_and_on, 0);
	int before = __atomic_load_n(&seen->begun, __ATOMIC_SEQ_CST);
	struct timespec ts = { .tv_nsec = (rand() % 400) * 1000000L };

	while (__atomic_load_n(&seen->begun, __ATOMIC_SEQ_CST) == before)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	nanosleep(&ts, NULL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void setup(void)
{
	struct instance instance;
	bool open;

	fixture_open(&f);
	f.conf.encryption_key = (struct conf_key){ .set = true, .bytes = { 1, 2, 3 } };
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (seen == MAP_FAILED || !op_instance_ensure(&f.op, &instance, &err) ||
	    !op_instance_check_key(&f.op, &open, &err))
		bail_out("setup", &err);
	f.process.vault = op_vault_open(&f.op);
	for (int i = 0; i < SECRETS; i++)
		if (!put(i, 0))
			bail_out("first value", &err);
	vault_free(&f.process.vault);
	fixture_disconnect(&f);   /* no handle crosses a fork */
}

static void check_all(void)
{
	struct sealed_walk w = { .reseal = true };
	int other = 0;

	f.process.vault = op_vault_open(&f.op);
	for (int i = 0; i < SECRETS; i++)
		other += !is_read(i, seen->value[i]);
	is_int(other, 0, "each is what was written last");
	ok(op_sealed_walk(&f.op, EVERY, &w, &err) && w.rows == SECRETS && w.faults == 0,
	   "a last walk finds none that does not open");
	retire_old();
	w = (struct sealed_walk){ .reseal = true };
	ok(op_sealed_walk(&f.op, EVERY, &w, &err) && w.resealed == 0, "and nothing is left to do");
	vault_free(&f.process.vault);
}

int main(void)
{
	const char *kills = getenv("VAULT_KILLS");
	int n = kills ? atoi(kills) : KILLS_DEFAULT, status, died = 0;
	pid_t writers[WRITERS];

	setup();
	srand((unsigned)getpid());
	for (int i = 0; i < WRITERS; i++)
		writers[i] = begin(write_and_read, i);
	for (int i = 0; i < n; i++)
		kill_at_random();
	seen->stop = 1;
	for (int i = 0; i < WRITERS; i++)
		died += waitpid(writers[i], &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
	is_int(died, 0, "both clients lived to the end");
	ok(seen->failed == 0, "none of %d reads and %d writes failed, with %d kills, %d rotations begun and %d ended (%s)",
	   seen->read, seen->written, n, seen->begun, seen->ended, seen->why);
	ok(seen->read > 0 && seen->written > 0, "there were some");
	fixture_connect(&f);
	check_all();
	fixture_close(&f);
	return tap_done();
}
