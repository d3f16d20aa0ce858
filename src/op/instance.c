/*
 * instance.c - the identity of the database and the encryption key that
 * belongs to it. The key itself is never stored, logged or put in a sentence.
 */
#include "config.h"

#include <string.h>

#include "auth/subkey.h"
#include "op/audit.h"
#include "op/instance.h"
#include "store/instance.h"

bool op_instance_ensure(struct op *op, struct instance *out, struct err *err_r)
{
	struct audit_event event = op_audit(op, AUDIT_INSTANCE_CREATED, NULL);
	char id[UUID_TEXT];

	random_uuid(id);
	return store_instance_ensure(op->db, &event, id, op->arena, out, err_r);
}

/* The check value that the key has for this database. */
static void check_of(struct op *op, const struct conf_key *key, const struct instance *i,
		     char out[SHA256_HEX])
{
	const char *text = arena_printf(op->arena, "%s%s", subkey_rows[SUBKEY_KEY_CHECK].label,
					i->database_id);

	hmac_sha256_hex(key->bytes, sizeof(key->bytes), text, strlen(text), out);
}

static bool is_set(const struct conf_key *key, struct err *err_r)
{
	return key->set ||
	       err_field(err_r, ERR_CONFIG, "ENCRYPTION_KEY",
			 "ENCRYPTION_KEY is not set: give the key that the service has, or make the "
			 "first one with `openssl rand -base64 32`");
}

static bool fits(const char *check, const struct instance *i, struct err *err_r)
{
	return equal_ct(check, i->key_check) ||
	       err_field(err_r, ERR_CONFIG, "ENCRYPTION_KEY",
			 "ENCRYPTION_KEY is not the key that this database was first served with; "
			 "set that one again");
}

bool op_instance_is_key(struct op *op, const struct conf_key *key, struct err *err_r)
{
	struct instance instance;
	char check[SHA256_HEX];

	if (!is_set(key, err_r) || !store_instance_get(op->db, op->arena, &instance, err_r))
		return false;
	check_of(op, key, &instance, check);
	return fits(check, &instance, err_r);
}

bool op_instance_check_key(struct op *op, const struct conf_key *key, struct err *err_r)
{
	struct instance instance;
	struct audit_event event;
	char check[SHA256_HEX];

	if (!is_set(key, err_r) || !op_instance_ensure(op, &instance, err_r))
		return false;
	check_of(op, key, &instance, check);
	event = op_audit(op, AUDIT_KEY_CHECK_STORED, instance.database_id);
	if (!instance.key_check &&
	    !store_instance_key_check(op->db, &event, check, op->arena, &instance, err_r))
		return false;
	return fits(check, &instance, err_r);
}
