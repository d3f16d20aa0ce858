/*
 * op/vault.c - what a process keeps of data keys: a table of those that were
 * unwrapped, and one of which key seals for whom. Both are small and looked through
 * from the start.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "auth/auth.h"
#include "base/clock.h"
#include "base/str.h"
#include "op/vault.h"
#include "op/vault_key.h"
#include "store/data_key.h"

#define SEALS_AHEAD 64   /* counted in the database before they are made */
#define TRIES 5          /* data keys that are retired between two steps; more than one is seldom */

/* One that was unwrapped. */
struct held {
	int64_t id;              /* 0: free */
	int64_t until;           /* monotonic ms */
	int64_t left;            /* seals that are counted already */
	char row[SHA256_HEX];    /* of what it was unwrapped from */
	struct subkey key;
};

/* Which one seals. */
struct sealer {
	bool set;
	char tenant_id[UUID_TEXT];   /* "" = no tenant */
	int64_t key_id, until;
};

struct vault {
	struct master_subkeys wrap;
	struct held held[VAULT_KEYS];
	struct sealer sealers[VAULT_KEYS];
	size_t next_held, next_sealer;   /* that gives way when all are taken */
	char master_id[MASTER_ID];       /* the master key in use, as it was read ... */
	int64_t master_until;            /* ... until then */
};

struct vault *vault_new(const struct master_subkeys *wrap)
{
	struct vault *v = calloc(1, sizeof(*v));

	if (!v)
		abort();
	v->wrap = *wrap;
	return v;
}

void vault_free(struct vault **v)
{
	if (!*v)
		return;
	explicit_bzero(*v, sizeof(**v));
	free(*v);
	*v = NULL;
}

void vault_forget(struct vault *v)
{
	explicit_bzero(v->held, sizeof(v->held));
	explicit_bzero(v->sealers, sizeof(v->sealers));
}

const struct master_subkeys *vault_subkeys(const struct vault *v)
{
	return &v->wrap;
}

static bool have(const struct op *op, struct err *err_r)
{
	return op->process->vault ||
	       err_set(err_r, ERR_INTERNAL, "This process has no key for secrets");
}

/* --- those that were unwrapped ---------------------------------------------------------- */

static struct held *find_held(struct vault *v, int64_t id)
{
	int64_t now = clock_monotonic();

	for (size_t i = 0; i < VAULT_KEYS; i++) {
		struct held *h = &v->held[i];

		if (h->id && h->until <= now)
			explicit_bzero(h, sizeof(*h));
		else if (h->id == id)
			return h;
	}
	return NULL;
}

/* After a failover to a replica that lagged, another process may make another data key of the
 * same number: what this one has sealed by the lost one would open nowhere. */
static void digest_row(struct op *op, const struct data_key *key, char out[SHA256_HEX])
{
	const char *text = arena_printf(op->arena, "%s %s", key->master_id, key->wrapped);

	sha256_hex(text, strlen(text), out);
}

static bool is_of_row(struct op *op, const struct held *h, const struct data_key *key)
{
	char row[SHA256_HEX];

	digest_row(op, key, row);
	return str_eq(h->row, row);
}

static struct held *hold(struct op *op, const struct data_key *key, struct err *err_r)
{
	struct vault *v = op->process->vault;
	struct held *h = find_held(v, key->id);
	struct subkey plain;

	if (h && is_of_row(op, h, key))
		return h;
	if (h)
		explicit_bzero(h, sizeof(*h));
	if (!vault_key_unwrap(&v->wrap, key, op->arena, &plain, err_r))
		return NULL;
	h = h ? h : &v->held[v->next_held++ % VAULT_KEYS];
	*h = (struct held){ .id = key->id, .until = clock_monotonic() + VAULT_KEEP_MS, .key = plain };
	digest_row(op, key, h->row);
	explicit_bzero(&plain, sizeof(plain));
	return h;
}

static struct held *get_held(struct op *op, int64_t id, struct err *err_r)
{
	struct held *h = find_held(op->process->vault, id);
	struct data_key key;

	if (h)
		return h;
	if (!store_data_key_get(op->db, id, op->arena, &key, err_r)) {
		if (err_r->kind == ERR_NOT_FOUND)
			err_reason(err_r, ERR_INTERNAL, "sealed", "Data key %lld, which sealed a secret, was "
				   "retired or is of another database", (long long)id);
		return NULL;
	}
	return hold(op, &key, err_r);
}

/* --- which one seals ---------------------------------------------------------------------- */

static struct sealer *find_sealer(struct vault *v, const char *tenant_id)
{
	for (size_t i = 0; i < VAULT_KEYS; i++)
		if (v->sealers[i].set && str_eq(v->sealers[i].tenant_id, tenant_id))
			return &v->sealers[i];
	return NULL;
}

static struct sealer *take_sealer(struct vault *v, const char *tenant_id)
{
	struct sealer *s = find_sealer(v, tenant_id);

	return s ? s : &v->sealers[v->next_sealer++ % VAULT_KEYS];
}

/* Of the database; rotated when it has served its time. */
static struct sealer *read_sealer(struct op *op, const char *tenant_id, struct err *err_r)
{
	struct sealer *s;
	struct data_key key;

