/*
 * Cached credentials: used without a look into the database, and never longer
 * than they are good.
 */
#include "config.h"

#include "cache_op.h"
#include "op/change.h"
#include "shm/epoch.h"
#include "shm/stat.h"
#include "store/change.h"

static int64_t hits(void)
{
	return (int64_t)stat_total(f.process.segment, STAT_CACHE_HITS);
}

static void keys(void)
{
	struct user user = make_user(&f, "starter");
	struct op other = elsewhere();
	struct api_key key, gone;
	struct credential again;
	const struct user *owner;
	const char *full = made_key(&user, &key);
	char wrong[64];
	struct err err;
	int64_t before = hits();

	is_str(verdict(full), "good", "the first look is one into the database");
	is_int(hits(), before, "no hit");
	ok(key_good(&f.op, full, &again, &err), "the second is not");
	is_int(hits(), before + 1, "a hit");
	ok(str_eq(again.id, key.id) && str_eq(again.key_id, key.id) && !again.session_id &&
	   str_eq(again.tenant_id, user.id) && again.tenant.is_active && again.tenant.may == 255 &&
	   again.tenant.requests == INT_NONE && !again.tenant.observe && str_eq(again.tier, "starter") && again.scopes.items && again.scopes.n == 0 &&
	   !again.all_scopes && str_eq(again.secret_hash, key.key_hash) &&
	   again.quota.requests == INT_NONE && again.quota.window == WINDOW_MONTH &&
	   again.expires_at == TIME_NONE && again.revoked_at == TIME_NONE, "the same key");
	owner = again.owner;
	ok(str_eq(owner->id, user.id) && str_eq(owner->email, user.email) && !owner->tenant_id &&
	   str_eq(owner->user_status, "active") && !owner->password_hash, "the same owner, without his hash");
	snprintf(wrong, sizeof(wrong), "%s", full);
	wrong[39] = wrong[39] == 'a' ? 'b' : 'a';
	is_str(verdict(wrong), "unknown", "a wrong secret does not profit");

	ok(op_key_revoke(&other, of(user.id), key.id, &gone, &err), "revoked on another host");
	is_str(verdict(full), "good", "not yet seen: it is the cache that answers");
	clock_skew += 4000;
	is_str(verdict(full), "revoked", "seen after four seconds");

	full = made_key(&user, &key);
	is_str(verdict(full), "good", "another key");
	ok(op_key_revoke(&f.op, of(user.id), key.id, &gone, &err), "revoked here");
	is_str(verdict(full), "revoked", "seen at once");
}

static int noted_since(int64_t at, const char *id)
{
	const char *ids[64];
	int found = 0;
	size_t n;
	struct err err;

	if (!store_changes_since(f.db, at, 64, f.op.arena, ids, &n, &err))
		bail_out("store_changes_since", &err);
	for (size_t i = 0; i < n; i++)
		found += str_eq(ids[i], id);
	return found;
}

/* On PostgreSQL the position stays behind the oldest transaction of the
 * cluster, in which other tests run: what was noted may be read once more. */
static int64_t position_after(const char *id)
{
	int64_t at;
	struct err err;

	for (int i = 0; i < 6000; i++) {
		if (!store_changes_position(f.db, &at, &err))
			bail_out("store_changes_position", &err);
		if (noted_since(at, id) == 0)
			return at;
		usleep(10000);
	}
	ok(false, "the position passes the change of %s", id);
	return at;
}

/* A key whose row is cached, and then changed without a word to this host. */
static const char *revoked_elsewhere(const struct user *user, struct api_key *key)
{
	struct op other = elsewhere();
	struct api_key out;
	const char *full;
	struct err err;

	clock_skew += 10;   /* read after somebody has begun to follow */
	full = made_key(user, key);
	is_str(verdict(full), "good", "a key");
	ok(op_key_revoke(&other, of(user->id), key->id, &out, &err), "revoked on another host");
	return full;
}

