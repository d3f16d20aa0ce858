/* op/audit_hash.c - fields with their lengths, and the hashes of them. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "op/audit_hash.h"

#define PAIRS_MAX 64   /* of metadata */

static void add(struct strbuf *b, const char *text)
{
	uint32_t n = text ? (uint32_t)strlen(text) : UINT32_MAX;
	const char length[4] = { (char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n };

	strbuf_add(b, length, sizeof(length));
	if (text)
		strbuf_adds(b, text);
}

static void add_number(struct strbuf *b, int64_t n)
{
	struct strbuf text = { .arena = b->arena };

	strbuf_addi(&text, n);
	add(b, text.s);
}

/* --- metadata ------------------------------------------------------------------------ */

struct pair {
	const char *key, *value;
};

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

static const char *blanks(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

/* "key" : "value" */
static const char *read_pair(const char *p, struct arena *arena, struct pair *out)
{
	struct strbuf key = { .arena = arena }, value = { .arena = arena };

	p = json_text(p, &key);
	if (!p)
		return NULL;
	p = blanks(p);
	p = *p == ':' ? json_text(blanks(p + 1), &value) : NULL;
	*out = (struct pair){ key.s, value.s };
	return p ? blanks(p) : NULL;
}

static bool read_pairs(const char *p, struct arena *arena, struct pair *pairs, size_t *n_r)
{
	size_t n = 0;

	p = blanks(p);
	if (*p++ != '{')
		return false;
	for (p = blanks(p); *p != '}'; n++) {
		if (n == PAIRS_MAX)
			return false;
		p = read_pair(p, arena, &pairs[n]);
		if (!p || (*p != ',' && *p != '}'))
			return false;
		if (*p == ',')
			p = blanks(p + 1);
		if (p[-1] == ',' && *p == '}')
			return false;
	}
	*n_r = n;
	return !*blanks(p + 1);
}

/* One spelling of each object of texts, as JSONB has another one; NULL: it is none,
 * or has a key twice. */
static const char *one_spelling(const char *metadata, struct arena *arena)
{
	struct strbuf b = { .arena = arena };
	struct pair pairs[PAIRS_MAX];
	size_t n;

	if (!read_pairs(metadata, arena, pairs, &n))
		return NULL;
	qsort(pairs, n, sizeof(pairs[0]), by_key);
	strbuf_adds(&b, "{");
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && strcmp(pairs[i - 1].key, pairs[i].key) == 0)
			return NULL;
		strbuf_adds(&b, i > 0 ? "," : "");
		strbuf_add_json(&b, pairs[i].key);
		strbuf_adds(&b, ":");
		strbuf_add_json(&b, pairs[i].value);
	}
	strbuf_adds(&b, "}");
	return b.s;
}

/* --- hashes ---------------------------------------------------------------------------- */

static bool pii_hash(const struct audit_event *e, struct arena *arena, char out[SHA256_HEX])
{
	const char *metadata = one_spelling(e->metadata ? e->metadata : "{}", arena);
	struct strbuf b = { .arena = arena };

	if (!metadata)
		return false;
	add(&b, "pierre audit pii 1");
	add(&b, e->pii_salt);
	add(&b, e->target);
	add(&b, e->ip_address);
	add(&b, e->user_agent);
	add(&b, metadata);
	sha256_hex(b.s, b.len, out);
	return true;
}

bool audit_pii(struct audit_event *e, struct arena *arena)
{
	char salt[SHA256_HEX], hash[SHA256_HEX];
	unsigned char bytes[SHA256_BYTES];

	random_bytes(bytes, sizeof(bytes));
	hex_encode(bytes, sizeof(bytes), salt);
	e->pii_salt = salt;
	e->pii_hash = pii_hash(e, arena, hash) ? arena_strdup(arena, hash) : NULL;
	e->pii_salt = e->pii_hash ? arena_strdup(arena, salt) : NULL;
	return e->pii_hash;
}

bool audit_pii_holds(const struct audit_event *e, struct arena *arena)
{
	char hash[SHA256_HEX];

	return e->pii_salt && pii_hash(e, arena, hash) && str_eq(hash, e->pii_hash);
}

const char *audit_chain_of(const struct audit_event *e)
{
	return e->tenant_id ? e->tenant_id : AUDIT_SYSTEM;
}

void audit_begin_hash(const char *chain, int64_t unchained, struct arena *arena,
		      char out[SHA256_HEX])
{
	struct strbuf b = { .arena = arena };

	add(&b, "pierre audit chain 1");
	add(&b, chain);
	if (str_eq(chain, AUDIT_SYSTEM))
		add_number(&b, unchained);
	else
		add(&b, NULL);
	sha256_hex(b.s, b.len, out);
}

void audit_link_hash(const char *before, const char *chain, int64_t seq,
		     const struct audit_event *e, struct arena *arena, char out[SHA256_HEX])
{
	struct strbuf b = { .arena = arena };

	add(&b, "pierre audit link 1");
	add(&b, before);
	add(&b, chain);
	add_number(&b, seq);
	add(&b, e->id);
	add(&b, e->event_type);
	add(&b, e->severity);
	add(&b, e->message);
	add(&b, e->source);
	add(&b, e->result);
	add(&b, e->tenant_id);
	add(&b, e->user_id);
	add(&b, e->request_id);
	add_number(&b, e->timestamp);
	add(&b, e->pii_hash);
	sha256_hex(b.s, b.len, out);
}

void audit_head_mac(const struct subkey *key, const struct audit_head *head,
		    struct arena *arena, char out[SHA256_HEX])
{
	struct strbuf b = { .arena = arena };

	add(&b, "pierre audit head 1");
	add(&b, head->chain);
	add_number(&b, head->seq);
	add(&b, head->hash);
	hmac_sha256_hex(key->bytes, sizeof(key->bytes), b.s, b.len, out);
}
