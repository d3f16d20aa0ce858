/*
 * instance.c - the identity of the database and the encryption key that
 * belongs to it. The key itself is never stored, logged or put in a sentence.
 */
#include "config.h"

#include <string.h>

#include "auth/auth.h"
#include "op/audit.h"
#include "op/instance.h"

#define KEY_CHECK_LABEL "pierre key check|"
#define HOW_TO_MAKE "make one with `openssl rand -base64 32`"

bool op_instance_ensure(struct op *op, struct instance *out, struct err *err_r)
{
	struct audit_event event = op_audit(op, AUDIT_INSTANCE_CREATED, NULL);
	char id[UUID_TEXT];

	random_uuid(id);
	return store_instance_ensure(op->db, op->arena, &event, id, out, err_r);
}

bool op_encryption_key(const char *text, unsigned char key[ENCRYPTION_KEY_BYTES],
		       struct err *err_r)
{
	unsigned char bytes[ENCRYPTION_KEY_BYTES];
	size_t n = 0;
	bool good;

	if (str_blank(text))
		return err_field(err_r, ERR_CONFIG, "ENCRYPTION_KEY",
				 "ENCRYPTION_KEY is not set; " HOW_TO_MAKE);
	good = base64_decode(text, bytes, sizeof(bytes), &n) && n == sizeof(bytes);
	if (good && key)
		memcpy(key, bytes, sizeof(bytes));
	explicit_bzero(bytes, sizeof(bytes));
	if (!good)
		return err_field(err_r, ERR_CONFIG, "ENCRYPTION_KEY",
				 "ENCRYPTION_KEY is not base64 of exactly %d bytes; "
				 HOW_TO_MAKE, ENCRYPTION_KEY_BYTES);
	return true;
}

bool op_instance_check_key(struct op *op, const char *encryption_key, struct err *err_r)
{
	unsigned char key[ENCRYPTION_KEY_BYTES];
	struct instance instance;
	struct audit_event event;
	char check[SHA256_HEX];
	const char *text;

	if (!op_encryption_key(encryption_key, key, err_r))
		return false;
	if (!op_instance_ensure(op, &instance, err_r)) {
		explicit_bzero(key, sizeof(key));
		return false;
	}
	text = arena_printf(op->arena, KEY_CHECK_LABEL "%s", instance.database_id);
	hmac_sha256_hex(key, sizeof(key), text, strlen(text), check);
	explicit_bzero(key, sizeof(key));
	event = op_audit(op, AUDIT_KEY_CHECK_STORED, instance.database_id);
	if (!instance.key_check &&
	    !store_instance_key_check(op->db, op->arena, &event, check, &instance, err_r))
		return false;
	if (!equal_ct(check, instance.key_check))
		return err_field(err_r, ERR_CONFIG, "ENCRYPTION_KEY",
				 "ENCRYPTION_KEY is not the key that this database was first served with; "
				 "set that one again");
	return true;
}
