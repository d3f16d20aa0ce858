/*
 * base/log.c - one write(2) a line, so lines of several processes never mix.
 * Lines longer than the buffer are cut, and say so by ending in "...".
 */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mask.h"
#include "base/str.h"

#define LINE_MAX_BYTES 4096
#define CLIENT_MAX_BYTES 512

static struct {
	char process[32];
	enum log_level least;
	bool journal;
} logger = { .process = "pierre", .least = LOG_LEVEL_INFO };

static const struct {
	const char *name;
	const char *priority;   /* sd-daemon(3) */
} levels[] = {
	[LOG_LEVEL_DEBUG] = { "debug", "<7>" },
	[LOG_LEVEL_INFO]  = { "info", "<6>" },
	[LOG_LEVEL_WARN]  = { "warn", "<4>" },
	[LOG_LEVEL_ERROR] = { "error", "<3>" },
};

struct line {
	char s[LINE_MAX_BYTES];
	size_t len;
};

/* JOURNAL_STREAM is DEVICE:INODE of the journal's stream (systemd.exec(5)); what
 * a program of the unit writes elsewhere is read by people. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

const char *log_priority(enum log_level level)
{
	return is_journal() ? levels[level].priority : "";
}

void log_init(const char *process, enum log_level least)
{
	snprintf(logger.process, sizeof(logger.process), "%s", process);
	logger.least = least;
	logger.journal = is_journal();
}

bool log_wants(enum log_level level)
{
	return level >= logger.least;
}

static void add(struct line *l, const char *s, size_t n)
{
	size_t space = sizeof(l->s) - 8 - l->len;  /* "...", a quote, newline */

	if (n > space) {
		memcpy(l->s + l->len, s, space);
		memcpy(l->s + l->len + space, "...", 3);
		l->len = sizeof(l->s) - 5;
		return;
	}
	memcpy(l->s + l->len, s, n);
	l->len += n;
}

static bool full(const struct line *l)
{
	return l->len >= sizeof(l->s) - 8;
}

/* Bytes of the character at s when it can stand as it is: no control, C1 ones
 * (a terminal obeys them too) included, and no broken UTF-8. Else 0. */
static size_t plain_bytes(const char *s)
{
	unsigned char c = (unsigned char)*s;

	if (c < ' ' || c == 0x7f || (c == 0xc2 && (unsigned char)s[1] < 0xa0))
		return 0;
	return utf8_char(s, strnlen(s, 4));
}

static bool needs_quotes(const char *s)
{
	size_t n = 1;

	for (const char *p = s; *p && n; p += n)
		n = strchr(" \"=\\", *p) ? 0 : plain_bytes(p);
	return !*s || !n;
}

/* Like strbuf_add_json(), but a byte that is not text is shown as \xNN, and nothing is
 * allocated, since the event may be that memory ran out. */
static void add_escaped(struct line *l, const char *s)
{
	unsigned char c = (unsigned char)*s;
	char escaped[8];
	int n;

	if (c == '"' || c == '\\')
		n = snprintf(escaped, sizeof(escaped), "\\%c", c);
	else
		n = snprintf(escaped, sizeof(escaped), c < 0x80 ? "\\u%04x" : "\\x%02x", c);
	add(l, escaped, (size_t)n);
}

static void add_value(struct line *l, const char *s)
{
	if (!needs_quotes(s)) {
		add(l, s, strlen(s));
		return;
	}
	add(l, "\"", 1);
	for (size_t n; *s && !full(l); s += n ? n : 1) {
		n = strchr("\"\\", *s) ? 0 : plain_bytes(s);
		if (n)
			add(l, s, n);
		else
			add_escaped(l, s);
	}
	if (l->len < sizeof(l->s) - 2)
		l->s[l->len++] = '"';
}

static void add_client(struct line *l, const char *s)
{
	char text[CLIENT_MAX_BYTES + sizeof("...")];

	if (!mask_copy(text, CLIENT_MAX_BYTES + 1, s))
		memcpy(text + strlen(text), "...", sizeof("..."));
	add_value(l, text);
}

static void add_field(struct line *l, const struct log_field *f)
{
	char number[24];

	if (!f->key || full(l))
		return;
	add(l, " ", 1);
	add(l, f->key, strlen(f->key));
	add(l, "=", 1);
	if (f->text) {
		(f->client ? add_client : add_value)(l, f->text);
		return;
	}
	snprintf(number, sizeof(number), "%lld", (long long)f->number);
	add(l, number, strlen(number));
}

static void add_head(struct line *l, enum log_level level)
{
	char now[TIME_TEXT];

	time_format(clock_now(), now);
	if (logger.journal) {
		add(l, levels[level].priority, strlen(levels[level].priority));
	} else {
		add(l, now, strlen(now));
		add(l, " ", 1);
	}
	add(l, levels[level].name, strlen(levels[level].name));
	add(l, " ", 1);
}

void log_event(enum log_level level, const char *event,
	       const struct log_field *fields, size_t n)
{
	struct line l = { .len = 0 };
	const struct log_field process = LOG_S("proc", logger.process);
	ssize_t ignored;

	if (!log_wants(level))
		return;
	add_head(&l, level);
	add(&l, event, strlen(event));
	add_field(&l, &process);
	for (size_t i = 0; i < n; i++)
		add_field(&l, &fields[i]);
	l.s[l.len++] = '\n';
	/* a log that cannot be written must not stop the service */
	ignored = write(STDERR_FILENO, l.s, l.len);
	(void)ignored;
	/* a path may hold a secret, which would stay in this part of the stack */
	explicit_bzero(l.s, l.len);
}
