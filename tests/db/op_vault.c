/*
 * tests/db/op_vault.c - data keys and what they seal: nothing opens that was moved or
 * whose key is gone, and keys change under those who use them.
 */
#include "config.h"

#include "vault_op.h"
#include "op/notification.h"
#include "provider/providers.h"

/* --- what is sealed ------------------------------------------------------------------ */

static void test_secrets(void)
{
	put(&f.op, "a", "the first secret");
	put(&f.op, "b", "another secret");
	is_str(get(&f.op, "a"), "the first secret", "a secret comes back");
	is_int(sql_number("SELECT count(*) FROM audit_events WHERE event_type = 'SystemSecretRevealed'"), 1,
	       "and that it was shown is on record");
	put(&f.op, "a", "its second value");
	is_str(get(&f.op, "a"), "its second value", "another value takes its place");
	ok(!get(&f.op, "c") && err.kind == ERR_NOT_FOUND, "none of that name: %s", err.message);
	/* what is sealed is base64url, in which a word may come by chance, but no blank */
	is_int(sql_number("SELECT count(*) FROM system_secrets WHERE sealed_value LIKE '% secret%'"
			  " OR sealed_value LIKE '% value%'"), 0, "none stands there as it is");
}

static void test_without_vault(void)
{
	struct op_process process = f.process;
	struct op op = f.op;
	struct system_secret s;

	op.process = &process;
	process.vault = NULL;
	ok(!get(&op, "a") && err.kind == ERR_INTERNAL, "a process without keys opens nothing: %s", err.message);
	ok(!op_system_secret_set(&op, EVERY, "a", "x", &s, &err) && err.kind == ERR_INTERNAL, "and seals nothing");
	ok(!op_system_secret_set(&f.op, of("somebody"), "a", "x", &s, &err) && err.kind == ERR_FORBIDDEN,
	   "a user has no secrets of the service");
}

/* Sc 16. */
static void test_moved(void)
{
	must("UPDATE system_secrets SET sealed_value = (SELECT sealed_value FROM system_secrets WHERE name = 'a')"
	     " WHERE name = 'b'");
	is_closed("b", "the value of another row");
	is_int(check().faults, 1, "is found by a check");
	put(&f.op, "b", "another secret");
	must("UPDATE system_secrets SET name = 'moved' WHERE name = 'b'");
	is_closed("moved", "a row with another name");
	must("UPDATE system_secrets SET name = 'b' WHERE name = 'moved'");
	is_str(get(&f.op, "b"), "another secret", "put back it opens");
	must("UPDATE system_secrets SET sealed_value = substr(sealed_value, 1, length(sealed_value) - 2) WHERE name = 'b'");
	is_closed("b", "a short tag");
	must("UPDATE system_secrets SET sealed_value = 'plain' WHERE name = 'b'");
	is_closed("b", "a text that was not sealed");
	put(&f.op, "b", "another secret");
	is_int(check().faults, 0, "all are well");
}

/* The row of a data key is sealed too. */
static void test_key_row(void)
{
	rotate(NULL);
	must("UPDATE key_versions SET id = 99 WHERE id = 2");
	fresh_vault();
	ok(!op_system_secret_set(&f.op, EVERY, "c", "x", &(struct system_secret){ 0 }, &err) &&
	   err.kind == ERR_INTERNAL, "nor one with another number: %s", err.message);
	must("UPDATE key_versions SET id = 2 WHERE id = 99");
	must("UPDATE key_versions SET wrapped = (SELECT k.wrapped FROM key_versions k WHERE k.id = 1) WHERE id = 2");
	fresh_vault();
	ok(!op_system_secret_set(&f.op, EVERY, "c", "x", &(struct system_secret){ 0 }, &err) &&
	   err.kind == ERR_INTERNAL, "a data key in the row of another one seals nothing: %s", err.message);
	must("DELETE FROM key_versions WHERE id = 2");
	fresh_vault();
}

/* --- keys change ------------------------------------------------------------------------- */