/* As long as somebody follows the changes of all hosts, rows do not age. */
static void followed(void)
{
	struct user user = make_user(&f, "starter");
	struct op other = elsewhere();
	struct change_watch watch = { 0 };
	struct api_key key, again;
	const char *full = made_key(&user, &key);
	int64_t before;
	struct err err;

	position_after(user.id);
	is_str(verdict(full), "good", "read before anybody follows");
	ok(op_changes_follow(&f.op, &watch, &err), "somebody does");
	clock_skew += 2900;
	before = hits();
	ok(op_changes_follow(&f.op, &watch, &err), "again");
	is_str(verdict(full), "good", "not yet old");
	is_int(hits(), before + 1, "a hit");
	clock_skew += 200;
	is_str(verdict(full), "good", "what was read before is not known to be good");
	is_int(hits(), before + 1, "no hit");
	for (int i = 0; i < 10; i++) {
		clock_skew += 2500;
		ok(op_changes_follow(&f.op, &watch, &err), "half a minute");
	}
	is_str(verdict(full), "good", "what was read since is");
	is_int(hits(), before + 2, "a hit");
	ok(op_key_revoke(&other, of(user.id), key.id, &again, &err), "revoked on another host");
	is_str(verdict(full), "good", "not yet seen");
	ok(op_changes_follow(&f.op, &watch, &err), "until the changes are read");
	is_str(verdict(full), "revoked", "then it is");

	full = revoked_elsewhere(&user, &key);
	clock_skew += 3100;
	is_str(verdict(full), "revoked", "nobody follows any more: seen after three seconds");
	full = revoked_elsewhere(&user, &key);
	clock_skew += 61000;
	watch.position = position_after(key.id);   /* as if it had been swept */
	ok(op_changes_follow(&f.op, &watch, &err), "too late: the change may have been swept");
	is_str(verdict(full), "revoked", "nothing from before is used");

	full = revoked_elsewhere(&user, &key);
	watch.position += 1000000;
	clock_skew += 3100;
	ok(op_changes_follow(&f.op, &watch, &err), "the numbers of changes have gone back");
	is_str(verdict(full), "revoked", "nothing from before is used");

	full = revoked_elsewhere(&user, &key);
	f.op.now += 3600000;
	clock_skew += 3100;
	watch.position = position_after(key.id);   /* as if it had been swept */
	ok(op_changes_follow(&f.op, &watch, &err), "the machine has slept for an hour");
	is_str(verdict(full), "revoked", "nothing from before is used");
	f.op.now -= 3600000;
}

/* A change that nothing told of, as when the database is restored under us. */
static void unseen(void)
{
	struct user user = make_user(&f, "starter");
	struct api_key key;
	const char *full = revoked_elsewhere(&user, &key);

	clock_skew += 295000;
	epoch_follow(f.process.segment, 1, clock_monotonic());
	is_str(verdict(full), "good", "and not seen for almost five minutes");
	clock_skew += 5000;
	epoch_follow(f.process.segment, 1, clock_monotonic());
	is_str(verdict(full), "revoked", "then it is");
}

static void noted(void)
{
	struct user user = make_user(&f, "starter"), out;
	struct api_key key, again;
	const char *ids[2];
	int64_t at, n;
	size_t found;
	struct err err;

	at = position_after(user.id);
	made_key(&user, &key);
	is_int(noted_since(at, key.id), 0, "what is made is no change");
	ok(op_key_revoke(&f.op, of(user.id), key.id, &again, &err), "a key is revoked");
	is_int(noted_since(at, key.id), 1, "noted");
	is_int(noted_since(at, user.id), 0, "its owner is not");
	ok(op_user_suspend(&f.op, EVERY, user.id, NULL, &out, &err), "its owner suspended");
	is_int(noted_since(at, user.id), 1, "noted");
	ok(store_changes_since(f.db, at, 1, f.op.arena, ids, &found, &err) && found == 1, "one asked for");
	at = position_after(key.id);
	at = position_after(user.id);
	is_int(noted_since(at, key.id) + noted_since(at, user.id), 0, "all is read");
	ok(store_changes_sweep(f.db, &n, &err), "swept");
	is_int(n, 0, "nothing is an hour old");
}

