/*
 * tests/db/vault_op.h - what tests of the vault do: secrets, data keys, processes with
 * a vault of their own.
 */
#ifndef PIERRE_TESTS_VAULT_OP_H
#define PIERRE_TESTS_VAULT_OP_H

#include "chain_op.h"
#include "op/data_key.h"
#include "op/instance.h"
#include "op/sealed_walk.h"
#include "op/system_secret.h"
#include "op/tenant.h"
#include "op/vault.h"
#include "worst.h"

__attribute__((unused))
static struct conf_key key_of(char fill)
{
	struct conf_key k = { .set = true };

	memset(k.bytes, fill, sizeof(k.bytes));
	return k;
}

/* Another process, with the keys that the options have now. */
__attribute__((unused))
static struct op another(struct op_process *process)
{
	struct op op = f.op;

	*process = f.process;
	process->vault = op_vault_open(&f.op);
	op.process = process;
	return op;
}

__attribute__((unused))
static void fresh_vault(void)
{
	vault_free(&f.process.vault);
	f.process.vault = op_vault_open(&f.op);
}

__attribute__((unused))
static void put(struct op *op, const char *name, const char *value)
{
	struct system_secret s;

	if (!op_system_secret_set(op, EVERY, name, value, &s, &err))
		bail_out("set", &err);
}

/* NULL: `err`. */
__attribute__((unused))
static const char *get(struct op *op, const char *name)
{
	struct system_secret s = { .value = NULL };

	return op_system_secret_show(op, EVERY, name, true, &s, &err) ? s.value : NULL;
}

__attribute__((unused))
static void is_closed(const char *name, const char *what)
{
	fresh_vault();
	ok(!get(&f.op, name) && err.kind == ERR_INTERNAL && str_eq(err.reason, "sealed"),
	   "%s: %s", what, err.message);
}

__attribute__((unused))
static int64_t key_of_row(const char *name)
{
	return sql_number(arena_printf(f.arena, "SELECT key_id FROM system_secrets WHERE name = '%s'", name));
}

__attribute__((unused))
static struct data_key rotate(const char *tenant_id)
{
	struct data_key key;

	if (!op_data_key_rotate(&f.op, EVERY, tenant_id, &key, &err))
		bail_out("rotate", &err);
	return key;
}

__attribute__((unused))
static struct sealed_walk rewrap(void)
{
	struct sealed_walk w = { .reseal = true };

	fresh_vault();
	if (!op_sealed_walk(&f.op, EVERY, &w, &err))
		bail_out("rewrap", &err);
	return w;
}

__attribute__((unused))
static struct sealed_walk check(void)
{
	struct sealed_walk w = { 0 };

	fresh_vault();
	if (!op_sealed_walk(&f.op, EVERY, &w, &err))
		bail_out("check", &err);
	return w;
}

/* With state and rows; id 0: there is none. */
__attribute__((unused))
static struct data_key listed(int64_t id)
{
	const struct data_key *keys;
	struct field_list list;

	if (!op_data_key_list(&f.op, EVERY, &list, &err))
		bail_out("list", &err);
	keys = list.items;
	for (size_t i = 0; i < list.n; i++)
		if (keys[i].id == id)
			return keys[i];
	return (struct data_key){ 0 };
}

__attribute__((unused))
static bool retire(int64_t id)
{
	struct data_key key = listed(id);

	return op_data_key_retire(&f.op, EVERY, false, &key, &err);
}

static void test_start(void)
{
	struct instance i;
	bool open;

	ok(!op_vault_check(&f.op, &err), "a database without an identity: %s", err.message);
	ok(op_instance_ensure(&f.op, &i, &err) && op_instance_check_key(&f.op, &open, &err) && !open &&
	   op_vault_check(&f.op, &err), "a start makes the first data key");
	is_int(sql_number("SELECT count(*) FROM key_versions WHERE id = 1 AND tenant_id IS NULL"), 1, "number 1");
	ok(op_vault_check(&f.op, &err), "a second start");
	is_int(sql_number("SELECT count(*) FROM key_versions"), 1, "finds it");
	fresh_vault();
}

static void vault_begin(void)
{
	chain_open();
	f.conf.encryption_key = key_of('m');
	test_start();
}

#endif
