/*
 * Requests with an Idempotency-Key at the worst moment: a COMMIT whose answer is lost,
 * another request that has the key until the deadline, and what is told before the COMMIT;
 * on the backend given. Whole requests are tests/http/idempotency.t's.
 */
#include "config.h"

#include "base/clock.h"
#include "db/db_core.h"
#include "model/tenant_role.h"
#include "op/claim.h"
#include "op/member.h"
#include "op/session.h"
#include "op/sweep.h"
#include "resource/call.h"
#include "resource/routes.h"
#include "segment_op.h"
#include "shm/epoch.h"

static struct fixture f;
static struct err err;
static struct user user;
static struct session_tokens session;
static const char *body = "{\"name\":\"x\"}";

/* --- faults ------------------------------------------------------------------------ */

/* COMMIT done / not done, and its answer lost; refused: then nobody listens either. */
static struct {
	const struct db_driver *real;
	int after, before;
	bool refused;
	void (*before_accept)(void);   /* the invitation is looked for */
	uint32_t epoch;          /* of the user, just before the last COMMIT */
} fault;

static enum db_rc faulty_commit(struct db_conn *c, int64_t deadline, struct err *err_r)
{
	enum db_rc rc = DB_OK;

	fault.epoch = epoch_read(f.process.segment, user.id);
	if (fault.before > 0) {
		fault.before--;
		fault.real->rollback(c, deadline);
	} else {
		rc = fault.real->commit(c, deadline, err_r);
		if (rc != DB_OK || fault.after == 0)
			return rc;
		fault.after--;
	}
	err_set(err_r, ERR_UNCERTAIN, "Lost");
	return DB_UNCERTAIN;
}

static enum db_rc faulty_query(struct db_conn *c, int stmt, const struct db_value *args, size_t n,
			       int64_t deadline, struct err *err_r)
{
	void (*fn)(void) = fault.before_accept;

	if (fn && stmt == SQL_INVITATION_BY_TOKEN) {
		fault.before_accept = NULL;
		fn();
	}
	return fault.real->query(c, stmt, args, n, deadline, err_r);
}

static struct db_conn *faulty_open(const struct db_options *o, int64_t deadline, struct err *err_r)
{
	if (!fault.refused)
		return fault.real->open(o, deadline, err_r);
	err_set(err_r, ERR_UNAVAILABLE, "Nobody listens");
	return NULL;
}

static void wrap(void)
{
	static struct db_driver driver;

	fault.real = db_url_driver(f.url, NULL);
	driver = *fault.real;
	driver.open = faulty_open;
	driver.commit = faulty_commit;
	driver.query = faulty_query;
	db_wrap_driver(f.db, &driver);
}

/* --- requests ----------------------------------------------------------------------- */

static struct response res;

static const char *pair(const char *name, const char *value)
{
	return arena_printf(f.arena, "%s=%s", name, value);
}

/* POST of the body as the user; its status. */
static int64_t patience = 20000;   /* milliseconds, of a request that nothing holds up */

static int post(struct db *db, const char *path, const char *key)
{
	const char *params[] = {
		"FCGI_ROLE=RESPONDER", "REQUEST_METHOD=POST", pair("REQUEST_URI", path),
		"SERVER_PROTOCOL=HTTP/1.1", "CONTENT_TYPE=application/json",
		pair("HTTP_AUTHORIZATION", arena_printf(f.arena, "Bearer %s", session.access_token)),
		"PIERRE_END=1", key ? pair("HTTP_IDEMPOTENCY_KEY", key) : NULL, NULL,
	};
	struct op op = { .db = db, .arena = f.arena, .now = f.op.now, .process = &f.process,
			 .actor.source = "rest", .client.remote_addr = "192.0.2.1" };
	struct request req;
	struct call call = { .req = &req, .res = &res, .op = &op, .tables = route_tables };
	struct route_match match;

	if (!request_init(&req, f.arena, (char **)(uintptr_t)params, &err))
		bail_out("request", &err);
	req.body = body;
	req.body_len = strlen(body);
	route_find(route_tables, &req, &match);
	response_init(&res, f.arena);
	db_deadline(db, clock_monotonic() + patience);
	call_run(&call, &match);
	return res.status;
}