	if (!vault_key_current(op, &op->process->vault->wrap, *tenant_id ? tenant_id : NULL, &key, err_r) ||
	    !hold(op, &key, err_r))
		return NULL;
	s = take_sealer(op->process->vault, tenant_id);
	*s = (struct sealer){ .set = true, .key_id = key.id,
			      .until = clock_monotonic() + VAULT_CURRENT_MS };
	str_copy(s->tenant_id, sizeof(s->tenant_id), tenant_id);
	return s;
}

static struct sealer *get_sealer(struct op *op, const char *tenant_id, struct err *err_r)
{
	struct sealer *s = find_sealer(op->process->vault, tenant_id ? tenant_id : "");

	if (s && s->until > clock_monotonic())
		return s;
	return read_sealer(op, tenant_id ? tenant_id : "", err_r);
}

const char *op_vault_master(struct op *op)
{
	struct vault *v = op->process->vault;
	const char *id;
	struct err err;

	if (!v)
		return NULL;
	if (v->master_until <= clock_monotonic() &&
	    store_data_key_master(op->db, op->arena, &id, &err)) {
		str_copy(v->master_id, sizeof(v->master_id), id ? id : "");
		v->master_until = clock_monotonic() + VAULT_CURRENT_MS;
	}
	return v->master_id;
}

/* --- seal, open ------------------------------------------------------------------------------ */

/* A count that is lost with the process is one too many, never one too few. */
static bool count_seal(struct op *op, struct held *h, struct err *err_r)
{
	if (h->left == 0 && !store_data_key_count_seals(op->db, h->id, SEALS_AHEAD, err_r))
		return false;
	h->left = (h->left ? h->left : SEALS_AHEAD) - 1;
	return true;
}

static bool seal_by(struct op *op, int64_t key_id, const struct seal_place *place,
		    const void *plain, size_t n, const char **sealed_r, struct err *err_r)
{
	struct held *h = get_held(op, key_id, err_r);
	struct seal_key by;
	bool done;

	if (!h || !count_seal(op, h, err_r))
		return false;
	by = (struct seal_key){ (uint32_t)h->id, h->key };
	done = seal(&by, place, plain, n, op->arena, sealed_r, err_r);
	explicit_bzero(&by, sizeof(by));
	return done;
}

bool op_seal_key(struct op *op, const char *tenant_id, int64_t *key_id_r, struct err *err_r)
{
	const struct sealer *s = have(op, err_r) ? get_sealer(op, tenant_id, err_r) : NULL;

	*key_id_r = s ? s->key_id : 0;
	return s != NULL;
}

struct sealing {
	const char *tenant_id;
	const struct seal_place *place;
	const void *plain;
	size_t n;
	int64_t *key_id;
	const char **sealed_r;
};

static bool seal_by_current(struct op *op, void *arg, int64_t *key_id_r, struct err *err_r)
{
	const struct sealing *s = arg;

	if (!op_seal_key(op, s->tenant_id, s->key_id, err_r))
		return false;
	*key_id_r = *s->key_id;
	return seal_by(op, *s->key_id, s->place, s->plain, s->n, s->sealed_r, err_r);
}

bool op_seal(struct op *op, const char *tenant_id, const struct seal_place *place,
	     const void *plain, size_t n, int64_t *key_id, const char **sealed_r,
	     struct err *err_r)
{
	struct sealing s = { tenant_id, place, plain, n, key_id, sealed_r };

	*sealed_r = NULL;
	if (!have(op, err_r))
		return false;
	return *key_id ? seal_by(op, *key_id, place, plain, n, sealed_r, err_r)
		       : op_seal_retry(op, seal_by_current, &s, err_r);
}

bool op_seal_open(struct op *op, const struct seal_place *place, const char *sealed,
		  char **plain_r, size_t *n_r, struct err *err_r)
{
	struct seal_key by;
	struct held *h;
	uint32_t id;
	bool done;

	*plain_r = NULL;
	*n_r = 0;
	if (!have(op, err_r))
		return false;
	if (!seal_key_id(sealed, &id) || id == 0)
		return err_reason(err_r, ERR_INTERNAL, "sealed", "What is stored as %s.%s was not sealed by a "
				  "data key", place->table, place->column);
	h = get_held(op, id, err_r);
	if (!h)
		return false;
	by = (struct seal_key){ id, h->key };
	done = seal_open(&by, place, sealed, op->arena, plain_r, n_r, err_r);
	explicit_bzero(&by, sizeof(by));
	return done;
}

bool op_seal_outdated(struct op *op, int64_t key_id)
{
	const struct held *h;
	struct data_key key;
	struct err err;

	if (!key_id || !op->process->vault)
		return false;
	if (store_data_key_get(op->db, key_id, op->arena, &key, &err)) {
		h = find_held(op->process->vault, key_id);
		if (!h || is_of_row(op, h, &key))
			return false;
	} else if (err.kind != ERR_NOT_FOUND) {
		return false;
	}
	vault_forget(op->process->vault);
	return true;
}

bool op_seal_retry(struct op *op, op_sealed_fn *work, void *arg, struct err *err_r)
{
	int tries = TRIES;

	for (;;) {
		int64_t key_id = 0;

		if (work(op, arg, &key_id, err_r))
			return true;
		if (--tries == 0 || !op_seal_outdated(op, key_id))
			return false;
	}
}