/* A connection of its own, whose transaction others have to wait for. */
static const struct db_statement numbering = {
	.name = "numbering", .sql = { "SELECT 0", "SELECT CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)" },
};
static const struct db_catalog numbering_catalog = {
	.statements = &numbering, .n_statements = 1,
	.constraints = (const struct db_constraint[]){ { 0 } },
};

static bool while_it_runs(struct db *db, void *arg, struct err *err_r)
{
	struct user *user = arg, out;
	int64_t before, at;

	if (!db_number(db, 0, DB_NO_ARGS, &before, err_r))
		return false;
	ok(store_changes_position(f.db, &at, err_r) && at <= before, "the position stays behind it");
	ok(op_user_suspend(&f.op, EVERY, user->id, NULL, &out, err_r), "a user is suspended");
	is_int(noted_since(at, user->id), 1, "noted");
	ok(store_changes_position(f.db, &at, err_r) && at <= before, "the position still stays behind");
	is_int(noted_since(at, user->id), 1, "so it is read again");
	return true;
}

static void behind_a_long_transaction(void)
{
	struct db_options o = { .url = f.url, .timeout_ms = 20000, .catalog = &numbering_catalog };
	struct user user = make_user(&f, "starter");
	struct err err;
	struct db *db;

	if (db_backend_of(f.db) != DB_PGSQL) /* which has one writer */
		return;
	db = db_new(&o, &err);
	if (!db || !db_transaction(db, while_it_runs, &user, &err))
		bail_out("a second connection", &err);
	position_after(user.id);
	db_free(&db);
}

static void owners(void)
{
	struct user user = make_user(&f, "starter"), out;
	struct tenant tenant;
	struct api_key key;
	const char *full = made_key(&user, &key);
	struct err err;

	is_str(verdict(full), "good", "a key");
	ok(op_user_suspend(&f.op, EVERY, user.id, NULL, &out, &err), "its owner is suspended");
	is_str(verdict(full), "suspended", "seen at once");
	ok(op_user_approve(&f.op, EVERY, user.id, &(struct user_approve_in){ 0 }, &out, &tenant, &err),
	   "and approved");
	is_str(verdict(full), "good", "seen at once");
}

static void expiry(void)
{
	struct user user = make_user(&f, "starter");
	struct field_given given = named(f.arena, &api_key_patch_schema, "expires_at");
	struct api_key in = { .expires_at = f.op.now + 1000 };
	struct api_key key;
	const char *full = made_key(&user, &key);
	int64_t before, then = f.op.now;
	struct err err;

	ok(op_key_update(&f.op, of(user.id), key.id, &in, &given, &key, &err), "a key that ends");
	is_str(verdict(full), "good", "is good before");
	before = hits();
	f.op.now = then + 999;
	is_str(verdict(full), "good", "in its last millisecond");
	f.op.now = then + 1000;
	is_str(verdict(full), "expired", "and not after it");
	is_int(hits(), before + 2, "though the row came from the cache");
	f.op.now = then;
}

