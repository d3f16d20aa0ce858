/*
 * auth/seal.c - the layout of a sealed value, its key and what it is bound to; the
 * cipher itself is gcm.c.
 */
#include "config.h"

#include <string.h>

#include "auth/seal.h"

#define LAYOUT 1
#define HEAD 5                        /* version and key id */
#define FRAME (HEAD + GCM_NONCE + GCM_TAG)

static void put_u32(unsigned char *at, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		at[i] = (unsigned char)(n >> (24 - 8 * i));
}

static uint32_t get_u32(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put_head(unsigned char out[HEAD], uint32_t key_id)
{
	out[0] = LAYOUT;
	put_u32(out + 1, key_id);
}

/* One byte that says whether there is a name, its length, the name. */
static void add_name(struct strbuf *b, const char *name)
{
	unsigned char head[5] = { name != NULL };
	size_t n = name ? strlen(name) : 0;

	put_u32(head + 1, (uint32_t)n);
	strbuf_add(b, (const char *)head, sizeof(head));
	strbuf_add(b, name, n);
}

static void add_home(struct strbuf *b, const struct seal_place *p)
{
	add_name(b, p->table);
	add_name(b, p->column);
	add_name(b, p->row);
}

/* Key of this one value: the first block of HKDF-Expand. */
static void value_key(const struct seal_key *key, const struct seal_place *p, struct arena *arena,
		      unsigned char out[SHA256_BYTES])
{
	struct strbuf info = { .arena = arena };

	add_home(&info, p);
	strbuf_add(&info, "\1", 1);
	hmac_sha256(key->key.bytes, sizeof(key->key.bytes), info.s, info.len, out);
}

static struct strbuf associated(const unsigned char head[HEAD], const struct seal_place *p,
				struct arena *arena)
{
	struct strbuf b = { .arena = arena };

	strbuf_add(&b, (const char *)head, HEAD);
	add_home(&b, p);
	for (size_t i = 0; i < SEAL_BOUND_MAX; i++)
		add_name(&b, p->bound[i]);
	return b;
}

static bool usable(const struct seal_key *key, const struct seal_place *p, struct err *err_r)
{
	return (key->key.set && p->table && p->column && p->row) ||
	       err_set(err_r, ERR_INTERNAL, "A secret has no key or no place");
}

bool seal(const struct seal_key *key, const struct seal_place *place, const void *plain,
	  size_t n, struct arena *arena, const char **out, struct err *err_r)
{
	unsigned char own[SHA256_BYTES], *raw, *nonce, *text;
	struct strbuf aad;
	char *encoded;
	bool done;

	*out = NULL;
	if (!usable(key, place, err_r))
		return false;
	if (n > SEAL_PLAIN_MAX)
		return err_set(err_r, ERR_INTERNAL, "A secret of %zu bytes is too long to seal", n);
	raw = arena_alloc(arena, FRAME + n);
	nonce = raw + HEAD;
	text = nonce + GCM_NONCE;
	put_head(raw, key->id);
	random_bytes(nonce, GCM_NONCE);
	if (n > 0)
		memcpy(text, plain, n);
	aad = associated(raw, place, arena);
	value_key(key, place, arena, own);
	done = gcm_encrypt(own, nonce, aad.s, aad.len, text, n, text + n);
	explicit_bzero(own, sizeof(own));
	if (!done)
		return err_set(err_r, ERR_INTERNAL, "libgcrypt refused to seal a secret");
	encoded = arena_alloc(arena, 4 * ((FRAME + n + 2) / 3) + 1);
	base64url_encode(raw, FRAME + n, encoded);
	*out = encoded;
	return true;
}

bool seal_works(void)
{
	const unsigned char key[SHA256_BYTES] = { 0 }, nonce[GCM_NONCE] = { 0 };
	unsigned char text[1] = { 0 }, tag[GCM_TAG];

	return gcm_encrypt(key, nonce, NULL, 0, text, sizeof(text), tag) &&
	       gcm_decrypt(key, nonce, NULL, 0, text, sizeof(text), tag);
}

/* The bytes of a sealed text; NULL = it is none. */
static unsigned char *unframe(const char *sealed, struct arena *arena, size_t *n_r)
{
	size_t cap = sealed ? strlen(sealed) / 4 * 3 + 3 : 0;
	unsigned char *raw;

	if (cap < FRAME || cap > SEAL_PLAIN_MAX + FRAME + 3)
		return NULL;
	raw = arena_alloc(arena, cap);
	if (!base64url_decode(sealed, raw, cap, n_r) || *n_r < FRAME || raw[0] != LAYOUT)
		return NULL;
	return raw;
}

bool seal_key_id(const char *sealed, uint32_t *id_r)
{
	unsigned char head[6];
	char start[9];
	size_t n;

	if (!sealed || strnlen(sealed, 8) < 8)
		return false;
	memcpy(start, sealed, 8);
	start[8] = '\0';
	if (!base64url_decode(start, head, sizeof(head), &n) || n != sizeof(head) ||
	    head[0] != LAYOUT)
		return false;
	*id_r = get_u32(head + 1);
	return true;
}

bool seal_open(const struct seal_key *key, const struct seal_place *place, const char *sealed,
	       struct arena *arena, char **plain_r, size_t *n_r, struct err *err_r)
{
	unsigned char own[SHA256_BYTES], *raw, *text;
	struct strbuf aad;
	size_t n, whole;
	bool done;

	*plain_r = NULL;
	*n_r = 0;
	if (!usable(key, place, err_r))
		return false;
	raw = unframe(sealed, arena, &whole);
	if (!raw || get_u32(raw + 1) != key->id)
		return err_reason(err_r, ERR_INTERNAL, "sealed",
				  "What is stored as %s.%s was not sealed by this key",
				  place->table, place->column);
	n = whole - FRAME;
	text = raw + HEAD + GCM_NONCE;
	aad = associated(raw, place, arena);
	value_key(key, place, arena, own);
	done = gcm_decrypt(own, raw + HEAD, aad.s, aad.len, text, n, text + n);
	explicit_bzero(own, sizeof(own));
	if (!done)
		return err_reason(err_r, ERR_INTERNAL, "sealed",
				  "What is stored as %s.%s does not open: it was changed, or it is "
				  "not this row's", place->table, place->column);
	text[n] = '\0';
	*plain_r = (char *)text;
	*n_r = n;
	return true;
}
