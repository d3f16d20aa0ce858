/*
 * instance.c - the identity of the database and the master key that
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

/* "" of one that is not set, which equals none. */
static void checks_of(struct op *op, const struct instance *i, struct instance_checks *out)
{
	const struct conf *c = op->process->conf;

	*out = (struct instance_checks){ 0 };
	check_of(op, &c->encryption_key, i, out->current);
	if (c->encryption_key_previous.set)
		check_of(op, &c->encryption_key_previous, i, out->previous);
}

static bool is_set(const struct op *op, struct err *err_r)
{
	return op->process->conf->encryption_key.set ||
	       err_field(err_r, ERR_CONFIG, "ENCRYPTION_KEY",
			 "ENCRYPTION_KEY is not set: give the key that the service has, or make the "
			 "first one with `openssl rand -base64 32`");
}

static bool is_tied(const struct instance *i, struct err *err_r)
{
	return i->key_check ||
	       err_set(err_r, ERR_CONFIG, "This database has no master key yet: start the service ('pierre serve') "
		       "first, whose ENCRYPTION_KEY becomes that of this database");
}

static bool fits(const struct instance_checks *checks, const struct instance *i,
		 struct err *err_r)
{
	return equal_ct(checks->current, i->key_check) || equal_ct(checks->previous, i->key_check) ||
	       err_field(err_r, ERR_CONFIG, "ENCRYPTION_KEY",
			 "ENCRYPTION_KEY is not the key that this database is served with: set that one "
			 "again, or, if 'pierre keys master' has changed it since, the new one that the other "
			 "hosts have");
}

bool op_instance_is_key(struct op *op, struct err *err_r)
{
	struct instance_checks checks;
	struct instance instance;

	if (!is_set(op, err_r) || !store_instance_get(op->db, op->arena, &instance, err_r) ||
	    !is_tied(&instance, err_r))
		return false;
	checks_of(op, &instance, &checks);
	return fits(&checks, &instance, err_r);
}

bool op_instance_check_key(struct op *op, bool *change_open_r, struct err *err_r)
{
	struct instance_checks checks;
	struct instance instance;
	struct audit_event event;

	*change_open_r = false;
	if (!is_set(op, err_r) || !op_instance_ensure(op, &instance, err_r))
		return false;
	checks_of(op, &instance, &checks);
	event = op_audit(op, AUDIT_KEY_CHECK_STORED, instance.database_id);
	if (!instance.key_check &&
	    !store_instance_key_check(op->db, &event, checks.current, op->arena, &instance, err_r))
		return false;
	*change_open_r = equal_ct(checks.previous, instance.key_check);
	return fits(&checks, &instance, err_r);
}

bool op_instance_may_change_key(struct op *op, struct instance_checks *out,
				struct err *err_r)
{
	struct instance instance;

	if (!is_set(op, err_r) || !store_instance_get(op->db, op->arena, &instance, err_r) ||
	    !is_tied(&instance, err_r))
		return false;
	checks_of(op, &instance, out);
	if (equal_ct(out->current, instance.key_check))
		return err_set(err_r, ERR_CONFLICT, "ENCRYPTION_KEY is the master key of this database already");
	if (!op->process->conf->encryption_key_previous.set)
		return err_field(err_r, ERR_CONFIG, "ENCRYPTION_KEY_PREVIOUS", "ENCRYPTION_KEY_PREVIOUS is not "
				 "set: it takes the key that is in use now, ENCRYPTION_KEY the new one, first on "
				 "each host");
	return equal_ct(out->previous, instance.key_check) ||
	       err_field(err_r, ERR_CONFIG, "ENCRYPTION_KEY_PREVIOUS",
			 "ENCRYPTION_KEY_PREVIOUS is not the key that this database is served with: set that "
			 "one");
}
