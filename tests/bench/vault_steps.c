/*
 * tests/bench/vault_steps.c - what the vault and budgets cost in one process, for tests/bench/vault.
 *
 *   vault_steps [N]   prints "NAME COUNT WALL_US CPU_US" for each; the database is TEST_DATABASE_URL
 */
#include "config.h"

#include <stdio.h>
#include <time.h>

#include "../db/op_fixture.h"
#include "op/budget.h"
#include "op/data_key.h"
#include "op/instance.h"
#include "op/vault.h"
#include "store/quota.h"

#define TOKEN "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ROW "00000000-0000-4000-8000-000000000001"

static struct fixture f;
static struct err err;
static const struct seal_place place = { "provider_connections", "sealed_access", ROW, { ROW, ROW, "acme" } };
static const char *sealed;
static struct provider provider;

static void seal_one(void)
{
	int64_t key_id = 0;

	if (!op_seal(&f.op, NULL, &place, TOKEN, strlen(TOKEN), &key_id, &sealed, &err))
		bail_out("seal", &err);
}

static void open_one(void)
{
	char *plain;
	size_t n;

	if (!op_seal_open(&f.op, &place, sealed, &plain, &n, &err))
		bail_out("open", &err);
}

static void take(void)
{
	op_budget_take(&f.op, &(struct budget_call){ .p = &provider, .app_id = ROW }, NULL, &err);
}

static int64_t us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void measure(const char *name, void (*fn)(void), int n)
{
	struct arena *own = arena_new();
	int64_t wall, cpu;

	fn();                            /* its data key, its statements, its window */
	wall = us(CLOCK_MONOTONIC);
	cpu = us(CLOCK_PROCESS_CPUTIME_ID);
	f.op.arena = own;
	for (int i = 0; i < n; i++) {
		fn();
		arena_reset(own);
	}
	f.op.arena = f.arena;
	arena_free(&own);
	printf("%s %d %lld %lld\n", name, n, (long long)(us(CLOCK_MONOTONIC) - wall),
	       (long long)(us(CLOCK_PROCESS_CPUTIME_ID) - cpu));
}

static void open_vault(void)
{
	struct instance instance;
	bool open;

	memset(f.conf.encryption_key.bytes, 1, sizeof(f.conf.encryption_key.bytes));
	f.conf.encryption_key.set = true;
	f.process.vault = op_vault_open(&f.op);
	f.process.quota = store_quota_open(f.db);
	if (!op_instance_ensure(&f.op, &instance, &err) || !op_instance_check_key(&f.op, &open, &err) ||
	    !op_vault_check(&f.op, &err) || !store_quota_migrate(f.process.quota, &err))
		bail_out("open", &err);
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 20000;

	fixture_open(&f);
	open_vault();
	measure("seal", seal_one, n);
	seal_one();
	measure("open", open_one, n);
	provider = (struct provider){ .id = "acme", .title = "acme", .budgets = strings_split(f.arena, "1000000/quarter,1000000000/day", ',') };
	measure("take", take, n / 20);
	provider.budgets = strings_split(f.arena, "1/quarter", ',');
	measure("refuse", take, n / 5);
	store_quota_close(&f.process.quota, f.db);
	vault_free(&f.process.vault);
	fixture_close(&f);
	return 0;
}
