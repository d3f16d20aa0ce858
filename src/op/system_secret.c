/* op/system_secret.c - secrets of the service. */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "op/audit.h"
#include "op/system_secret.h"
#include "op/vault.h"
#include "store/system_secret.h"

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

struct showing {
	const char *name;
	bool reveal;
	struct system_secret *out;
};

static bool show(struct op *op, void *arg, int64_t *key_id_r, struct err *err_r)
{
	const struct showing *s = arg;

	if (!store_system_secret_get(op->db, s->name, op->arena, s->out, err_r))
		return false;
	*key_id_r = s->out->key_id;
	return !s->reveal || open_value(op, s->out, err_r);
}

bool op_system_secret_show(struct op *op, struct scope scope, const char *name, bool reveal,
			   struct system_secret *out, struct err *err_r)
{
	*out = (struct system_secret){ 0 };
	return may(scope, err_r) && op_seal_retry(op, show, &(struct showing){ name, reveal, out }, err_r);
}

struct setting {
	struct system_secret *s;
	const char *value;
	struct system_secret *out;
};

static bool write_it(struct op *op, void *arg, int64_t *key_id_r, struct err *err_r)
{
	const struct setting *in = arg;
	struct system_secret *s = in->s;
	struct audit_event event = op_audit_of(op, AUDIT_SECRET_SET, NULL, &system_secret_schema, s);
	const struct seal_place place = place_of(s->name);

	s->key_id = 0;
	if (!op_seal(op, NULL, &place, in->value, strlen(in->value), &s->key_id, &s->sealed_value, err_r))
		return false;
	*key_id_r = s->key_id;
	return store_system_secret_set(op->db, &event, s, op->arena, in->out, err_r);
}

bool op_system_secret_set(struct op *op, struct scope scope, const char *name, const char *value,
			  struct system_secret *out, struct err *err_r)
{
	struct system_secret s = { .name = name, .created_at = op->now, .updated_at = op->now };

	if (!may(scope, err_r) || !field_check(&system_secret_schema, &s, err_r))
		return false;
	if (str_blank(value))
		return err_field(err_r, ERR_INVALID, "value", "The secret is empty");
	return op_seal_retry(op, write_it, &(struct setting){ &s, value, out }, err_r);
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