static void sessions(void)
{
	struct user user = make_user(&f, "starter");
	struct session_tokens tokens, next;
	struct credential again;
	const char *first;
	int64_t before;
	struct err err;

	if (!op_session_create(&f.op, &user, &tokens, &err))
		bail_out("op_session_create", &err);
	is_str(session_verdict(tokens.access_token), "good", "a session");
	before = hits();
	ok(session_good(&f.op, tokens.access_token, &again, &err), "again");
	is_int(hits(), before + 1, "from the cache");
	ok(str_eq(again.id, tokens.session_id) && str_eq(again.session_id, tokens.session_id) &&
	   !again.key_id && again.all_scopes && str_eq(again.owner->id, user.id), "the same session");
	first = tokens.access_token;
	ok(op_session_refresh(&f.op, tokens.refresh_token, NULL, &next, &user, &err), "refreshed");
	before = hits();
	is_str(session_verdict(tokens.access_token), "good", "the old token goes on");
	is_int(hits(), before, "with an end that is read again");
	f.op.now += 60000;
	is_str(session_verdict(tokens.access_token), "expired", "of a minute");
	is_int(hits(), before + 1, "from the cache");
	f.op.now -= 60000;
	is_str(session_verdict(next.access_token), "good", "the new one is good");
	f.op.now += 60000;
	is_str(session_verdict(next.access_token), "good", "and has its own end");
	f.op.now -= 60000;
	tokens = next;
	ok(op_session_refresh(&f.op, tokens.refresh_token, NULL, &next, &user, &err), "refreshed once more");
	is_str(session_verdict(first), "unknown", "the first one is over at once");
	is_str(session_verdict(tokens.access_token), "good", "the one before goes on");
	is_str(session_verdict(next.access_token), "good", "with the new one");
	f.op.actor = credential_actor(&again, "test");
	ok(op_session_end(&f.op, scope_own(&f.op), tokens.session_id, &err), "logged out");
	is_str(session_verdict(next.access_token), "unknown", "at once");
	is_str(session_verdict(tokens.access_token), "unknown", "both of them");
	f.op.actor = (struct actor){ .role = ROLE_SUPER_ADMIN, .source = "test" };
}

static struct credential row;

static bool finds(const struct op *op, const char *name, struct credential *out)
{
	return cache_find(op, &credential_key, name, out);
}

static void changed_meanwhile(void)
{
	struct credential found;
	struct cache_mark mark = cache_mark_now(&f.op);

	op_changed(&f.op, "somebody else");
	cache_store(&f.op, "name", mark, &row);
	ok(!finds(&f.op, "name", &found), "what changed after the mark is not kept");
	mark = cache_mark_now(&f.op);
	cache_store(&f.op, "name", mark, &row);
	ok(finds(&f.op, "name", &found), "what did not is");
	ok(!finds(&f.op, "nam", &found) && !finds(&f.op, "name ", &found), "under its name");
	ok(!cache_find(&f.op, &credential_session, "name", &found), "and its kind");
	op_changed(&f.op, row.tenant_id);
	ok(!finds(&f.op, "name", &found), "a change of its tenant drops it");
}

static void many(void)
{
	char name[32];
	struct credential found;
	int kept = 0;

	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "pk_live_%d", i);
		cache_store(&f.op, name, cache_mark_now(&f.op), &row);
		if (!finds(&f.op, name, &found))
			printf("# %s is not there\n", name);
	}
	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "pk_live_%d", i);
		kept += finds(&f.op, name, &found);
	}
	ok(kept > 1500 && kept <= 8192, "of 20000 rows %d are kept", kept);
	ok(finds(&f.op, "pk_live_19999", &found) && str_eq(found.id, row.id), "the last one");
}

static void without(void)
{
	struct op op = elsewhere();
	struct op_process caching = *op.process;
	struct credential found;

	cache_store(&op, "x", cache_mark_now(&op), &row);
	ok(!finds(&op, "x", &found), "no cache: nothing is kept");
	caching.cache = true;
	op.process = &caching;
	cache_store(&op, "x", cache_mark_now(&op), &row);
	ok(!finds(&op, "x", &found), "no segment, which would tell of changes: nothing either");
	op_changed(&op, "x");
	ok(op.result.changed, "a change is noted all the same");
}

int main(void)
{
	static const struct user owner = { .id = "u1", .tenant_id = "t1" };

	row = (struct credential){
		.kind = &credential_key, .id = "k1", .tenant_id = "t1", .tier = "trial", .secret_hash = "h",
		.owner = &owner,
	};
	segment_op_open(&f);
	clock_stop();
	keys();
	followed();
	unseen();
	noted();
	behind_a_long_transaction();
	owners();
	expiry();
	sessions();
	changed_meanwhile();
	many();
	without();
	segment_op_close(&f);
	return tap_done();
}
