/* model/claim.c - fields of a claim. */
#include "config.h"

#include "model/claim.h"

static const struct field claim_fields[] = {
	FIELD(struct claim, owner_id, UUID, FIELD_PRIVATE, NULL),
	FIELD(struct claim, key_hash, TEXT, FIELD_PRIVATE, NULL),
	FIELD(struct claim, route, TEXT, FIELD_PRIVATE, NULL),
	FIELD(struct claim, fingerprint, TEXT, FIELD_PRIVATE, NULL),
	FIELD(struct claim, status, INT, FIELD_PRIVATE, NULL),
	FIELD(struct claim, sealed_reply, TEXT, FIELD_PRIVATE, NULL),
	FIELD(struct claim, event_id, UUID, FIELD_PRIVATE, NULL),
	FIELD(struct claim, created_at, TIME, FIELD_PRIVATE, NULL),
	FIELD(struct claim, expires_at, TIME, FIELD_PRIVATE, NULL),
	FIELD(struct claim, made, TEXT, FIELD_PRIVATE, NULL),
	{ 0 },
};
const struct field_schema claim_schema = FIELD_SCHEMA("Claim", struct claim, claim_fields);
