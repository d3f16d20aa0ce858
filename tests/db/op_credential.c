/*
 * A third kind of credential, made up here: its row and its word in the list are all
 * that it has, and it is judged, cached, charged, recorded and shown by what judges,
 * caches, charges, records and shows the others. The list of this program stands in
 * for that of src/op/credential_list.c.
 */
#include "config.h"

#include "header.h"
#include "model/tenant_role.h"
#include "op/limit.h"
#include "op/usage.h"
#include "resource/call.h"
#include "segment_op.h"
#include "shm/ring.h"
#include "shm/stat.h"

#define ID "11111111-2222-4333-8444-0000000000c1"
#define TENANT "11111111-2222-4333-8444-0000000000c2"
#define CARD "card_0123456789 open sesame"
#define WRONG_CARD "card_0123456789 open barley"
#define QUOTA 3

static struct fixture f;
static struct user user;
static struct credential card;   /* as the database would have it */
static int looked_up;

/* --- its file ------------------------------------------------------------------- */

static bool card_name(const char *text, char out[CREDENTIAL_NAME])
{
	str_copy(out, 16, text);
	return strlen(text) > 16;
}

static bool card_look_up(struct op *op, const char *name, struct credential *out,
			 struct user *owner_r, struct tenant_place *place_r, struct err *err_r)
{
	looked_up++;
	*place_r = (struct tenant_place){
		.tenant_id = TENANT, .is_active = true, .role = TENANT_OWNER, .requests = INT_NONE };
	if (!str_eq(name, "card_0123456789"))
		return err_set(err_r, ERR_NOT_FOUND, "No such card");
	*out = card;
	return op_user_get(op, EVERY, user.id, owner_r, err_r);
}

static bool card_is_text(const char *text, const struct credential *c)
{
	return str_eq(text + 16, c->secret_hash);
}

static const struct credential_kind credential_card = {
	.name = "card", .title = "club card", .letter = 'c', .prefix = "card_",
	.param = "HTTP_X_CLUB_CARD", .opens = CREDENTIAL_VERIFY,
	.name_of = card_name, .look_up = card_look_up, .matches = card_is_text,
	.limits = { [WINDOW_HOUR] = "card-hour", [WINDOW_DAY] = "card-day",
		    [WINDOW_WEEK] = "card-week", [WINDOW_MONTH] = "card-month" },
	.unknown = "The club card is not known", .revoked = "The club card was taken back",
	.expired = "The club card has expired",
};

/* --- its line of the list ------------------------------------------------------- */

const struct credential_kind *const credential_kinds[] = {
	&credential_key, &credential_session, &credential_card, NULL,
};
const char *const credential_words[] = { "key", "session", "card", NULL };

/* --- what is made of it ----------------------------------------------------------- */

/* auth_request asks where a scope is demanded. */
static struct response asked(const char *path, const char *param, const char *value, const char *scope)
{
	char *params[] = {
		arena_printf(f.arena, "FCGI_ROLE=RESPONDER"), arena_printf(f.arena, "REQUEST_METHOD=GET"), arena_printf(f.arena, "REQUEST_URI=%s", path),
		arena_printf(f.arena, "SERVER_PROTOCOL=HTTP/1.1"), arena_printf(f.arena, "%s=%s", param, value),
		arena_printf(f.arena, "PIERRE_SUBREQUEST=%d", *scope != '\0'), arena_printf(f.arena, "PIERRE_SCOPE=%s", scope),
		arena_printf(f.arena, "PIERRE_END=1"), NULL,
	};
	struct route_match match;
	struct request req;
	struct response res;
	struct call call = { .req = &req, .res = &res, .op = &f.op };
	struct err err;

	if (!request_init(&req, f.arena, params, &err))
		bail_out("request_init", &err);
	response_init(&res, f.arena);
	route_find(route_tables, &req, &match);
	call_run(&call, &match);
	return res;
}

static struct response shown(const char *text)
{
	return asked("/verify", "HTTP_X_CLUB_CARD", text, "");
}

static bool says(const struct response *res, const char *sentence)
{
	return strstr(res->body, sentence) != NULL;
}

static void begin(void)
{
	static const char *const songs[] = { "sing" };

	f.op.now += DAY_MS;   /* other windows */
	user = make_user(&f, "starter");
	card = (struct credential){
		.id = ID, .key_id = ID, .tenant_id = TENANT, .tier = "starter", .scopes = { songs, 1 },
		.secret_hash = "open sesame", .quota = { .requests = QUOTA, .window = WINDOW_HOUR },
		.expires_at = f.op.now + 1000, .revoked_at = TIME_NONE, .is_active = true,
	};
	op_changed(&f.op, ID);
	looked_up = 0;
}

