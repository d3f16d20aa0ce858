/*
 * http/field_text.h - one field from plain text, as query strings and command lines
 * have it: a number in decimal, true or false, a time of RFC 3339 or a date, which is
 * its first moment in UTC, words with commas between.
 */
#ifndef PIERRE_HTTP_FIELD_TEXT_H
#define PIERRE_HTTP_FIELD_TEXT_H

#include "base/arena.h"
#include "base/field.h"

/* Text -> the member of that row, judged by field_judge(). text: valid UTF-8, which
 * must live as long as the record. ERR_INVALID or ERR_RANGE naming the field. */
bool field_from_text(const struct field *f, const char *text, struct arena *arena, void *record,
		     struct err *err_r);

#endif