/* Sc 54, 55. */
static void test_rotation(void)
{
	struct op_process process;
	struct op other = another(&process);
	int64_t old = key_of_row("a"), now;

	put(&other, "z", "by another process");   /* which has its key now */
	now = rotate(NULL).id;
	ok(now > old, "a new data key, with a number of its own");
	put(&other, "z", "by another process, once more");
	is_int(key_of_row("z"), old, "the other process goes on with the old one");
	fresh_vault();
	put(&f.op, "a", "by the new key");
	is_int(key_of_row("a"), now, "a fresh look takes the new one");
	is_str(get(&other, "a"), "by the new key", "which the other opens too");
	is_str(listed(old).state, "old", "state");
	is_int(listed(old).rows, 2, "rows that need it");
	ok(!retire(old) && err.kind == ERR_CONFLICT, "so it is not retired: %s", err.message);
	ok(!sql(arena_printf(f.arena, "DELETE FROM key_versions WHERE id = %lld", (long long)old)),
	   "nor does the database drop it");
	ok(!retire(now) && err.kind == ERR_CONFLICT, "the current one neither: %s", err.message);
	is_int(rewrap().resealed, 2, "two rows are sealed again");
	is_int(rewrap().resealed, 0, "and none is left");
	is_int(check().faults, 0, "all open");
	must(arena_printf(f.arena, "UPDATE system_secrets SET updated_at = updated_at WHERE key_id = %lld", (long long)now));
	ok(retire(old), "then the old one is retired");
	is_int(listed(old).id, 0, "and gone");
	is_int(look(&f, LOOK_AUDIT, "DataKeyRetired", arena_printf(f.arena, "%lld", (long long)old)), 1,
	       "which is on record, with its number");
	put(&other, "z", "sealed by a key that is gone");
	is_int(key_of_row("z"), now, "who would still seal by it takes the current one");
	is_str(get(&f.op, "z"), "sealed by a key that is gone", "and nothing is lost");
	vault_free(&process.vault);
}

/* Sc 55. */
static void test_retired(void)
{
	int64_t old = key_of_row("b");
	const char *kept = "UPDATE system_secrets SET sealed_value = (SELECT sealed_value FROM kept) WHERE name = 'b'";

	const char *was = get(&f.op, "b");

	must("CREATE TABLE kept AS SELECT sealed_value FROM system_secrets WHERE name = 'b'");
	put(&f.op, "b", "a newer secret");
	must(kept);
	is_str(get(&f.op, "b"), was, "an older value that is put back into its own row opens: its age is bound to nothing");
	rotate(NULL);
	rewrap();
	ok(retire(old), "retired");
	must(kept);
	is_closed("b", "a value that a retired key has sealed");
	is_int(check().faults, 1, "is found by a check");
	is_int(rewrap().faults, 0, "the row has the current key, so nothing is to be done");
	put(&f.op, "b", "another secret");
	must("DROP TABLE kept");
}

/* A failover to a replica that lagged has lost the last data key, and another process makes one
 * of the same number. */
static void test_number_again(void)
{
	static const struct seal_place place = { "t", "sealed_c", "r", { NULL } };
	struct op_process process;
	struct op other = another(&process);
	const char *sealed;
	int64_t id = rotate(NULL).id, sealed_by = 0;
	char *plain;
	size_t n;

	fresh_vault();
	put(&other, "lost", "sealed by the one that is lost");
	must("DELETE FROM system_secrets WHERE name = 'lost'");
	must(arena_printf(f.arena, "DELETE FROM key_versions WHERE id = %lld", (long long)id));
	must(arena_printf(f.arena, "UPDATE instance SET last_data_key = %lld", (long long)id - 1));
	is_int(rotate(NULL).id, id, "a data key has the number of a lost one");
	fresh_vault();
	put(&f.op, "again", "by the new one");
	is_str(get(&other, "again"), "by the new one", "who has the lost one opens what the new one has sealed");
	fresh_vault();
	vault_free(&process.vault);

	other = another(&process);
	put(&other, "lost", "sealed by one more that is lost");
	must("DELETE FROM system_secrets WHERE name IN ('lost', 'again')");
	must(arena_printf(f.arena, "DELETE FROM key_versions WHERE id = %lld", (long long)id));
	must(arena_printf(f.arena, "UPDATE instance SET last_data_key = %lld", (long long)id - 1));
	is_int(rotate(NULL).id, id, "once more");
	ok(op_seal(&other, "00000000-0000-4000-8000-000000000000", &place, "x", 1, &sealed_by, &sealed, &err) && sealed_by == id &&
	   op_seal_open(&f.op, &place, sealed, &plain, &n, &err), "once it has read the row it seals by the new one");
	vault_free(&process.vault);
}

