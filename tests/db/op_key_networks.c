/*
 * From where an API key may be used, on the backend given; addresses and networks by
 * themselves are tests/unit/cidr.c.
 */
#include "config.h"

#include "credential_op.h"
#include "op/key.h"
#include "op/provision.h"
#include "segment_op.h"

static struct fixture f;
static struct err err;
static struct user user;
static struct api_key key;
static const char *full;

static enum err_kind create(struct strings cidrs)
{
	const struct api_key in = {
		.name = "key", .rate_limit_requests = INT_NONE, .expires_in_days = INT_NONE,
		.allowed_cidrs = cidrs,
	};

	err = (struct err){ 0 };
	return op_key_create(&f.op, of(user.id), &in, &key, &full, &err) ? ERR_NONE : err.kind;
}

static const char *from(const char *text, const char *address)
{
	struct credential c;

	f.op.client.remote_addr = address;
	err = (struct err){ 0 };
	return key_good(&f.op, text, &c, &err) ? "good" : arena_strdup(f.arena, err.reason);
}

static enum err_kind patch(struct strings cidrs)
{
	const struct field_given given = named(f.arena, &api_key_patch_schema, "allowed_cidrs");
	struct api_key got;

	err = (struct err){ 0 };
	return op_key_update(&f.op, of(user.id), key.id, &(struct api_key){ .allowed_cidrs = cidrs },
			    &given, &got, &err) ? ERR_NONE : err.kind;
}

static void begin(void)
{
	f.op.now = T0;
	f.op.actor = (struct actor){ .source = "test" };
	user = make_user(&f, NULL);
	f.op.actor.user_id = user.id;
}

static void test_used(void)
{
	struct api_key got;
	char *wrong;

	begin();
	is_int(create(STRINGS("192.0.2.0/24", "2001:db8::/32")), ERR_NONE, "a key of two networks");
	is_str(strings_join(f.arena, key.allowed_cidrs, " "), "192.0.2.0/24 2001:db8::/32", "are kept");
	for (int i = 0; i < 2; i++) {   /* read from the database, then from the cache */
		is_str(from(full, "192.0.2.77"), "good", "from the first");
		is_str(from(full, "2001:db8::77"), "good", "from the second");
		is_str(from(full, "::ffff:192.0.2.77"), "good", "from the first, mapped");
		is_str(from(full, "198.51.100.1"), "address", "from another");
		is_int(err.kind, ERR_FORBIDDEN, "is forbidden");
		is_str(from(full, "unix:"), "address", "without an address");
		is_str(from(full, NULL), "address", "without any");
	}
	wrong = arena_strdup(f.arena, full);
	wrong[39] = wrong[39] == 'a' ? 'b' : 'a';
	is_str(from(wrong, "198.51.100.1"), "unknown", "the secret is judged first");
	if (!op_key_revoke(&f.op, of(user.id), key.id, &got, &err))
		bail_out("revoke", &err);
	is_str(from(full, "198.51.100.1"), "revoked", "and whether it was revoked");
	is_int(create(strings_empty), ERR_NONE, "a key of none");
	is_str(from(full, "198.51.100.1"), "good", "is for all");
	is_str(from(full, "unix:"), "good", "also without an address");
}

static void test_refused(void)
{
	const char *many[33];

	begin();
	is_int(create(STRINGS("192.0.2.1/24")), ERR_INVALID, "bits beyond the prefix");
	is_str(err.field, "allowed_cidrs", "field");
	is_int(create(STRINGS("192.0.2.0/24", "here")), ERR_INVALID, "no network");
	for (int i = 0; i < 33; i++)
		many[i] = "192.0.2.0/24";
	is_int(create((struct strings){ many, 33 }), ERR_RANGE, "33 of them");
	is_int(create((struct strings){ many, 32 }), ERR_NONE, "32");
}

static void test_patch(void)
{
	struct api_key in = {
		.tier = "starter", .rate_limit_requests = INT_NONE, .expires_in_days = INT_NONE,
		.allowed_cidrs = STRINGS("192.0.2.0/24"),
	};

	begin();
	create(STRINGS("192.0.2.0/24"));
	is_int(patch(STRINGS("198.51.100.0/24")), ERR_NONE, "his own: another network");
	is_str(from(full, "192.0.2.77"), "address", "not from the old one");
	is_str(from(full, "198.51.100.77"), "good", "from the new one");
	is_int(patch(strings_empty), ERR_NONE, "all");
	is_str(from(full, "192.0.2.77"), "good", "from everywhere");
	in.user_email = user.email;
	f.op.actor.role = ROLE_SUPER_ADMIN;
	if (!op_key_provision(&f.op, EVERY, &in, &key, &full, &err))
		bail_out("provision", &err);
	is_str(from(full, "198.51.100.77"), "address", "an administrator's: not from elsewhere");
	is_int(patch(STRINGS("192.0.2.0/25")), ERR_NONE, "narrower");
	is_int(patch(STRINGS("192.0.2.0/24")), ERR_FORBIDDEN, "and not back");
	is_str(err.field, "allowed_cidrs", "field");
	is_int(patch(strings_empty), ERR_FORBIDDEN, "nor all");
	is_int(patch(STRINGS("192.0.2.0/25", "198.51.100.1")), ERR_FORBIDDEN, "nor one more");
	is_int(patch((struct strings){ 0 }), ERR_REQUIRED, "nor null");
}

int main(void)
{
	segment_op_open(&f);
	test_used();
	test_refused();
	test_patch();
	segment_op_close(&f);
	return tap_done();
}
