/*
 * Verified credentials of this process. Each row is one block of memory: the
 * structs as store/ read them, then their texts. Knows no rule about keys or
 * sessions; op/key_verify.c and op/session.c judge what they get from here.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "auth/auth.h"
#include "base/str.h"
#include "op/cache.h"
#include "shm/generation.h"
#include "shm/stat.h"
#include "store/owner.h"

#define SETS 1024
#define WAYS 4
#define AGE_MS 2000          /* and up to as much again, so that rows do not age together */
#define SUBJECTS 3           /* key or session, user, tenant */
#define ANY_CHANGE "*"       /* the subject that changes with every other */

struct entry {
	uint64_t hash;
	uint32_t generations[SUBJECTS];
	int64_t read_at, use_until;      /* monotonic ms */
	const char *name;                /* in block */
	struct cached row;               /* in block */
	void *block;                     /* NULL = free */
	size_t size;
};

struct cache {
	uint64_t seed;
	struct entry entries[SETS][WAYS];
};

/* --- one row as one block ----------------------------------------------------- */

static const struct field ref_fields[] = {
	FIELD(struct session_ref, id, UUID, 0, NULL),
	FIELD(struct session_ref, tenant_id, UUID, 0, NULL),
	{ 0 },
};
static const struct field_schema ref_schema =
	FIELD_SCHEMA("SessionRef", struct session_ref, ref_fields);

static bool is_text(const struct field *f)
{
	return f->type == FIELD_TEXT || f->type == FIELD_UUID || f->type == FIELD_STRINGS;
}

static const char *text_at(const struct field *f, const void *row)
{
	const char *text;

	memcpy(&text, field_cptr(f, row), sizeof(text));
	return text;
}

static size_t texts_size(const struct field_schema *schema, const void *row)
{
	size_t n = 0;

	for (const struct field *f = schema->fields; f->name; f++)
		if (is_text(f) && text_at(f, row))
			n += strlen(text_at(f, row)) + 1;
	return n;
}

static const char *put_text(char **end, const char *text)
{
	size_t n = strlen(text) + 1;
	char *at = memcpy(*end, text, n);

	*end += n;
	return at;
}

/* The struct at `at`, its texts from *end on. */
static void *put_row(char *at, char **end, const struct field_schema *schema,
		     const void *row)
{
	memcpy(at, row, schema->size);
	for (const struct field *f = schema->fields; f->name; f++) {
		const char *text = is_text(f) ? text_at(f, row) : NULL;

		if (!text)
			continue;
		text = put_text(end, text);
		memcpy(field_ptr(f, at), &text, sizeof(text));
	}
	return at;
}

static void pack(struct entry *e, const char *name, const struct cached *row)
{
	const struct field_schema *schema = row->key ? &api_key_schema : &ref_schema;
	const void *credential = row->key ? (const void *)row->key : row->session;
	char *end;

	e->size = schema->size + owner_schema.size + strlen(name) + 1 +
		  texts_size(schema, credential) + texts_size(&owner_schema, row->owner);
	e->block = malloc(e->size);
	if (!e->block)
		return;
	end = (char *)e->block + schema->size + owner_schema.size;
	e->name = put_text(&end, name);
	credential = put_row(e->block, &end, schema, credential);
	e->row.key = row->key ? credential : NULL;
	e->row.session = row->key ? NULL : credential;
	e->row.owner = put_row((char *)e->block + schema->size, &end, &owner_schema,
			       row->owner);
}

static void drop(struct entry *e)
{
	if (e->block)
		explicit_bzero(e->block, e->size);
	free(e->block);
	*e = (struct entry){ 0 };
}

/* --- the table ------------------------------------------------------------------ */

struct cache *cache_new(void)
{
	struct cache *c = calloc(1, sizeof(*c));

	if (c)
		random_bytes(&c->seed, sizeof(c->seed));
	return c;
}

void cache_free(struct cache **c)
{
	if (!*c)
		return;
	for (size_t i = 0; i < SETS; i++)
		for (size_t j = 0; j < WAYS; j++)
			drop(&(*c)->entries[i][j]);
	free(*c);
	*c = NULL;
}

static uint64_t hash_of(const struct cache *c, const char *name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ c->seed;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
	return h ^ h >> 32;
}

static void generations_of(const struct op *op, const struct cached *row,
			   uint32_t out[SUBJECTS])
{
	const char *ids[SUBJECTS] = {
		row->key ? row->key->id : row->session->id, row->owner->id,
		row->session ? row->session->tenant_id : row->owner->tenant_id,
	};

	for (size_t i = 0; i < SUBJECTS; i++)
		out[i] = ids[i] ? generation_read(op->room, ids[i]) : 0;
}

static bool is_current(const struct op *op, const struct entry *e)
{
	uint32_t now[SUBJECTS];

	if (clock_monotonic() >= e->use_until)
		return false;
	generations_of(op, &e->row, now);
	return memcmp(now, e->generations, sizeof(now)) == 0;
}

static struct entry *named(struct entry *set, uint64_t hash, const char *name)
{
	for (size_t i = 0; i < WAYS; i++)
		if (set[i].block && set[i].hash == hash && str_eq(set[i].name, name))
			return &set[i];
	return NULL;
}

bool cache_find(const struct op *op, const char *name, struct cached *out)
{
	struct entry *e;
	uint64_t hash;

	if (!op->cache || !op->room)
		return false;
	hash = hash_of(op->cache, name);
	e = named(op->cache->entries[hash % SETS], hash, name);
	if (!e || !is_current(op, e)) {
		stat_add(op->room, op->block, STAT_CACHE_MISSES, 1);
		return false;
	}
	stat_add(op->room, op->block, STAT_CACHE_HITS, 1);
	*out = e->row;
	return true;
}

uint32_t cache_mark(const struct op *op)
{
	return op->room ? generation_read(op->room, ANY_CHANGE) : 0;
}

static struct entry *place_for(struct entry *set, uint64_t hash, const char *name)
{
	struct entry *e = named(set, hash, name);

	if (e)
		return e;
	e = set;
	for (size_t i = 0; i < WAYS; i++) {
		if (!set[i].block)
			return &set[i];
		if (set[i].read_at < e->read_at)
			e = &set[i];
	}
	return e;
}

void cache_store(const struct op *op, const char *name, uint32_t mark,
		 const struct cached *row)
{
	struct entry fresh = { 0 }, *e;

	if (!op->cache || !op->room)
		return;
	/* in this order: what changes after these were read moves ANY_CHANGE first */
	generations_of(op, row, fresh.generations);
	if (cache_mark(op) != mark)
		return;
	fresh.hash = hash_of(op->cache, name);
	fresh.read_at = clock_monotonic();
	fresh.use_until = fresh.read_at + AGE_MS + (int64_t)(fresh.hash >> 32) % AGE_MS;
	pack(&fresh, name, row);
	if (!fresh.block)
		return;
	e = place_for(op->cache->entries[fresh.hash % SETS], fresh.hash, name);
	drop(e);
	*e = fresh;
}

void op_changed(struct op *op, const char *id)
{
	if (!id)
		return;
	op->changed = true;
	if (!op->room)
		return;
	generation_bump(op->room, ANY_CHANGE);
	generation_bump(op->room, id);
}
