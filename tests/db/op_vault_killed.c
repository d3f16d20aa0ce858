/*
 * tests/db/op_vault_killed.c - data keys change under load, and what changes them is
 * killed with -9 at any point: each secret, application, pair of tokens and attempt to
 * connect can be read and written all the while, and is what was written last.
 * VAULT_KILLS=20 for more rounds than in a check.
 */
#include "config.h"

#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#include "op/connect.h"
#include "op/connect_call.h"
#include "op/connection.h"
#include "op/data_key.h"
#include "op/instance.h"
#include "op/provider_app.h"
#include "op/sealed_walk.h"
#include "op/system_secret.h"
#include "op/vault.h"
#include "op_fixture.h"
#include "provider/providers.h"
#include "store/connection.h"

#define SECRETS 80
#define PEOPLE 40     /* each with an application, tokens and an attempt */
#define ROWS (SECRETS + 3 * PEOPLE)
#define WRITERS 2
#define KILLS_DEFAULT 5
#define NONCE 64

static struct fixture f;
static struct err err;
static struct provider provider;
static const char *people[PEOPLE];

/* Shared with the processes that are forked. */
static struct {
	int stop, failed, read, written, begun, ended;
	char why[512];
	int value[ROWS];   /* what was written last: "KIND-NUMBER-value-N" */
	char state[PEOPLE][NONCE], cookie[PEOPLE][NONCE];
} *seen;

/* --- what there is of each kind --------------------------------------------------------- */

static struct scope his(int i)
{
	return (struct scope){ .kind = SCOPE_USER, .id = people[i], .tenant_id = people[i] };
}

static const char *value_of(const char *kind, int i, int n)
{
	return arena_printf(f.op.arena, "%s-%d-value-%d", kind, i, n);
}

static bool same(const char *is, const char *kind, int i, int n)
{
	return str_eq(is, value_of(kind, i, n)) || err_set(&err, ERR_INTERNAL, "another value");
}

static const char *name_of(int i)
{
	return arena_printf(f.op.arena, "secret-%03d", i);
}

static bool put_secret(int i, int n)
{
	struct system_secret s;

	return op_system_secret_set(&f.op, EVERY, name_of(i), value_of("secret", i, n), &s, &err);
}

static bool read_secret(int i, int n)
{
	struct system_secret s;

	return op_system_secret_show(&f.op, EVERY, name_of(i), true, &s, &err) &&
	       same(s.value, "secret", i, n);
}

static bool put_app(int i, int n)
{
	struct provider_app app;

	return op_provider_app_put(&f.op, his(i), &provider, &(struct provider_app){
		.client_id = "client", .client_secret = value_of("app", i, n) }, &app, &err);
}

/* What callers open: the row is read again when its data key was retired meanwhile. */
struct opened {
	int i;
	const char *secret;
	struct connection_tokens tokens;
};

static bool open_app(struct op *op, void *arg, int64_t *key_id_r, struct err *err_r)
{
	struct opened *o = arg;
	struct provider_app app;

	if (!op_provider_app_get(op, his(o->i), provider.id, &app, err_r))
		return false;
	*key_id_r = app.key_id;
	return op_provider_app_secret(op, &app, &o->secret, err_r);
}

static bool read_app(int i, int n)
{
	struct opened o = { .i = i };

	return op_seal_retry(&f.op, open_app, &o, &err) && same(o.secret, "app", i, n);
}

/* Each second time the access token alone: the refresh token stays, and is sealed again. */
static bool put_tokens(int i, int n)
{
	struct connection c;

	return op_connection_put(&f.op, his(i), &provider, &(struct tokens_in){
		.access_token = value_of("access", i, n),
		.refresh_token = n % 2 ? NULL : value_of("refresh", i, n),
		.expires_at = T0 + DAY_MS }, &c, &err);
}

static bool open_tokens(struct op *op, void *arg, int64_t *key_id_r, struct err *err_r)
{
	struct opened *o = arg;
	struct connection c;

	if (!store_connection_get(op->db, his(o->i), provider.id, op->arena, &c, err_r))
		return false;
	*key_id_r = c.key_id;
	return op_connection_open(op, &c, &o->tokens, err_r);
}

static bool read_tokens(int i, int n)
{
	struct opened o = { .i = i };
	struct tokens_lent lent;

	return op_connection_lend(&f.op, his(i), &provider, &lent, &err) &&
	       same(lent.access_token, "access", i, n) &&
	       op_seal_retry(&f.op, open_tokens, &o, &err) &&
	       same(o.tokens.access_token, "access", i, n) &&
	       same(o.tokens.refresh_token, "refresh", i, n - n % 2);
}

/* Up to the provider: the verifier is sealed. */
static bool put_attempt(int i, int n)
{
	struct connect_link link;
	struct connect_visit visit;

	(void)n;
	if (!op_connect_begin(&f.op, his(i), &provider, &link, &err) ||
	    !op_connect_follow(&f.op, &provider, strchr(link.start_url, '=') + 1, &visit, &err))
		return false;
	snprintf(seen->state[i], NONCE, "%s", visit.state);
	snprintf(seen->cookie[i], NONCE, "%s", visit.cookie);
	return true;
}

