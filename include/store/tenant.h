/*
 * store/tenant.h - tenants: typed calls.
 *
 * What changes a tenant, its members or its invitations is one transaction that
 * locks the user whom it is about, then the tenant's row, reads what the change is judged
 * by, asks the caller, and writes. Everybody locks users before tenants, both by id.
 */
#ifndef PIERRE_STORE_TENANT_H
#define PIERRE_STORE_TENANT_H

#include "base/arena.h"
#include "base/err.h"
#include "model/audit.h"
#include "model/scope.h"
#include "model/page.h"
#include "model/tenant.h"
#include "model/version.h"
#include "store/user.h"

struct db;

/* --- inside a transaction that is already there --------------------------------- */

/* A team with its owner. */
bool store_tenant_add(struct db *db, const struct tenant *t, const char *owner_id,
		      struct err *err_r);
/* The personal tenant of a user who is not pending, if there is none. */
bool store_tenant_personal(struct db *db, const char *user_id, struct err *err_r);
/* In a transaction that writes a row of this user in this tenant: a personal one that is not
 * filled yet is there then. */
bool store_tenant_ensure(struct db *db, const char *id, const char *user_id, struct err *err_r);
/* The tenant's row does not change until the transaction ends: what is born in it now
 * is seen, and ended, by what suspends or deletes it. *active_r: it can be worked in. */
bool store_tenant_hold(struct db *db, const char *id, bool *active_r, struct err *err_r);
/* Where a login of the user works: *id_r is the default tenant of a member when it
 * is active; otherwise "", the personal one. */
bool store_tenant_of_login(struct db *db, const char *user_id, char id_r[UUID_TEXT],
			   struct err *err_r);
/* A user may be suspended: no team that the user owns is left without an active owner, while
 * it has other members. Locks those teams. ERR_CONFLICT reason last_owner. */
bool store_tenant_may_lose(struct db *db, struct scope scope, const char *user_id,
			   struct arena *arena, struct err *err_r);

/* --- make ------------------------------------------------------------------------- */

/* May the user have one more? Runs in the transaction, over the locked row of the user,
 * with `owned` = teams that the user owns; it may run several times. */
typedef bool tenant_owner_fn(const char *tier, const char *user_status, int64_t owned, void *arg,
			     struct err *err_r);
struct tenant_new_tx {
	const struct tenant *tenant;
	tenant_owner_fn *judge;
	void *arg;
};
/* A team that the user of the scope owns. ERR_CONFLICT field tenant_slug or domain. */
bool store_tenant_create(struct db *db, struct scope scope, const char *owner_id,
			 const struct audit_event *event, const struct tenant_new_tx *tx,
			 struct err *err_r);

/* --- look up ---------------------------------------------------------------------- */

#define NO_TENANT "No such tenant"
/* In scope, also a deleted one: ERR_NOT_FOUND. */
bool store_tenant_get(struct db *db, struct scope scope, const char *id, struct arena *arena,
		      struct tenant *out, struct err *err_r);
bool store_tenant_by_slug(struct db *db, struct scope scope, const char *slug, struct arena *arena,
			  struct tenant *out, struct err *err_r);
/* All there are, only with SCOPE_ALL. filter: struct tenant_query. */
bool store_tenant_list(struct db *db, struct scope scope, const void *filter,
		       const struct page *page, struct arena *arena, struct field_list *out,
		       struct err *err_r);
/* Of the scope's user, one that is not deleted: ERR_NOT_FOUND when the user is no member.
 * current_id: the tenant in which the session works. */
bool store_membership_get(struct db *db, struct scope scope, const char *id, const char *current_id,
			  struct arena *arena, struct membership *out, struct err *err_r);
/* slug NULL = all; at most 200. */
bool store_membership_list(struct db *db, struct scope scope, const char *slug,
			   const char *current_id, struct arena *arena, struct field_list *out,
			   struct err *err_r);

/* --- change ------------------------------------------------------------------------- */

/* What a change is judged by, while the tenant's row is locked. */
struct tenant_locked {
	const char *role;              /* of the actor; NULL = no member, or the shell */
	const char *user_role;         /* of the member it is about; NULL = no member, or none */
	const char *user_status;       /* of that user, who is locked; NULL = not in scope, or none */
	int64_t owners_but;            /* active owners but that member */
	int64_t others;                /* members but who acts */
};
/* May it be done? It changes *tenant into what it will be. It may run several times. */
typedef bool tenant_judge_fn(const struct tenant_locked *locked, struct tenant *tenant, void *arg,
			     struct err *err_r);

struct tenant_tx {
	struct scope scope;            /* of the tenant, or SCOPE_ALL */
	const char *id;
	const char *actor_id;          /* NULL: the shell */
	const char *user_id;           /* the member it is about, or NULL */
	const struct versions *if_match;   /* the versions that it may have before; NULL = any */
	int64_t now;
	tenant_judge_fn *judge;
	void *arg;
	struct arena *arena;
	struct tenant *tenant_r;       /* as it is afterwards */
};
/* ERR_NOT_FOUND: no such tenant in scope. */
bool store_tenant_update(struct db *db, const struct audit_event *event, const struct tenant_tx *tx,
			 struct err *err_r);
/* And its sessions end. */
bool store_tenant_suspend(struct db *db, const struct audit_event *event, const struct tenant_tx *tx,
			  struct err *err_r);
/* And its sessions end, its keys are revoked, and no login begins in it any more. */
bool store_tenant_delete(struct db *db, const struct audit_event *event, const struct tenant_tx *tx,
			 struct err *err_r);

/* --- removal, by the scheduler -------------------------------------------------------- */

/* One that was deleted before; NULL: there is none. */
bool store_tenant_removable(struct db *db, int64_t before, struct arena *arena,
			    const char **id_r, struct err *err_r);
/* At most 500 rows of it, or at last the tenant, in one transaction. *n_r = rows that
 * went. */
bool store_tenant_remove(struct db *db, const struct audit_event *event, const char *tenant_id,
			 int64_t before, int64_t *n_r, struct err *err_r);

#endif