static bool replayed(void)
{
	for (size_t i = 0; i < res.n_headers; i++)
		if (str_eq(res.headers[i].name, "Idempotency-Replayed"))
			return true;
	return false;
}

static int64_t keys(void) { return look(&f, LOOK_KEYS, user.id, NULL); }
static int64_t events(void) { return look(&f, LOOK_AUDITS, NULL, NULL); }

/* The reply of the last request is that of this one; nothing more was made. */
static void again(const char *key, const char *what)
{
	const char *first = arena_strdup(f.arena, res.body);
	int64_t n = keys(), told = events();

	is_int(post(f.db, "/api/keys", key), 201, what);
	ok(replayed(), "a repeat");
	is_str(res.body, first, "and gets that reply");
	is_int(keys(), n, "nothing was made");
	is_int(events(), told, "nor told");
}

/* --- tests ----------------------------------------------------------------------------- */

static void lost(const char *key, int after, int before, const char *what)
{
	int64_t n = keys(), told = events();

	fault.after = after;
	fault.before = before;
	is_int(post(f.db, "/api/keys", key), 201, what);
	is_int(fault.after + fault.before, 0, "so it was");
	is_int(keys(), n + 1, "one key");
	is_int(events(), told + 1, "one event");
	again(key, what);
}

static void test_lost(void)
{
	lost("lost-1", 1, 0, "a COMMIT that was done and lost");
	lost("lost-2", 0, 2, "a COMMIT that was lost and not done, twice");
	lost("lost-3", 1, 1, "not done, and then done and lost");
}

/* Not even by looking: the client repeats, and it is as if nothing was lost. */
static void test_unknown(void)
{
	int64_t n = keys();

	fault.after = 1;
	fault.refused = true;
	is_int(post(f.db, "/api/keys", "unknown"), 503, "nobody knows whether it was done");
	ok(strstr(res.body, "did not say whether this was done"), "and the reply says so");
	fault.refused = false;
	is_int(post(f.db, "/api/keys", "unknown"), 201, "a repeat, later");
	ok(replayed(), "gets the reply of the first");
	is_int(keys(), n + 1, "one key");
}

/* The cache must not keep what it reads between the change and its COMMIT. */
static void test_told(void)
{
	uint32_t before = epoch_read(f.process.segment, user.id);

	is_int(post(f.db, "/api/tenants", "told"), 201, "a change of the user");
	is_int(fault.epoch, before, "is not told before the COMMIT");
	ok(epoch_read(f.process.segment, user.id) != before, "but after it");
}

/* --- a request that goes on ------------------------------------------------------------- */

static struct db *second(void)
{
	struct db *db = db_new(&(struct db_options){ .url = f.url, .timeout_ms = 20000, .prepare = true,
						     .catalog = &sql_catalog }, &err);

	if (!db)
		bail_out("second", &err);
	return db;
}

static struct {
	int status;
	const char *body;
} other;

/* Inside of the COMMIT of the first. */
static enum db_rc commit_late(struct db_conn *c, int64_t deadline, struct err *err_r)
{
	struct response mine = res;
	struct db *db = second();
	int64_t of_others = patience;

	/* PostgreSQL ends the first for idleness at its own deadline, which is to be later */
	patience = 10000;
	other.status = post(db, "/api/keys", "running");
	patience = of_others;
	other.body = res.body;
	db_free(&db);
	res = mine;
	return fault.real->commit(c, deadline + 5000, err_r);
}

