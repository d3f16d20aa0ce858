/* model/connect.c - fields of an attempt to connect. No reply has one. */
#include "config.h"

#include "model/connect.h"

#define ROW(member, kind) FIELD(struct connect_state, member, kind, 0, NULL)

static const struct field state_fields[] = {
	ROW(id, UUID),
	ROW(user_id, UUID),
	ROW(tenant_id, UUID),
	FIELD(struct connect_state, provider, TEXT, FIELD_AUDIT, NULL),
	ROW(app_id, UUID),
	ROW(phase, TEXT),
	ROW(start_hash, TEXT),
	ROW(state_hash, TEXT),
	ROW(cookie_hash, TEXT),
	ROW(sealed_verifier, TEXT),
	ROW(sealed_code, TEXT),
	ROW(key_id, INT),
	ROW(redirect_uri, TEXT),
	ROW(scopes_asked, STRINGS),
	ROW(scopes_granted, STRINGS),
	ROW(expires_at, TIME),
	ROW(lease_until, TIME),
	FIELD(struct connect_state, outcome, TEXT, FIELD_AUDIT, NULL),
	ROW(message, TEXT),
	ROW(created_at, TIME),
	ROW(updated_at, TIME),
	{ 0 },
};
const struct field_schema connect_state_schema =
	FIELD_SCHEMA("ConnectState", struct connect_state, state_fields);

static const struct field account_fields[] = {
	FIELD(struct connect_account, email, TEXT, 0, NULL),
	FIELD(struct connect_account, tenant_name, TEXT, 0, NULL),
	{ 0 },
};
const struct field_schema connect_account_schema =
	FIELD_SCHEMA("ConnectAccount", struct connect_account, account_fields);
