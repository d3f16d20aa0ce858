/* base/err.c - fills struct err; see the header for what may be in it. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

static void put(char *dst, size_t size, const char *src)
{
	size_t n = strnlen(src, size - 1);

	memcpy(dst, src, n);
	dst[n] = '\0';
}

/* Keep it one line: messages of libraries may have several. */
static void one_line(char *s)
{
	size_t n;

	for (n = 0; s[n]; n++)
		if ((unsigned char)s[n] < ' ')
			s[n] = ' ';
	while (n > 0 && s[n - 1] == ' ')
		s[--n] = '\0';
}

__attribute__((format(printf, 5, 0)))
static bool fill(struct err *e, enum err_kind kind, const char *field,
		 const char *reason, const char *fmt, va_list ap)
{
	char message[sizeof(e->message)];

	if (!e)
		return false;
	vsnprintf(message, sizeof(message), fmt, ap);
	one_line(message);
	*e = (struct err){ .kind = kind };
	put(e->field, sizeof(e->field), field);
	put(e->reason, sizeof(e->reason), reason);
	put(e->message, sizeof(e->message), message);
	explicit_bzero(message, sizeof(message));
	return false;
}

bool err_set(struct err *err_r, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(err_r, kind, "", "", fmt, ap);
	va_end(ap);
	return false;
}

bool err_field(struct err *err_r, enum err_kind kind, const char *field,
	       const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(err_r, kind, field, "", fmt, ap);
	va_end(ap);
	return false;
}

bool err_reason(struct err *err_r, enum err_kind kind, const char *reason,
		const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(err_r, kind, "", reason, fmt, ap);
	va_end(ap);
	return false;
}

bool err_retry(struct err *err_r, int seconds)
{
	if (err_r)
		err_r->retry_after = seconds;
	return false;
}

bool err_is_passing(const struct err *err)
{
	return err->kind == ERR_UNAVAILABLE || err->kind == ERR_UNCERTAIN;
}

bool err_prefix(struct err *err_r, const char *fmt, ...)
{
	char head[sizeof(err_r->message)], whole[2 * sizeof(err_r->message) + 2];
	va_list ap;

	if (!err_r)
		return false;
	va_start(ap, fmt);
	vsnprintf(head, sizeof(head), fmt, ap);
	va_end(ap);
	snprintf(whole, sizeof(whole), "%s: %s", head, err_r->message);
	put(err_r->message, sizeof(err_r->message), whole);
	one_line(err_r->message);
	return false;
}
