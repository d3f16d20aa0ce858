/* op/session_switch.c - a session goes to another tenant of its user. */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "op/audit.h"
#include "op/cache.h"
#include "op/session_pair.h"
#include "op/tenant_judge.h"

bool op_session_switch(struct op *op, const char *tenant_id, struct session_tokens *out,
		       struct membership *place_r, struct err *err_r)
{
	const char *session_id = op->actor.session_id;
	struct audit_event event;
	struct session_pair pair;
	struct session_move m = {
		.id = session_id, .family_hash = pair.family_hash,
		.access_hash = pair.access_hash, .refresh_hash = pair.refresh_hash, .now = op->now,
	};
	char family[33];
	bool done;

	if (!tenant_id_check(op, tenant_id, &m.tenant_id, err_r))
		return false;
	session_pair_generate(op, session_id, family, &pair);
	m.access_expires_at = pair.access_expires_at;
	m.expires_at = pair.expires_at;
	event = op_audit(op, AUDIT_TENANT_SWITCHED, session_id);
	event.tenant_id = m.tenant_id;
	done = store_session_switch(op->db, scope_own(op), &event, &m, op->arena, place_r, err_r);
	op_changed(op, session_id);
	if (done)
		session_pair_show(op, &pair, session_id, out);
	explicit_bzero(&pair, sizeof(pair));
	explicit_bzero(family, sizeof(family));
	return done;
}
