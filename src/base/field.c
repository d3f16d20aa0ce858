/*
 * base/field.c - what follows from a row of a field table alone: is a value within
 * its bounds, and copying what a patch has named. Sentences name fields and bounds,
 * never values.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "base/field.h"

const struct field *field_named(const struct field_schema *s, const char *name)
{
	for (const struct field *f = s->fields; f->name; f++)
		if (field_shown(s, f) && str_eq(f->name, name))
			return f;
	return NULL;
}

/* --- null ----------------------------------------------------------------------- */

void field_clear(const struct field_schema *s, void *out)
{
	memset(out, 0, s->size);
	for (const struct field *f = s->fields; f->name; f++) {
		if (f->type == FIELD_INT)
			*(int64_t *)field_ptr(f, out) = INT_NONE;
		else if (f->type == FIELD_TIME)
			*(int64_t *)field_ptr(f, out) = TIME_NONE;
	}
}

bool field_is_null(const struct field *f, const void *record)
{
	const void *member = field_cptr(f, record);

	switch (f->type) {
	case FIELD_TEXT:
	case FIELD_UUID:
	case FIELD_JSON:
	case FIELD_OBJECT:
		return !*(const void *const *)member;
	case FIELD_INT:
		return *(const int64_t *)member == INT_NONE;
	case FIELD_TIME:
		return *(const int64_t *)member == TIME_NONE;
	case FIELD_STRINGS:
		return !((const struct strings *)member)->items;
	case FIELD_BOOL:
	case FIELD_LIST:
		break;
	}
	return false;
}

/* --- bounds --------------------------------------------------------------------- */

static bool out_of_bounds(const struct field *f, const char *unit, struct err *err_r)
{
	const char *must = f->type == FIELD_INT ? "be" : "have";

	if (f->max == 0)
		return err_field(err_r, ERR_RANGE, f->name, "%s must %s at least %" PRId64 "%s",
				 f->name, must, f->min, unit);
	return err_field(err_r, ERR_RANGE, f->name, "%s must %s from %" PRId64 " to %" PRId64 "%s",
			 f->name, must, f->min, f->max, unit);
}

static bool judge_length(const struct field *f, size_t length, const char *unit,
			 struct err *err_r)
{
	if ((int64_t)length >= f->min && (f->max == 0 || (int64_t)length <= f->max))
		return true;
	return out_of_bounds(f, unit, err_r);
}

static bool wrong_word(const struct field *f, struct err *err_r)
{
	char words[256] = "";
	size_t n = 0;

	for (const char *const *v = f->values; *v && n < sizeof(words) - 1; v++) {
		str_copy(words + n, sizeof(words) - n, n ? ", " : "");
		n += strlen(words + n);
		str_copy(words + n, sizeof(words) - n, *v);
		n += strlen(words + n);
	}
	return err_field(err_r, ERR_INVALID, f->name, "%s must be one of: %s", f->name, words);
}

static bool judge_word(const struct field *f, const char *text, struct err *err_r)
{
	const char *const *v = f->values;

	while (v && *v && !str_eq(*v, text))
		v++;
	if (v && !*v)
		return wrong_word(f, err_r);
	return !f->check || f->check(text, f->name, err_r);
}

static bool judge_text(const struct field *f, const char *text, struct err *err_r)
{
	if (!utf8_valid(text, strlen(text)))
		return err_field(err_r, ERR_INVALID, f->name, "%s is not valid UTF-8 text", f->name);
	return judge_length(f, utf8_length(text), " characters", err_r) &&
	       judge_word(f, text, err_r);
}

static bool judge_strings(const struct field *f, const struct strings *list, struct err *err_r)
{
	if (!judge_length(f, list->n, " items", err_r))
		return false;
	for (size_t i = 0; i < list->n; i++)
		if (!judge_word(f, list->items[i], err_r))
			return false;
	return true;
}

static bool judge_int(const struct field *f, int64_t v, struct err *err_r)
{
	if ((f->min == 0 && f->max == 0) || (v >= f->min && v <= f->max))
		return true;
	return out_of_bounds(f, "", err_r);
}

bool field_judge(const struct field *f, const void *record, struct err *err_r)
{
	const void *member = field_cptr(f, record);

	if (field_is_null(f, record))
		return true;
	if (f->type == FIELD_TEXT)
		return judge_text(f, *(const char *const *)member, err_r);
	if (f->type == FIELD_STRINGS)
		return judge_strings(f, member, err_r);
	if (f->type == FIELD_JSON)
		return judge_length(f, strlen(*(const char *const *)member), " bytes", err_r);
	return f->type != FIELD_INT || judge_int(f, *(const int64_t *)member, err_r);
}

static bool check(const struct field *f, bool required, const void *record, struct err *err_r)
{
	if (required && field_is_null(f, record))
		return err_field(err_r, ERR_REQUIRED, f->name, "%s is required", f->name);
	return field_judge(f, record, err_r);
}

bool field_check(const struct field_schema *s, const void *record, struct err *err_r)
{
	for (const struct field *f = s->fields; f->name; f++)
		if (field_shown(s, f) && !check(f, field_required(s, f), record, err_r))
			return false;
	return true;
}

/* --- what was named --------------------------------------------------------------- */

bool field_is_given(const struct field_given *given, size_t offset)
{
	for (size_t i = 0; i < given->n; i++)
		if (given->rows[i]->offset == offset)
			return true;
	return false;
}

bool field_check_given(const struct field_given *given, const void *record, struct err *err_r)
{
	for (size_t i = 0; i < given->n; i++)
		if (!check(given->rows[i], !(given->rows[i]->flags & FIELD_NULLABLE), record, err_r))
			return false;
	return true;
}

static size_t size_of(const struct field *f)
{
	switch (f->type) {
	case FIELD_INT:
	case FIELD_TIME:
		return sizeof(int64_t);
	case FIELD_BOOL:
		return sizeof(bool);
	case FIELD_STRINGS:
		return sizeof(struct strings);
	case FIELD_LIST:
		return sizeof(struct field_list);
	case FIELD_TEXT:
	case FIELD_UUID:
	case FIELD_JSON:
	case FIELD_OBJECT:
		break;
	}
	return sizeof(const void *);
}

void field_patch(const struct field_given *given, const void *from, void *to)
{
	for (size_t i = 0; i < given->n; i++)
		memcpy(field_ptr(given->rows[i], to), field_cptr(given->rows[i], from),
		       size_of(given->rows[i]));
}
