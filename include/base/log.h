/*
 * base/log.h - one line per event: `level event key=value ...` on stderr.
 *
 * When standard error is journald's (JOURNAL_STREAM) lines start with <N> priorities and no
 * time; by hand they start with the time. Values with spaces, quotes, '=' or
 * control characters are written in double quotes with JSON escapes (bytes
 * that are not UTF-8 text, and C1 controls, as \xNN), so a client can never
 * forge a line or a field, or talk to a terminal. Never log secrets: what a
 * client wrote is given as LOG_CLIENT, which masks it (base/mask.h) and cuts it
 * at 512 bytes, so that the rest of the line stays.
 */
#ifndef PIERRE_BASE_LOG_H
#define PIERRE_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

struct log_field {
	const char *key;   /* NULL: not written (so a row can be left out) */
	const char *text;  /* used when not NULL */
	int64_t number;
	bool client;       /* text is a client's */
};

/* A function, since compilers warn about a literal or an array as a condition. */
static inline const char *log_text(const char *s)
{
	return s ? s : "-";
}

#define LOG_S(k, v) { .key = (k), .text = log_text(v) }
#define LOG_CLIENT(k, v) { .key = (k), .text = log_text(v), .client = true }
#define LOG_N(k, v) { .key = (k), .number = (int64_t)(v) }

/* `process` is written into every line as `proc=` ("master", "fast/0", "db test") */
void log_init(const char *process, enum log_level least);
void log_event(enum log_level level, const char *event,
	       const struct log_field *fields, size_t n);

/* What other lines on standard error begin with: <3> for an error when that is
 * journald's, else nothing. */
const char *log_priority(enum log_level level);

/* What would not be written is not evaluated either. */
bool log_wants(enum log_level level);

#define LOG_EVENT(level, event, ...) \
	(log_wants(level) ? \
	 log_event((level), (event), (const struct log_field[]){ __VA_ARGS__ }, \
		   sizeof((const struct log_field[]){ __VA_ARGS__ }) / sizeof(struct log_field)) : \
	 (void)0)
#define log_debug(event, ...) LOG_EVENT(LOG_LEVEL_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...)  LOG_EVENT(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define log_warn(event, ...)  LOG_EVENT(LOG_LEVEL_WARN, event, __VA_ARGS__)
#define log_error(event, ...) LOG_EVENT(LOG_LEVEL_ERROR, event, __VA_ARGS__)

#endif
