/*
 * Verified credentials of this host: as they were looked up, packed field by field
 * for shm/cache.c. Knows no rule about them; op/credential.c judges what it gets
 * from here.
 */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "model/claim.h"
#include "op/cache.h"
#include "shm/cache.h"
#include "shm/epoch.h"
#include "shm/stat.h"

#define AGE_MS 3000          /* while no process follows the changes */
#define AGE_MOST_MS 300000   /* for what no trigger sees: a database restored under us */
#define ANY_CHANGE "*"       /* its epoch moves at each change */

_Static_assert(CACHE_IDS == 3, "credential, user, its own tenant");

/* --- rows as bytes -------------------------------------------------------------- */

static bool is_text(const struct field *f)
{
	return f->type == FIELD_TEXT || f->type == FIELD_UUID;
}

static size_t value_size(const struct field *f)
{
	return f->type == FIELD_BOOL ? sizeof(bool) : sizeof(int64_t);
}

/* A change of these, or of owner_schema, raises SEGMENT_LAYOUT: the segment may be older
 * than the program (tests/unit/credential.c). */
static const struct field kept_fields[] = {
	FIELD(struct credential, id, UUID, 0, NULL),
	FIELD(struct credential, key_id, UUID, 0, NULL),
	FIELD(struct credential, session_id, UUID, 0, NULL),
	FIELD(struct credential, token_id, UUID, 0, NULL),
	FIELD(struct credential, tenant_id, UUID, 0, NULL),
	FIELD(struct credential, tenant.is_active, BOOL, 0, NULL),
	FIELD(struct credential, tenant.may, INT, 0, NULL),
	FIELD(struct credential, tenant.requests, INT, 0, NULL),
	FIELD(struct credential, tenant.window, INT, 0, NULL),
	FIELD(struct credential, tenant.observe, BOOL, 0, NULL),
	FIELD(struct credential, tier, TEXT, 0, NULL),
	FIELD(struct credential, scopes, STRINGS, 0, NULL),
	FIELD(struct credential, opens_rest, BOOL, 0, NULL),
	FIELD(struct credential, allowed_cidrs, STRINGS, 0, NULL),
	FIELD(struct credential, all_scopes, BOOL, 0, NULL),
	FIELD(struct credential, secret_hash, TEXT, FIELD_PRIVATE, NULL),
	FIELD(struct credential, quota.requests, INT, 0, NULL),
	FIELD(struct credential, quota.window, INT, 0, NULL),
	FIELD(struct credential, quota.id, UUID, 0, NULL),
	FIELD(struct credential, quota.observe, BOOL, 0, NULL),
	FIELD(struct credential, expires_at, TIME, 0, NULL),
	FIELD(struct credential, revoked_at, TIME, 0, NULL),
	FIELD(struct credential, is_active, BOOL, 0, NULL),
	{ 0 },
};
const struct field_schema cache_schema = FIELD_SCHEMA("Credential", struct credential, kept_fields);

/* A text is its length with the NUL, 0 = there is none, then it. */
static void pack_text(struct strbuf *b, const char *text)
{
	uint32_t size = text ? (uint32_t)strlen(text) + 1 : 0;

	strbuf_add(b, (const char *)&size, sizeof(size));
	strbuf_add(b, text, size);
}

/* The text stays where it is. */
static const char *unpack_text(const char *at, const char **text_r)
{
	uint32_t size;

	memcpy(&size, at, sizeof(size));
	at += sizeof(size);
	*text_r = size > 0 ? at : NULL;
	return at + size;
}

/* A list is how many texts it has, then they. */
static void pack_strings(struct strbuf *b, const struct strings *list)
{
	uint32_t n = (uint32_t)list->n;

	strbuf_add(b, (const char *)&n, sizeof(n));
	for (uint32_t i = 0; i < n; i++)
		pack_text(b, list->items[i]);
}

static const char *unpack_strings(const char *at, struct arena *arena, struct strings *out)
{
	const char **items;
	uint32_t n;

	memcpy(&n, at, sizeof(n));
	at += sizeof(n);
	*out = strings_empty;
	if (n == 0)
		return at;
	items = arena_alloc(arena, n * sizeof(*items));
	for (uint32_t i = 0; i < n; i++)
		at = unpack_text(at, &items[i]);
	*out = (struct strings){ items, n };
	return at;
}

static void pack(struct strbuf *b, const struct field_schema *schema, const void *row)
{
	for (const struct field *f = schema->fields; f->name; f++) {
		if (is_text(f))
			pack_text(b, *(const char *const *)field_cptr(f, row));
		else if (f->type == FIELD_STRINGS)
			pack_strings(b, field_cptr(f, row));
		else
			strbuf_add(b, field_cptr(f, row), value_size(f));
	}
}

