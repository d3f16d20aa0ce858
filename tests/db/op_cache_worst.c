/*
 * Cached credentials at the worst moment: what changes between two looks at it is
 * not used longer than until the next one.
 */
#include "config.h"

#include "cache_op.h"
#include "op/change.h"

static struct credential row;

static void change_owner(void *arg)
{
	(void)arg;
	op_changed(&f.op, row.owner->id);
}

/* At each look of cache_store() at an epoch: the subjects', then any change's. */
static void changed_while_stored(void)
{
	struct credential found;

	for (int nth = 1; nth <= 4; nth++) {
		struct cache_mark mark = cache_mark_now(&f.op);

		worst(WORST_EPOCH_READ, (struct moment){ .nth = nth, .before = change_owner });
		cache_store(&f.op, "stored", mark, &row);
		ok(!cache_find(&f.op, &credential_key, "stored", &found), "what changes before look %d is not kept", nth);
	}
}

struct revoking {
	struct op op;
	struct api_key key;
};

static void revoke_it(void *arg)
{
	struct revoking *r = arg;
	struct api_key out;
	struct err err;

	if (!op_key_revoke(&r->op, of(r->key.user_id), r->key.id, &out, &err))
		bail_out("op_key_revoke", &err);
}

static void end_here(void *arg)
{
	struct session_tokens *tokens = arg;
	struct err err;

	if (!op_session_end(&f.op, scope_own(&f.op), tokens->session_id, &err))
		bail_out("op_session_end", &err);
}

/* Changed just after its row was read: the row is not kept. */
static void changed_while_read(void)
{
	struct user user = make_user(&f, "starter");
	struct revoking here = { .op = f.op };
	const char *full = made_key(&user, &here.key);
	struct session_tokens tokens;
	struct err err;

	worst(WORST_OWNER_GET, (struct moment){ .after = revoke_it, .arg = &here });
	is_str(verdict(full), "good", "a key that is revoked while it is judged");
	is_str(verdict(full), "revoked", "is not kept as it was read");
	if (!op_session_create(&f.op, &user, &tokens, &err))
		bail_out("op_session_create", &err);
	f.op.actor.user_id = user.id;
	worst(WORST_OWNER_GET, (struct moment){ .after = end_here, .arg = &tokens });
	is_str(session_verdict(tokens.access_token), "good", "a session that is ended while it is judged");
	is_str(session_verdict(tokens.access_token), "unknown", "is not kept as it was read");
	f.op.actor = (struct actor){ .role = ROLE_SUPER_ADMIN, .source = "test" };
}

/* Another host commits between our two statements: the next turn reads it. */
static void changed_while_followed(void)
{
	struct user user = make_user(&f, "starter");
	struct change_watch watch = { 0 };
	struct revoking there = { .op = elsewhere() };
	const char *full = made_key(&user, &there.key);
	struct err err;

	ok(op_changes_follow(&f.op, &watch, &err), "the changes are followed");
	clock_skew += 10;
	is_str(verdict(full), "good", "a key");
	worst(WORST_CHANGES_SINCE, (struct moment){ .after = revoke_it, .arg = &there });
	ok(op_changes_follow(&f.op, &watch, &err), "revoked on another host just after the changes were read");
	is_str(verdict(full), "good", "not yet seen");
	ok(op_changes_follow(&f.op, &watch, &err), "followed again");
	is_str(verdict(full), "revoked", "seen");
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
	changed_while_stored();
	changed_while_read();
	changed_while_followed();
	segment_op_close(&f);
	return tap_done();
}
