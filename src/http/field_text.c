/* http/field_text.c - one field from plain text, by its row. */
#include "config.h"

#include <inttypes.h>

#include "http/field_text.h"
#include "http/rfc3339.h"

static bool wrong(const struct field *f, const char *what, struct err *err_r)
{
	return err_field(err_r, ERR_INVALID, f->name, "%s must be %s", f->name, what);
}

static bool read_uuid(const struct field *f, const char *text, struct arena *arena,
		      const char **out, struct err *err_r)
{
	char uuid[UUID_TEXT];

	if (!uuid_parse(text, uuid))
		return wrong(f, "a UUID", err_r);
	*out = arena_strdup(arena, uuid);
	return true;
}

static bool read_int(const struct field *f, const char *text, int64_t *out, struct err *err_r)
{
	if (str_int(text, INT64_MIN + 1, INT64_MAX, out))
		return true;
	if (f->min == 0 && f->max == 0)
		return wrong(f, "a whole number", err_r);
	return err_field(err_r, ERR_RANGE, f->name,
			 "%s must be a number from %" PRId64 " to %" PRId64, f->name, f->min, f->max);
}

static bool read_bool(const struct field *f, const char *text, bool *out, struct err *err_r)
{
	*out = str_eq(text, "true");
	return *out || str_eq(text, "false") || wrong(f, "true or false", err_r);
}

static bool read_time(const struct field *f, const char *text, int64_t *out, struct err *err_r)
{
	return rfc3339_parse(text, out) || rfc3339_date(text, out) ||
	       wrong(f, "a time like 2026-11-01T00:00:00Z, or a date like 2026-11-01, which is its "
		     "first moment in UTC", err_r);
}

static bool read_member(const struct field *f, const char *text, struct arena *arena,
			void *member, struct err *err_r)
{
	switch (f->type) {
	case FIELD_TEXT:
		*(const char **)member = text;
		return true;
	case FIELD_UUID:
		return read_uuid(f, text, arena, member, err_r);
	case FIELD_INT:
		return read_int(f, text, member, err_r);
	case FIELD_BOOL:
		return read_bool(f, text, member, err_r);
	case FIELD_TIME:
		return read_time(f, text, member, err_r);
	case FIELD_STRINGS:
		*(struct strings *)member = strings_split(arena, text, ',');
		return true;
	case FIELD_JSON:
	case FIELD_OBJECT:
	case FIELD_LIST:
		break;
	}
	return err_set(err_r, ERR_INTERNAL, "%s cannot be read from text", f->name);
}

bool field_from_text(const struct field *f, const char *text, struct arena *arena, void *record,
		     struct err *err_r)
{
	return read_member(f, text, arena, field_ptr(f, record), err_r) &&
	       field_judge(f, record, err_r);
}