/* And back: the code is sealed beside it, and a caller opens both. */
static bool read_attempt(int i, int n)
{
	const struct connect_callback in = { .state = seen->state[i], .cookie = seen->cookie[i],
					     .code = value_of("code", i, n) };
	struct connect_state s;
	struct redemption r;

	if (!op_connect_call_back(&f.op, &provider, &in, &s, &err) ||
	    !op_redemption_claim(&f.op, s.id, &r, &err) || !same(r.code, "code", i, n))
		return false;
	if (!r.verifier || strlen(r.verifier) != 43)
		return err_set(&err, ERR_INTERNAL, "another verifier");
	return op_redemption_fail(&f.op, &r.state, &provider, OUTCOME_FAILED, "it is a test", NULL, &err);
}

static const struct kind {
	const char *name;
	int n;
	bool (*put)(int i, int n), (*read)(int i, int n);
} kinds[] = {
	{ "secret", SECRETS, put_secret, read_secret },
	{ "application", PEOPLE, put_app, read_app },
	{ "tokens", PEOPLE, put_tokens, read_tokens },
	{ "attempt", PEOPLE, put_attempt, read_attempt },   /* its state is spent: read once */
};
#define ATTEMPTS (ROWS - PEOPLE)   /* the first row of an attempt */

/* Of all rows one after the other; *i_r: which one of its kind. */
static const struct kind *kind_of(int row, int *i_r)
{
	const struct kind *k = kinds;

	for (; row >= k->n; k++)
		row -= k->n;
	*i_r = row;
	return k;
}

static bool fails(const struct kind *k, const char *what)
{
	__atomic_add_fetch(&seen->failed, 1, __ATOMIC_SEQ_CST);
	snprintf(seen->why, sizeof(seen->why), "%s, %s: %.400s", k->name, what, err.message);
	return false;
}

static bool put(int row, int n)
{
	int i;
	const struct kind *k = kind_of(row, &i);

	return k->put(i, n) || fails(k, "written");
}

static bool is_read(int row, int n)
{
	int i;
	const struct kind *k = kind_of(row, &i);

	return k->read(i, n) || fails(k, "read");
}

/* --- processes ---------------------------------------------------------------------------- */

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

/* Its own part of the rows, one after the other. */
static void write_and_read(int part)
{
	for (int i = part; !__atomic_load_n(&seen->stop, __ATOMIC_SEQ_CST);
	     i = i + WRITERS < ROWS ? i + WRITERS : part) {
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
		if (op_sealed_walk(&f.op, EVERY, &w, &err)) {
			retire_old();
			__atomic_add_fetch(&seen->ended, 1, __ATOMIC_SEQ_CST);
		}
		arena_reset(f.op.arena);
	}
}

static void await_more(const int *count, int than, pid_t pid)
{
	while (__atomic_load_n(count, __ATOMIC_SEQ_CST) == than) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			bail_out("what rotates has ended", &err);
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
}

/* Each second time after a rotation that came to its end: its old key is retired. */
static void kill_at_random(int round)
{
	const int *count = round % 2 ? &seen->ended : &seen->begun;
	int before = __atomic_load_n(count, __ATOMIC_SEQ_CST);
	pid_t pid = begin(rotate_on_and_on, 0);
	struct timespec ts = { .tv_nsec = (rand() % 400) * 1000000L };

	await_more(count, before, pid);
	nanosleep(&ts, NULL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void make_people(void)
{
	const struct providers *all = providers_read(f.arena, NULL, &err);

	if (!all || !provider_get(all, "google-health", T0, &provider, &err))
		bail_out("provider", &err);
	f.conf.public_url = "https://pierre.example.org";
	for (int i = 0; i < PEOPLE; i++)
		people[i] = make_user(&f, "starter").id;
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
	make_people();
	f.process.vault = op_vault_open(&f.op);
	for (int i = 0; i < ROWS; i++)
		if (!put(i, 0))
			bail_out("first value", &err);
	vault_free(&f.process.vault);
	fixture_disconnect(&f);   /* no handle crosses a fork */
}

static void check_all(void)
{
	struct sealed_walk w = { .reseal = true };
	bool walked;
	int other = 0;

	f.process.vault = op_vault_open(&f.op);
	walked = op_sealed_walk(&f.op, EVERY, &w, &err);
	ok(walked && w.rows == ROWS && w.faults == 0,
	   "a last walk finds none that does not open: %d rows, %d faults", (int)w.rows, (int)w.faults);
	for (int i = 0; i < ROWS; i++)
		other += !is_read(i, seen->value[i]);
	is_int(other, 0, "each is what was written last");
	retire_old();
	w = (struct sealed_walk){ .reseal = true };
	ok(op_sealed_walk(&f.op, EVERY, &w, &err) && w.rows == ATTEMPTS && w.resealed == 0,
	   "nothing is left to do, and attempts that have ended have no secret");
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
		kill_at_random(i);
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