static void test_shown(void)
{
	const struct usage_record *row;
	struct response res;

	begin();
	res = shown(CARD);
	is_int(res.status, 200, "a card is let through");
	is_str(header(&res, "X-Pierre-Auth"), "card", "its kind");
	is_str(header(&res, "X-Pierre-Key-Id"), ID, "its id");
	is_str(header(&res, "X-Pierre-User-Id"), user.id, "its owner");
	is_str(header(&res, "X-Pierre-Tenant-Id"), TENANT, "its tenant");
	is_str(header(&res, "X-Pierre-Scopes"), "sing", "its scopes");
	ok(says(&res, "\"auth\":\"card\""), "the body says so too");
	ok(strstr(header(&res, "RateLimit-Policy"), "\"card-hour\";q=3;w=3600, \"user-month\"") != NULL,
	   "its limit stands before its owner's");
	row = ring_row(f.process.segment, 0, f.op.result.recorded);
	ok(row && str_eq(row->key_id, ID) && str_eq(row->user_id, user.id) && str_eq(row->tenant_id, TENANT),
	   "its usage row");
	res = asked("/verify", "HTTP_AUTHORIZATION", "Bearer " CARD, "");
	is_int(res.status, 200, "also as a bearer");
	is_int(looked_up, 1, "from the cache");
	res = asked("/verify", "HTTP_AUTHORIZATION", CARD, "");
	is_int(res.status, 401, "but not bare");
	is_int(shown(CARD).status, 200, "the last of three");
	res = shown(CARD);
	is_int(res.status, 429, "one too many");
	ok(says(&res, "Rate limit reached for club card: 3 requests per hour"), "of it");
	ok(says(&res, "\"violated-policies\":[\"card-hour\"]"), "its own limit");
}

static void test_refused(void)
{
	int64_t before = (int64_t)stat_total(f.process.segment, STAT_REFUSED_UNKNOWN);
	struct response res;

	begin();
	res = shown(WRONG_CARD);
	ok(res.status == 401 && says(&res, "The club card is not known"), "a wrong secret");
	ok(shown("card_9876543210 open sesame").status == 401, "no such name");
	ok(shown("card_").status == 401, "no name");
	ok(shown("pk_live_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").status == 401, "a key in its header");
	is_int((int64_t)stat_total(f.process.segment, STAT_REFUSED_UNKNOWN), before + 4, "each is counted");
	res = asked("/verify", "HTTP_X_CLUB_CARD", CARD, "dance");
	ok(res.status == 403 && says(&res, "The club card lacks the scope dance"), "a scope that it lacks");
	res = asked("/verify", "HTTP_X_CLUB_CARD", CARD, "sing");
	is_int(res.status, 200, "one that it has");
	is_str(res.body, "", "no body is made for auth_request, which drops it");
	is_int(asked("/api/keys", "HTTP_AUTHORIZATION", "Bearer " CARD, "").status, 401, "it opens no route of ours");
	f.op.now += 1000;
	res = shown(CARD);
	ok(res.status == 401 && says(&res, "The club card has expired"), "after its end");
	f.op.now -= 1000;
	card.revoked_at = f.op.now;
	is_int(shown(CARD).status, 200, "not yet seen: it is the cache that answers");
	op_changed(&f.op, ID);
	res = shown(CARD);
	ok(res.status == 401 && says(&res, "The club card was taken back"), "told of the change");
}

/* What its file forgets opens nothing. */
static void test_forgotten(void)
{
	struct response res;

	begin();
	card = (struct credential){ .id = ID, .secret_hash = "open sesame", .revoked_at = TIME_NONE,
				    .expires_at = TIME_NONE, .key_id = ID };
	is_int(shown(CARD).status, 401, "not active: refused");
	card.is_active = true;
	op_changed(&f.op, ID);
	res = shown(CARD);
	is_int(res.status, 429, "no quota: nothing is let through");
	card.revoked_at = card.expires_at = 0;
	op_changed(&f.op, ID);
	is_int(shown(CARD).status, 401, "no end: it is over");
	card.revoked_at = card.expires_at = TIME_NONE;
	op_changed(&f.op, ID);
	is_int(asked("/verify", "HTTP_X_CLUB_CARD", CARD, "sing").status, 403, "no scopes: none is held");
}

int main(void)
{
	segment_op_open(&f);
	clock_stop();
	f.op.now = T0;
	test_shown();
	test_refused();
	test_forgotten();
	segment_op_close(&f);
	return tap_done();
}
