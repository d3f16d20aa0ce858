/*
 * tests/db/op_user.c - registration, look-ups, lists and what is written down,
 * on the backend of TEST_DATABASE_URL.
 */
#include "config.h"

#include "op_account.h"

/* Sc 4. */
static void test_empty(void)
{
	struct page_out out;
	struct user_query in = { .page.limit = INT_NONE };
	bool exists = true;

	is_int(look(&f, LOOK_USERS, NULL, NULL), 0, "no users at first");
	ok(op_user_list(&f.op, EVERY, &in, &out, &err) && out.rows.n == 0 && !out.next_cursor,
	   "an empty list");
	ok(op_admin_exists(&f.op, &exists, &err) && !exists, "and no admin");
}

/* Sc 5, 6, 7. */
static void test_register(void)
{
	static const char *const bad[] = {
		"a@b.c", "no-at.example.org", "@example.org", "someone@", "some@one@example.org",
		"someone@example", "someone@.org", "someone@example.", "some one@example.org",
		"someone@exam\nple.org", "someone@exa\xffmple.org",
	};
	int64_t before = look(&f, LOOK_USERS, NULL, NULL), events;
	struct user u, v;

	done(add("Anna.Smith@Example.org", "Anna", &u), "registered");
	is_str(u.user_status, "pending", "pending");
	is_str(u.tier, "starter", "starter");
	ok(u.approved_at == TIME_NONE && !u.is_admin && !u.tenant_id, "nothing given yet");
	v = reread(u.id);
	is_str(v.email, "Anna.Smith@Example.org", "found by id, as given");
	is_str(v.display_name, "Anna", "with the name");
	is_int(v.created_at, f.op.now, "made when the request said");
	ok(strncmp(v.password_hash, "$2b$04$", 7) == 0, "password is hashed at the cost set");
	ok(op_user_get(&f.op, EVERY, "ANNA.SMITH@example.org", &v, &err), "found by e-mail in any case");
	is_str(v.id, u.id, "the same");
	events = look(&f, LOOK_AUDITS, NULL, NULL);
	ok(!add("ANNA.smith@example.org", NULL, &v) && err.kind == ERR_CONFLICT, "taken");
	is_str(err.field, "email", "naming the field");
	ok(strstr(err.message, "already exists") != NULL, "%s", err.message);
	is_int(look(&f, LOOK_AUDITS, NULL, NULL), events,
	       "what was not done is not written down");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!add(bad[i], NULL, &v) && (err.kind == ERR_INVALID || err.kind == ERR_RANGE) &&
		   strcmp(err.field, "email") == 0, "refused: %s", err.message);
	ok(!op_user_register(&f.op, &(struct user){
		.email = "short@example.org", .password = "elevenchars" }, &v, &err) &&
	   strcmp(err.field, "password") == 0, "%s", err.message);
	ok(!add("named@example.org", "  ", &v) && strcmp(err.field, "display_name") == 0,
	   "%s", err.message);
	ok(!op_user_get(&f.op, EVERY, NOBODY, &v, &err) && err.kind == ERR_NOT_FOUND &&
	   strstr(err.message, "No user found"), "unknown id");
	ok(!op_user_get(&f.op, EVERY, "nobody@example.org", &v, &err) && err.kind == ERR_NOT_FOUND,
	   "unknown e-mail");
	ok(!op_user_get(&f.op, EVERY, "\xff", &v, &err) && err.kind == ERR_NOT_FOUND, "not even text");
	is_int(look(&f, LOOK_USERS, NULL, NULL), before + 1, "one user more");
	f.conf.auto_approve_users = true;
	ok(add("auto@example.org", NULL, &v) && strcmp(v.user_status, "active") == 0 &&
	   v.approved_at == f.op.now, "active at once with AUTO_APPROVE_USERS");
	f.conf.auto_approve_users = false;
}

static bool audit_row(const char *target)
{
	const struct db_value args[] = { db_text("UserRegistered"), db_text(target) };

	return ok(db_query(f.look, LOOK_AUDIT_TEXT, args, 2, &err) == DB_ROW, "its event");
}

/* What the audit row of a change carries. */
static void test_audit(void)
{
	struct user u;

	f.op.client.user_agent = "agent \"x\"";
	f.op.client.remote_addr = "2001:DB8:0::1";
	f.op.client.request_id = "req-1";
	ok(add("audit@example.org", NULL, &u), "registered");
	if (audit_row(u.id)) {
		is_str(db_column_text(f.look, 0), "An account was registered", "sentence");
		is_str(db_column_text(f.look, 1), "test", "door");
		is_str(db_column_text(f.look, 2), NULL, "nobody was logged in");
		is_str(db_column_text(f.look, 3), "2001:db8::1", "address in canonical form");
		is_str(db_column_text(f.look, 4), "agent \"x\"", "client");
		is_str(db_column_text(f.look, 5), "req-1", "request");
		ok(strstr(db_column_text(f.look, 6), "audit@example.org") != NULL, "metadata");
	}
	db_finish(f.look);
	f.op.client.remote_addr = "unix:";
	f.op.client.user_agent = "not \xff text";
	ok(add("audit2@example.org", NULL, &u), "without an IP address");
	ok(audit_row(u.id) && !db_column_text(f.look, 3), "none is written");
	ok(!db_column_text(f.look, 4), "nor what is no text");
	db_finish(f.look);
	f.op.client.remote_addr = "192.0.2.1";
	f.op.client.user_agent = NULL;
}

