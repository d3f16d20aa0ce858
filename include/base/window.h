/*
 * base/window.h - the calendar windows that limits are counted in.
 */
#ifndef PIERRE_BASE_WINDOW_H
#define PIERRE_BASE_WINDOW_H

#include <stdint.h>

enum window_kind { WINDOW_HOUR, WINDOW_DAY, WINDOW_WEEK, WINDOW_MONTH, WINDOW__COUNT };

/* In UTC, narrowest first. Ids grow by one from a window to the next. */
uint32_t window_id(enum window_kind k, int64_t now_ms);
int64_t window_start(enum window_kind k, uint32_t id);   /* ms */
int64_t window_end(enum window_kind k, uint32_t id);     /* ms, = start of the next */
const char *window_name(enum window_kind k);             /* "hour", "day", "week", "month" */
extern const char *const window_words[WINDOW__COUNT + 1]; /* these, NULL at the end */
/* Of NULL, and of a word that only the schema knows: WINDOW_MONTH. */
enum window_kind window_named(const char *word);

#endif