static void set_b(void *arg)
{
	struct op_process process;
	struct op other = another(&process);

	(void)arg;
	put(&other, "b", "changed meanwhile");
	vault_free(&process.vault);
}

static void test_gives_way(void)
{
	struct sealed_walk w;

	rotate(NULL);
	fresh_vault();
	worst(WORST_DB_TRANSACTION, (struct moment){ .nth = 2, .before = set_b });   /* after its count of seals */
	w = (struct sealed_walk){ .reseal = true };
	ok(op_sealed_walk(&f.op, EVERY, &w, &err), "a row changes while it is sealed again");
	is_str(get(&f.op, "b"), "changed meanwhile", "what was written stays");
	is_int(w.resealed, w.rows - 1, "and was left alone");
	is_int(check().faults, 0, "all open");
}

static void test_lost_commit(void)
{
	struct sealed_walk w = { .reseal = true };

	rotate(NULL);
	fresh_vault();
	worst(WORST_DB_TRANSACTION, (struct moment){ .nth = 2, .answer = ANSWER_LOST });
	ok(!op_sealed_walk(&f.op, EVERY, &w, &err) && err.kind == ERR_UNCERTAIN,
	   "the answer to a commit is lost: %s", err.message);
	is_int(check().faults, 0, "all open");
	is_int(rewrap().resealed, 0, "it had been done; begun again, nothing is left");
}

/* Others hold its rows for as long as is waited, so many times. */
static void test_busy_page(void)
{
	struct sealed_walk w = { .reseal = true };
	int64_t rows = check().rows;

	rotate(NULL);
	fresh_vault();
	worst(WORST_DB_TRANSACTION, (struct moment){ .nth = 2, .times = 4, .answer = ANSWER_REFUSED });
	ok(op_sealed_walk(&f.op, EVERY, &w, &err), "a page that others hold is tried again");
	ok(w.rows == rows && w.resealed == rows, "and each row is counted once");
	is_int(rewrap().resealed, 0, "nothing is left");
	rotate(NULL);
	fresh_vault();
	worst(WORST_DB_TRANSACTION, (struct moment){ .nth = 2, .times = 5, .answer = ANSWER_REFUSED });
	ok(!op_sealed_walk(&f.op, EVERY, &w, &err) && err.kind == ERR_UNAVAILABLE, "but not for ever: %s", err.message);
	is_int(rewrap().resealed, rows, "begun again, all are sealed");
}

static void to_key(void *arg)
{
	struct err kept = err;   /* of what goes on meanwhile */

	must(arena_printf(f.arena, "UPDATE system_secrets SET key_id = %lld WHERE name = 'a'", (long long)*(const int64_t *)arg));
	err = kept;
}

struct coming {
	int64_t old, now;
};
static void comes(void *arg) { to_key(&((struct coming *)arg)->old); }
static void goes(void *arg) { to_key(&((struct coming *)arg)->now); }

/* Sealed by it when it is dropped, and not any more when that is looked for. */
static void test_row_that_came(void)
{
	struct coming row = { .old = key_of_row("a") };

	row.now = rotate(NULL).id;
	rewrap();
	worst(WORST_DB_TRANSACTION, (struct moment){ .before = comes, .after = goes, .arg = &row });
	ok(retire(row.old), "a row comes and goes while a data key is retired: %s", err.message);
	is_int(listed(row.old).id, 0, "which is gone");
	row.old = row.now;
	row.now = rotate(NULL).id;
	rewrap();
	worst(WORST_DB_TRANSACTION, (struct moment){ .before = comes, .arg = &row });
	ok(!retire(row.old) && err.kind == ERR_CONFLICT, "one that stays keeps it: %s", err.message);
	goes(&row);
	is_int(check().faults, 0, "all open");
}