/* Every page once, in order, also when rows share a moment. */
static void test_list(void)
{
	struct user_query in = { .page.limit = 3 };
	struct page_out out;
	const char *last_id = NULL;
	int64_t seen = 0, last_at = INT64_MAX, wrong = 0;
	static const char *const bad[] = { "", "junk", "AAAA", "!", "MjAyNg" };

	do {
		if (!done(op_user_list(&f.op, EVERY, &in, &out, &err), "a page"))
			return;
		for (size_t i = 0; i < out.rows.n; i++) {
			const struct user *u = (const struct user *)out.rows.items + i;

			wrong += u->created_at > last_at ||
				(u->created_at == last_at && strcmp(u->id, last_id) >= 0);
			last_at = u->created_at;
			last_id = u->id;
			seen++;
		}
		in.page.cursor = out.next_cursor;
	} while (in.page.cursor && seen < 1000);
	is_int(wrong, 0, "newest first, nothing twice");
	is_int(seen, look(&f, LOOK_USERS, NULL, NULL), "everybody was listed");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		in.page.cursor = bad[i];
		ok(!op_user_list(&f.op, EVERY, &in, &out, &err) && strcmp(err.field, "cursor") == 0, "cursor refused: \"%s\"", bad[i]);
	}
	in.page.cursor = NULL;
	for (int64_t limit = 0; limit <= 201; limit += 201) {
		in.page.limit = limit;
		ok(!op_user_list(&f.op, EVERY, &in, &out, &err) && err.kind == ERR_RANGE, "limit %lld", (long long)limit);
	}
	in.page.limit = 200;
	in.status = "gone";
	ok(!op_user_list(&f.op, EVERY, &in, &out, &err) && strcmp(err.field, "status") == 0, "unknown status");
}

static void test_list_by_status(void)
{
	static const char *const statuses[] = { "pending", "active", "suspended" };
	int64_t wrong = 0, seen = 0;
	struct user u;

	u = make_user(&f, NULL);
	done(op_user_suspend(&f.op, EVERY, u.id, NULL, &u, &err), "one is suspended");
	for (size_t s = 0; s < 3; s++) {
		struct user_query in = { .page.limit = 200, .status = statuses[s] };
		struct page_out out = { 0 };

		ok(op_user_list(&f.op, EVERY, &in, &out, &err) && out.rows.n > 0, "some are %s", statuses[s]);
		for (size_t i = 0; i < out.rows.n; i++)
			wrong += strcmp(((const struct user *)out.rows.items)[i].user_status, statuses[s]) != 0;
		seen += (int64_t)out.rows.n;
	}
	is_int(wrong, 0, "each list has its status only");
	is_int(seen, look(&f, LOOK_USERS, NULL, NULL), "together they are everybody");
}

/* Run in a process of its own: one registration. */
enum { DONE, EXISTS, FAILED };

static int child_register(struct fixture *mine, int index, void *same)
{
	struct err why;
	struct user u;
	const char *email = same ? "race@example.org"
				 : arena_printf(mine->arena, "race%d@example.org", index);

	if (op_user_register(&mine->op, &(struct user){ .email = email, .password = PASSWORD },
			     &u, &why))
		return DONE;
	return why.kind == ERR_CONFLICT ? EXISTS : FAILED;
}

/* Sc 6: distinct ones all succeed, of the same one exactly one. */
static void test_race(void)
{
	int64_t before = look(&f, LOOK_USERS, NULL, NULL);
	int counts[OUTCOMES], same;

	at_once(&f, 10, child_register, NULL, counts);
	is_int(counts[DONE], 10, "10 at once with their own addresses");
	at_once(&f, 10, child_register, &same, counts);
	is_int(counts[DONE], 1, "of 10 at once with one address, one");
	is_int(counts[EXISTS], 9, "and 9 are told that it exists");
	is_int(look(&f, LOOK_USERS, NULL, NULL), before + 11, "the count is exact");
}

int main(void)
{
	fixture_open(&f);
	test_empty();
	test_register();
	test_audit();
	test_list();
	test_list_by_status();
	test_race();
	fixture_close(&f);
	return tap_done();
}
