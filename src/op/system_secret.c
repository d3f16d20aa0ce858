/* op/system_secret.c - secrets of the service. */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "op/audit.h"
#include "op/system_secret.h"
#include "op/vault.h"
#include "store/system_secret.h"

#define TRIES 5   /* data keys that are retired between two steps; more than one is seldom */

static bool may(struct scope scope, struct err *err_r)
{
	return scope.kind == SCOPE_ALL ||
	       err_set(err_r, ERR_FORBIDDEN, "Secrets of the service are for the shell alone");
}

static struct seal_place place_of(const char *name)
{
	return (struct seal_place){ "system_secrets", "sealed_value", name, { NULL } };
}

bool op_system_secret_list(struct op *op, struct scope scope, const struct page_in *in,
			   struct page_out *out, struct err *err_r)
{
	const struct system_secret *rows;

	if (!may(scope, err_r) ||
	    !store_system_secret_list(op->db, in->cursor ? in->cursor : "", in->limit, op->arena,
				      &out->rows, err_r))
		return false;
	rows = out->rows.items;
	if ((int64_t)out->rows.n == in->limit)
		out->next_cursor = rows[out->rows.n - 1].name;
	return true;
}

/* The event comes first: nobody sees it without one. */
static bool open_value(struct op *op, struct system_secret *s, struct err *err_r)
{
	struct audit_event event = op_audit_of(op, AUDIT_SECRET_REVEALED, NULL,
					       &system_secret_schema, s);
	const struct seal_place place = place_of(s->name);
	char *plain;
	size_t n;

	if (!store_system_secret_note(op->db, &event, err_r) ||
	    !op_seal_open(op, &place, s->sealed_value, &plain, &n, err_r))
		return false;
	s->value = plain;
	return true;
}

static bool show(struct op *op, const char *name, bool reveal, struct system_secret *out,
		 struct err *err_r)
{
	return store_system_secret_get(op->db, name, op->arena, out, err_r) &&
	       (!reveal || open_value(op, out, err_r));
}

/* A rewrap may have sealed the row anew since it was read, and its old data key be retired. */
bool op_system_secret_show(struct op *op, struct scope scope, const char *name, bool reveal,
			   struct system_secret *out, struct err *err_r)
{
	int tries = TRIES;

	*out = (struct system_secret){ 0 };
	if (!may(scope, err_r))
		return false;
	while (!show(op, name, reveal, out, err_r))
		if (--tries == 0 || !op_seal_outdated(op, out->key_id))
			return false;
	return true;
}

static bool write_it(struct op *op, struct system_secret *s, const char *value,
		     struct system_secret *out, struct err *err_r)
{
	struct audit_event event = op_audit_of(op, AUDIT_SECRET_SET, NULL, &system_secret_schema, s);
	const struct seal_place place = place_of(s->name);

	s->key_id = 0;
	return op_seal(op, NULL, &place, value, strlen(value), &s->key_id, &s->sealed_value, err_r) &&
	       store_system_secret_set(op->db, &event, s, op->arena, out, err_r);
}

bool op_system_secret_set(struct op *op, struct scope scope, const char *name, const char *value,
			  struct system_secret *out, struct err *err_r)
{
	struct system_secret s = { .name = name, .created_at = op->now, .updated_at = op->now };
	int tries = TRIES;

	if (!may(scope, err_r) || !field_check(&system_secret_schema, &s, err_r))
		return false;
	if (str_blank(value))
		return err_field(err_r, ERR_INVALID, "value", "The secret is empty");
	while (!write_it(op, &s, value, out, err_r))
		if (--tries == 0 || !op_seal_outdated(op, s.key_id))
			return false;
	return true;
}

bool op_system_secret_delete(struct op *op, struct scope scope, const char *name,
			     struct system_secret *out, struct err *err_r)
{
	const struct system_secret s = { .name = name };
	struct audit_event event = op_audit_of(op, AUDIT_SECRET_DELETED, NULL, &system_secret_schema,
					       &s);

	return may(scope, err_r) && store_system_secret_delete(op->db, &event, name, op->arena, out,
							       err_r);
}
