/*
 * tests/db/op_vault_master.c - the master key changes: all that hangs on it goes on, on
 * hosts that have both keys; one that was left behind says so.
 */
#include "config.h"

#include "vault_op.h"

#define REMOVED "00000000-0000-4000-8000-0000000000d1"

static struct audit_linker linker_of(struct master_subkeys *keys)
{
	const struct conf *c = &f.conf;

	master_subkeys_derive(c->encryption_key.bytes, c->encryption_key_previous.set ?
			      c->encryption_key_previous.bytes : NULL, SUBKEY_AUDIT_HEAD, keys);
	return (struct audit_linker){ .keys = keys, .host_id = "host" };
}

static int64_t audit_faults(void)
{
	struct audit_verified v;
	struct subkey key;

	if (!op_master_subkey(&f.op, SUBKEY_AUDIT_HEAD, &key, &err) ||
	    !op_audit_verify(&f.op, &key, &(struct field_list){ 0 }, &v, &err))
		bail_out("verify", &err);
	for (size_t i = 0; i < v.found.n; i++)
		printf("# %s\n", ((const struct audit_fault *)v.found.items)[i].sentence);
	return v.faults;
}

/* The event of a removal names the tenant, and is hashed with that name. */
static void test_removed_tenant(void)
{
	struct master_subkeys keys;
	struct audit_linker linker = linker_of(&keys);
	int64_t n;

	must("INSERT INTO tenants (id, name, slug, plan, kind, is_active, deleted_at, created_at, updated_at)"
	     " VALUES ('" REMOVED "', 'T', 'removed', 'starter', 'team', FALSE, '2001-01-01T00:00:00.000Z',"
	     " '2001-01-01T00:00:00.000Z', '2001-01-01T00:00:00.000Z')");
	ok(op_tenant_sweep(&f.op, &n, &err) && n == 1, "a tenant that was deleted is removed");
	is_int(look(&f, LOOK_AUDIT, "TenantRemoved", REMOVED), 1, "its event names it");
	ok(link_all(&linker), "it is linked");
	is_int(audit_faults(), 0, "and the audit trail is whole");
	f.op.now += 5000;
}

static void test_master_refused(void)
{
	struct master_changed m;
	int64_t keys = sql_number("SELECT count(*) FROM key_versions");

	ok(!op_master_rotate(&f.op, EVERY, false, &m, &err) && err.kind == ERR_CONFLICT, "nothing to change: %s", err.message);
	f.conf.encryption_key = key_of('n');
	ok(!op_master_rotate(&f.op, EVERY, false, &m, &err) && str_eq(err.field, "ENCRYPTION_KEY_PREVIOUS"),
	   "without the one before: %s", err.message);
	f.conf.encryption_key_previous = key_of('x');
	ok(!op_master_rotate(&f.op, EVERY, false, &m, &err) && str_eq(err.field, "ENCRYPTION_KEY_PREVIOUS"),
	   "with another one: %s", err.message);
	f.conf.encryption_key_previous = key_of('m');
	ok(op_master_rotate(&f.op, EVERY, true, &m, &err) && !m.done && m.data_keys == keys && m.audit_heads > 0,
	   "a dry run counts");
	must("UPDATE key_versions SET wrapped = 'x' || wrapped WHERE id = (SELECT min(id) FROM key_versions)");
	ok(!op_master_rotate(&f.op, EVERY, false, &m, &err) && err.kind == ERR_INTERNAL,
	   "a data key that does not open: %s", err.message);
	must("UPDATE key_versions SET wrapped = substr(wrapped, 2) WHERE id = (SELECT min(id) FROM key_versions)");
	worst(WORST_DB_TRANSACTION, (struct moment){ .answer = ANSWER_REFUSED });
	ok(!op_master_rotate(&f.op, EVERY, false, &m, &err) && err.kind == ERR_UNAVAILABLE, "the database is away");
	fresh_vault();
	is_int(check().faults, 0, "nothing was changed");
}

/* Sc 53. */
static void test_master(void)
{
	struct master_subkeys first_keys, both_keys, new_keys;
	struct audit_linker first, both, fresh;
	struct op_process old_process;
	struct op old_host;
	struct master_changed m;
	bool open = false;

	f.conf.encryption_key = key_of('m');
	f.conf.encryption_key_previous = (struct conf_key){ 0 };
	first = linker_of(&first_keys);
	ok(change_of(&f.op, NULL) && link_all(&first), "a host with the old key links");
	old_host = another(&old_process);
	test_master_refused();
	both = linker_of(&both_keys);
	f.op.now += 5000;
	ok(op_instance_check_key(&f.op, &open, &err) && open, "a host with both keys starts, on the old one");
	ok(change_of(&f.op, NULL) && link_all(&both), "it links");
	f.op.now += 5000;
	ok(change_of(&f.op, NULL) && link_all(&first), "and the old host goes on from there");
	is_int(audit_faults(), 0, "with heads of one key");
	rotate(NULL);
	fresh_vault();
	put(&f.op, "a", "by a host with both");
	is_str(get(&old_host, "a"), "by a host with both", "which the old host opens");
	ok(op_master_rotate(&f.op, EVERY, false, &m, &err) && m.done, "the change");
	ok(op_instance_check_key(&f.op, &open, &err) && !open, "a host with both starts, on the new one");
	is_int(audit_faults(), 0, "heads are signed by the new one");
	f.op.now += 5000;
	ok(change_of(&f.op, NULL) && !link_all(&first) && err.kind == ERR_CONFIG, "a host that was left behind links no more: %s", err.message);
	f.op.now += 5000;
	ok(link_all(&both), "one with both does");
	is_str(get(&f.op, "a"), "by a host with both", "and opens what it has unwrapped before");
	vault_forget(old_process.vault);
	ok(!get(&old_host, "a") && err.kind == ERR_UNAVAILABLE && str_eq(err.reason, "master_key"),
	   "the host that was left behind says so: %s", err.message);
	f.conf.encryption_key_previous = (struct conf_key){ 0 };
	fresh = linker_of(&new_keys);
	f.op.now += 5000;
	ok(change_of(&f.op, NULL) && link_all(&fresh) && audit_faults() == 0, "without the old key all goes on");
	is_int(check().faults, 0, "and every secret opens");
	ok(!op_master_rotate(&f.op, EVERY, false, &m, &err) && err.kind == ERR_CONFLICT, "a second time: %s", err.message);
	f.conf.encryption_key = key_of('m');
	ok(!op_instance_check_key(&f.op, &open, &err) && err.kind == ERR_CONFIG, "the old key does not start any more: %s", err.message);
	vault_free(&old_process.vault);
}

static void test_master_lost_commit(void)
{
	struct master_changed m;

	f.conf.encryption_key_previous = key_of('n');
	f.conf.encryption_key = key_of('o');
	worst(WORST_DB_TRANSACTION, (struct moment){ .answer = ANSWER_LOST });
	ok(!op_master_rotate(&f.op, EVERY, false, &m, &err), "the answer to the commit is lost: %s", err.message);
	is_int(check().faults, 0, "every secret opens");
	ok(!op_master_rotate(&f.op, EVERY, false, &m, &err) && err.kind == ERR_CONFLICT, "it had been done");
}

int main(void)
{
	vault_begin();
	put(&f.op, "a", "a secret");
	test_removed_tenant();
	test_master();
	test_master_lost_commit();
	vault_free(&f.process.vault);
	fixture_close(&f);
	return tap_done();
}