static void test_dry(void)
{
	struct sealed_walk w = { .reseal = true, .dry = true };
	int64_t old = key_of_row("a"), n;

	rotate(NULL);
	fresh_vault();
	ok(op_sealed_walk(&f.op, EVERY, &w, &err) && w.resealed == w.rows && w.rows > 0, "a dry run counts");
	is_int(key_of_row("a"), old, "and writes nothing");
	f.conf.data_key_seals = 1;
	n = sql_number("SELECT count(*) FROM key_versions");
	w = (struct sealed_walk){ .reseal = true, .dry = true };
	ok(op_sealed_walk(&f.op, EVERY, &w, &err), "also where a data key has served its time");
	is_int(sql_number("SELECT count(*) FROM key_versions"), n, "it makes none");
	f.conf.data_key_seals = 0;
	rewrap();
}

static void test_served(void)
{
	int64_t before = key_of_row("a");

	f.conf.data_key_days = 30;
	f.op.now += 29 * DAY_MS;
	fresh_vault();
	put(&f.op, "a", "before its time");
	is_int(key_of_row("a"), before, "a data key of 29 days seals");
	f.op.now += DAY_MS;
	fresh_vault();
	put(&f.op, "a", "after its time");
	ok(key_of_row("a") > before, "of 30 it is replaced");
	is_int(sql_number("SELECT count(*) FROM audit_events WHERE event_type = 'DataKeyCreated' AND source = 'vault'"),
	       2, "by nobody but the vault, as the first one");
	f.conf.data_key_days = 0;
	before = key_of_row("a");
	f.conf.data_key_seals = 64;
	fresh_vault();
	put(&f.op, "a", "counted");
	ok(key_of_row("a") > before, "one that has sealed so many is replaced too");
	f.conf.data_key_seals = 0;
}

static void rotate_meanwhile(void *arg)
{
	*(int64_t *)arg = rotate(NULL).id;
}

/* Sc 55. */
static void test_two_at_once(void)
{
	int64_t other = 0;
	struct data_key key;

	worst(WORST_DB_TRANSACTION, (struct moment){ .before = rotate_meanwhile, .arg = &other });
	key = rotate(NULL);
	is_int(key.id, other, "two rotations at once make one data key");
}

/* --- told ------------------------------------------------------------------------------------- */

/* Beside notifications that are written with the change that they tell of. */
static void test_notification(void)
{
	struct user user = make_user(&f, "starter");
	const struct notification in = { .user_id = user.id, .tenant_id = user.id, .provider = "strava",
					 .success = true, .message = "Strava is connected.", .expires_at = T0 + DAY_MS };
	struct notification out;

	ok(op_notification_add(&f.op, &in, &out, &err), "a user is told something: %s", err.message);
	is_int(sql_number(arena_printf(f.arena, "SELECT count(*) FROM notifications WHERE id = '%s' AND user_id = '%s' "
				       "AND tenant_id = '%s' AND provider = 'strava' AND success AND message = "
				       "'Strava is connected.' AND expires_at IS NOT NULL AND read_at IS NULL",
				       out.id, user.id, user.id)), 1, "all of it is stored");
	is_int(sql_number(arena_printf(f.arena, "SELECT count(*) FROM audit_events WHERE target = '%s'", out.id)), 1,
	       "with its event");
}

int main(void)
{
	vault_begin();
	clock_stop();   /* how long a process keeps its key without a look is not tested here */
	test_secrets();
	test_without_vault();
	test_moved();
	test_key_row();
	test_rotation();
	test_retired();
	test_number_again();
	test_gives_way();
	test_lost_commit();
	test_busy_page();
	test_row_that_came();
	test_dry();
	test_served();
	test_two_at_once();
	test_notification();
	vault_free(&f.process.vault);
	fixture_close(&f);
	return tap_done();
}