static const char *unpack(const char *at, struct arena *arena, const struct field_schema *schema,
			  void *row)
{
	for (const struct field *f = schema->fields; f->name; f++) {
		if (is_text(f)) {
			at = unpack_text(at, field_ptr(f, row));
		} else if (f->type == FIELD_STRINGS) {
			at = unpack_strings(at, arena, field_ptr(f, row));
		} else {
			memcpy(field_ptr(f, row), at, value_size(f));
			at += value_size(f);
		}
	}
	return at;
}

static void pack_row(struct strbuf *b, const struct credential *row)
{
	strbuf_add(b, &row->kind->letter, 1);
	pack(b, &cache_schema, row);
	pack(b, &owner_schema, row->owner);
}

static bool unpack_row(const char *at, const struct credential_kind *kind, struct arena *arena,
		       struct credential *out)
{
	struct user *owner = arena_new_struct(arena, struct user);

	if (*at != kind->letter)
		return false;
	at = unpack(at + 1, arena, &cache_schema, out);
	unpack(at, arena, &owner_schema, owner);
	out->kind = kind;
	out->owner = owner;
	return true;
}

/* --- how long a row is used ------------------------------------------------------- */

/* A personal tenant has the id of its user, so a change of it is one of the user. */
static const char *team_of(const struct credential *row)
{
	return str_eq(row->tenant_id, row->owner->id) ? NULL : row->tenant_id;
}

static void epochs_of(const struct op *op, const struct credential *row,
		      uint32_t out[CACHE_IDS])
{
	const char *ids[CACHE_IDS] = { row->id, row->owner->id, team_of(row) };

	if (str_eq(ids[2], ids[1]))   /* a personal tenant has the id of its user */
		ids[2] = NULL;
	for (size_t i = 0; i < CACHE_IDS; i++)
		out[i] = ids[i] ? epoch_read(op->process->segment, ids[i]) : 0;
}

static bool is_current(const struct op *op, const struct credential *row,
		       const struct cache_stamp *stamp)
{
	int64_t now = clock_monotonic(), age = now - stamp->read_at;
	uint32_t epochs[CACHE_IDS];

	if (age >= AGE_MOST_MS ||
	    (age >= AGE_MS && !epoch_followed(op->process->segment, stamp->read_at, now)))
		return false;
	epochs_of(op, row, epochs);
	return memcmp(epochs, stamp->epochs, sizeof(epochs)) == 0;
}

static bool find(const struct op *op, const struct credential_kind *kind, const char *name,
		 struct credential *out)
{
	struct cache_stamp stamp;
	size_t size;
	const char *packed = segment_cache_find(op->process->segment, name, op->arena, &stamp, &size);

	return packed && unpack_row(packed, kind, op->arena, out) && is_current(op, out, &stamp);
}

bool cache_find(const struct op *op, const struct credential_kind *kind, const char *name,
		struct credential *out)
{
	bool found;

	if (!op->process->cache || !op->process->segment)
		return false;
	found = find(op, kind, name, out);
	stat_add(op->process->segment, op_block(op), found ? STAT_CACHE_HITS : STAT_CACHE_MISSES, 1);
	return found;
}

struct cache_mark cache_mark_now(const struct op *op)
{
	struct cache_mark mark = { .at = clock_monotonic() };

	if (op->process->segment)
		mark.changes = epoch_read(op->process->segment, ANY_CHANGE);
	return mark;
}

void cache_store(const struct op *op, const char *name, struct cache_mark mark,
		 const struct credential *row)
{
	struct cache_stamp stamp = { .read_at = mark.at };
	struct strbuf b = { .arena = op->arena };

	if (!op->process->cache || !op->process->segment || segment_lost(op->process->segment))
		return;
	/* in this order: what changes after these were read moves ANY_CHANGE first */
	epochs_of(op, row, stamp.epochs);
	if (epoch_read(op->process->segment, ANY_CHANGE) != mark.changes)
		return;
	pack_row(&b, row);
	segment_cache_store(op->process->segment, name, &stamp, b.s, b.len);
}

/* --- changes ---------------------------------------------------------------------- */

/* Until the claim is committed others still read what was there before. */
static void put_off(struct op *op, const char *id)
{
	struct claim_change *c = arena_new_struct(op->arena, struct claim_change);

	*c = (struct claim_change){ arena_strdup(op->arena, id), op->claim->changes };
	op->claim->changes = c;
}

void op_changed(struct op *op, const char *id)
{
	if (!id)
		return;
	op->result.changed = true;
	if (!op->process->segment)
		return;
	if (op->claim && op->claim->held) {
		put_off(op, id);
		return;
	}
	epoch_bump(op->process->segment, ANY_CHANGE);
	epoch_bump(op->process->segment, id);
}
