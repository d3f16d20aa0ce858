/*
 * Verified credentials of this host: rows as store/ read them, packed field by
 * field for shm/cache.c. Knows no rule about keys or sessions; op/key_verify.c
 * and op/session.c judge what they get from here.
 */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "op/cache.h"
#include "shm/cache.h"
#include "shm/generation.h"
#include "shm/stat.h"

#define AGE_MS 3000          /* when nobody follows the changes */
#define AGE_MOST_MS 300000   /* for what no trigger sees: a database restored under us */
#define ANY_CHANGE "*"       /* the subject that changes with every other */
#define IS_KEY 'k'
#define IS_SESSION 's'

_Static_assert(CACHE_SUBJECTS == 3, "key or session, user, tenant");

/* --- rows as bytes -------------------------------------------------------------- */

static bool is_text(const struct field *f)
{
	return f->type == FIELD_TEXT || f->type == FIELD_UUID;
}

static size_t value_size(const struct field *f)
{
	return f->type == FIELD_BOOL ? sizeof(bool) : sizeof(int64_t);
}

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
		if (f->flags & FIELD_INPUT)
			continue;
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
		if (f->flags & FIELD_INPUT)
			continue;
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

static void pack_row(struct strbuf *b, const struct cached *row)
{
	strbuf_add(b, &(char){ row->key ? IS_KEY : IS_SESSION }, 1);
	if (row->key)
		pack(b, &api_key_schema, row->key);
	else
		pack(b, &session_ref_schema, row->session);
	pack(b, &owner_schema, row->owner);
}

static void unpack_row(const char *at, struct arena *arena, struct cached *out)
{
	bool is_key = *at == IS_KEY;
	const struct field_schema *schema = is_key ? &api_key_schema : &session_ref_schema;
	void *credential = arena_alloc(arena, schema->size);
	struct user *owner = arena_alloc(arena, sizeof(*owner));

	at = unpack(at + 1, arena, schema, credential);
	unpack(at, arena, &owner_schema, owner);
	*out = (struct cached){ .owner = owner };
	if (is_key)
		out->key = credential;
	else
		out->session = credential;
}

/* --- how long a row is used ------------------------------------------------------- */

static void generations_of(const struct op *op, const struct cached *row,
			   uint32_t out[CACHE_SUBJECTS])
{
	const char *ids[CACHE_SUBJECTS] = {
		row->key ? row->key->id : row->session->id, row->owner->id,
		row->session ? row->session->tenant_id : row->owner->tenant_id,
	};

	for (size_t i = 0; i < CACHE_SUBJECTS; i++)
		out[i] = ids[i] ? generation_read(op->process->room, ids[i]) : 0;
}

static bool is_current(const struct op *op, const struct cached *row,
		       const struct cache_stamp *stamp)
{
	int64_t now = clock_monotonic(), age = now - stamp->read_at;
	uint32_t generations[CACHE_SUBJECTS];

	if (age >= AGE_MOST_MS ||
	    (age >= AGE_MS && !generation_followed(op->process->room, stamp->read_at, now)))
		return false;
	generations_of(op, row, generations);
	return memcmp(generations, stamp->generations, sizeof(generations)) == 0;
}

static bool find(const struct op *op, const char *name, struct cached *out)
{
	struct cache_stamp stamp;
	size_t size;
	const char *packed = room_cache_find(op->process->room, name, op->arena, &stamp, &size);

	if (!packed)
		return false;
	unpack_row(packed, op->arena, out);
	return is_current(op, out, &stamp);
}

bool cache_find(const struct op *op, const char *name, struct cached *out)
{
	bool found;

	if (!op->process->cache || !op->process->room)
		return false;
	found = find(op, name, out);
	stat_add(op->process->room, op_block(op), found ? STAT_CACHE_HITS : STAT_CACHE_MISSES, 1);
	return found;
}

struct cache_mark cache_mark(const struct op *op)
{
	struct cache_mark mark = { .at = clock_monotonic() };

	if (op->process->room)
		mark.changes = generation_read(op->process->room, ANY_CHANGE);
	return mark;
}

void cache_store(const struct op *op, const char *name, struct cache_mark mark,
		 const struct cached *row)
{
	struct cache_stamp stamp = { .read_at = mark.at };
	struct strbuf b = { .arena = op->arena };

	if (!op->process->cache || !op->process->room || room_lost(op->process->room))
		return;
	/* in this order: what changes after these were read moves ANY_CHANGE first */
	generations_of(op, row, stamp.generations);
	if (generation_read(op->process->room, ANY_CHANGE) != mark.changes)
		return;
	pack_row(&b, row);
	room_cache_store(op->process->room, name, &stamp, b.s, b.len);
}

/* --- changes ---------------------------------------------------------------------- */

void op_changed(struct op *op, const char *id)
{
	if (!id)
		return;
	op->result.changed = true;
	if (!op->process->room)
		return;
	generation_bump(op->process->room, ANY_CHANGE);
	generation_bump(op->process->room, id);
}
