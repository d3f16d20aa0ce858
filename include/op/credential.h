/*
 * op/credential.h - what proves who calls: API keys, access tokens of sessions, admin
 * tokens.
 *
 * A kind of credential is a row in a file of its own, src/op/credential_<kind>.c,
 * and a word of CREDENTIAL_KINDS. The code that judges, caches, charges, records and
 * shows credentials reads the row and struct credential, and knows no kind by name
 * (tests/lint/credential.t).
 */
#ifndef PIERRE_OP_CREDENTIAL_H
#define PIERRE_OP_CREDENTIAL_H

#include "base/window.h"
#include "model/tenant.h"
#include "model/user.h"
#include "op/op.h"

#define CREDENTIAL_KINDS(KIND) \
	KIND(key) \
	KIND(session) \
	KIND(admin_token)

/* What a kind of credential opens: bits. */
enum credential_use {
	CREDENTIAL_VERIFY = 1 << 0,   /* /verify, and so the services behind nginx */
	CREDENTIAL_ACT = 1 << 1,      /* Pierre's own routes, in the name of its owner */
	CREDENTIAL_ADMIN = 1 << 2,    /* those of administrators */
	CREDENTIAL_SCOPED = 1 << 3,   /* those whose scope it holds (http/route.h) */
};

/* A credential and its owner, as the database has them. What a kind forgets to fill
 * opens nothing: without expires_at or revoked_at it ended in 1970, without a tier or
 * a quota its limit is 0, without scopes it holds none, without a tenant it is refused. */
struct credential {
	const struct credential_kind *kind;
	const char *id;             /* op_changed() of it drops it from the cache */
	const char *key_id;         /* in limits and usage rows; NULL = its use counts for its
				     * owner alone */
	const char *session_id;     /* actor.session_id; NULL unless it is of a session */
	const char *token_id;       /* actor.token_id; NULL unless it acts for no user */
	const char *tenant_id;      /* the tenant it works in */
	struct {
		bool is_active;
		int64_t may;        /* permissions of the owner there, as they are now */
		int64_t requests;   /* of all members together; INT_NONE = no ceiling */
		int64_t window;     /* enum window_kind of these */
		bool observe;       /* its limits refuse nothing */
	} tenant;
	const char *tier;
	struct strings scopes;
	bool opens_rest;            /* its scopes open routes of ours too */
	struct strings allowed_cidrs;   /* it may be used from these networks; none = from all */
	bool all_scopes;            /* it may do all that its owner may */
	const char *secret_hash;    /* for kind->matches; NULL = it needs none */
	struct {
		int64_t requests;   /* in one window; INT_NONE = what the tier has a month */
		int64_t window;     /* enum window_kind of these */
		const char *id;     /* what it is counted for; NULL = key_id */
		bool observe;       /* it refuses nothing */
	} quota;                    /* limit of its own */
	int64_t expires_at;         /* refused from here on; TIME_NONE = never */
	int64_t revoked_at;         /* TIME_NONE = it was not */
	bool is_active;             /* false: refused as a revoked one, unless it has expired */
	const struct user *owner;   /* without password_hash */
};

#define CREDENTIAL_NAME 66      /* bytes of a name, with its NUL */

/* Every member is set unless its comment says NULL (tests/unit/credential.c). */
struct credential_kind {
	const char *name;           /* "key": auth of /verify's answer, X-Pierre-Auth */
	const char *title;          /* in sentences: "API key" */
	char letter;                /* stands for the kind in shared memory and in
				     * quota_leases.subject: it never changes, no other kind
				     * has it, and it is not that of a user ('u') */
	const char *prefix;         /* each text of this kind begins with it, none of another */
	const char *param;          /* parameter of a header for this kind alone, which
				     * http/request.c refuses twice; NULL = none */
	bool bare;                  /* Authorization may hold it without "Bearer" */
	unsigned opens;             /* bits of credential_use */

	/* The name by which it is looked up and cached; false: the text has not the form of
	 * this kind. */
	bool (*name_of)(const char *text, char out[CREDENTIAL_NAME]);
	/* Another name that it may have, tried where nothing is found by the first; false: it
	 * has none. NULL = this kind has one. */
	bool (*also_name_of)(struct op *op, const char *text, char out[CREDENTIAL_NAME]);
	/* Read it, its owner and its place from the database: fills all but kind, owner and
	 * tenant. ERR_NOT_FOUND: there is none of this name. Texts are in op->arena. */
	bool (*look_up)(struct op *op, const char *name, struct credential *out,
			struct user *owner_r, struct tenant_place *place_r, struct err *err_r);
	/* Does the secret in the text match what was found by the name? Constant time. */
	bool (*matches)(const char *text, const struct credential *c);

	const char *limits[WINDOW__COUNT];   /* names of its limits; NULL when it sets no key_id */
	const char *unknown, *revoked, *expired;   /* sentences of a refusal */
};

#define CREDENTIAL_DECLARE(word) extern const struct credential_kind credential_##word;
CREDENTIAL_KINDS(CREDENTIAL_DECLARE)
extern const struct credential_kind *const credential_kinds[];   /* NULL at the end */
extern const char *const credential_words[];   /* their names, in this order; NULL at the end */

/* Of the kind whose prefix the text has; NULL = of none. */
const struct credential_kind *credential_kind_of(const char *text);

/* What a request presents. */
struct credential_text {
	const char *text;
	const struct credential_kind *kind;   /* of its header; NULL = its prefix says it */
};
/* Find it by its name in the cache or the database and compare the secret; a refusal
 * says more than "unknown" only after that matched. Reads only; this is the hot path.
 * ERR_AUTH_INVALID reason unknown (also of a kind that does not open `use`) or
 * revoked; ERR_AUTH_EXPIRED reason expired; ERR_FORBIDDEN reason pending or suspended
 * (op/owner.h), tenant_suspended, role when the owner may not even read in the tenant, or
 * address; an error of the database. */
bool op_credential_check(struct op *op, const struct credential_text *presented,
			 enum credential_use use, struct credential *out, struct err *err_r);

/* May one act there? For what is judged without op_credential_check(). */
bool credential_place_check(const struct tenant_place *place, struct err *err_r);

/* The actor of a request that presents it; source: audit_events.source. */
struct actor credential_actor(const struct credential *c, const char *source);

#endif