static void test_running(void)
{
	struct db_driver driver = *fault.real;
	int64_t n = keys();
	struct db *db = second();

	driver.commit = commit_late;
	db_wrap_driver(db, &driver);
	is_int(post(db, "/api/keys", "running"), 201, "the first ends");
	if (db_backend_of(f.db) == DB_PGSQL) {
		is_int(other.status, 409, "one beside it waits for it until the deadline");
		ok(strstr(other.body, "\"reason\":\"in_progress\""), "and says so");
	} else {
		is_int(other.status, 503, "one beside it waits for the writer until the deadline");
	}
	is_int(keys(), n + 1, "one key");
	db_free(&db);
	again("running", "afterwards");
}

/* --- a request that was faster ---------------------------------------------------------- */

#define ACCEPT "/api/tenants/invitations/accept"

/* Another user's, to the user: its token. */
static const char *invite(void)
{
	struct user owner = make_user(&f, NULL);
	struct op op = f.op;
	struct tenant team;
	struct membership place;
	struct invitation invitation;

	op.actor = (struct actor){ .source = "test", .user_id = owner.id, .tenant_id = owner.id };
	if (!op_tenant_create(&op, of(owner.id), &(struct tenant){
			.name = "Team", .rate_limit_requests = INT_NONE }, &team, &err) ||
	    !op_tenant_enter(&op, team.id, TENANT_MEMBERS, &place, &err) ||
	    !op_invitation_create(&op, scope_tenant(&op), team.id, &(struct invitation){
		.email = user.email, .role = "member" }, &invitation, &err))
		bail_out("invite", &err);
	return invitation.invitation_token;
}

static void accept_faster(void)
{
	struct response mine = res;
	struct db *db = second();

	other.status = post(db, ACCEPT, "faster");
	other.body = res.body;
	db_free(&db);
	res = mine;
}

/* What the slower one finds, an invitation that was used, is the doing of its own request. */
static void test_faster(void)
{
	const char *usual = body;

	body = arena_printf(f.arena, "{\"invitation_token\":\"%s\"}", invite());
	fault.before_accept = accept_faster;
	is_int(post(f.db, ACCEPT, "faster"), 200, "the slower of two that were sent at once");
	is_int(other.status, 200, "the faster one was done");
	ok(replayed(), "and its reply");
	is_str(res.body, other.body, "is that of both");
	is_int(post(f.db, ACCEPT, "new"), 409, "a request of its own is refused");
	body = usual;
}

/* --- without a key for replies ------------------------------------------------------------ */

static void test_no_key(void)
{
	int64_t n = keys();

	f.process.reply_keys = NULL;
	is_int(post(f.db, "/api/keys", "no-key"), 500, "a process that seals nothing takes no key");
	is_int(keys(), n, "and makes nothing");
	is_int(post(f.db, "/api/keys", NULL), 201, "others it serves");
	f.process.reply_keys = &f.reply_keys;
}

/* Rows of which the day is over go; one that is used again is new. */
static void test_expired(void)
{
	int64_t n, swept;

	is_int(post(f.db, "/api/keys", "day"), 201, "one");
	again("day", "within a day");
	n = keys();
	f.op.now += CLAIM_KEPT_MS;
	f.conf.access_token_ttl = 2 * 86400;
	if (!op_session_create(&f.op, &user, &session, &err))
		bail_out("session", &err);
	is_int(post(f.db, "/api/keys", "day"), 201, "a day later");
	ok(!replayed(), "it is a new request");
	is_int(keys(), n + 1, "which makes one");
	ok(op_sweep(&f.op, &swept, &err) && swept > 3, "the others are swept");
	ok(op_sweep(&f.op, &swept, &err) && swept == 0, "once");
	again("day", "it stays");
}

int main(void)
{
	segment_op_open(&f);
	user = make_user(&f, "enterprise");
	wrap();
	if (!op_session_create(&f.op, &user, &session, &err))
		bail_out("session", &err);
	test_lost();
	test_unknown();
	test_told();
	test_running();
	test_faster();
	test_no_key();
	test_expired();
	segment_op_close(&f);
	return tap_done();
}
