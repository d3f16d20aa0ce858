/*
 * store/usage_body.c - what a recorded row means for the counters, as one line
 * of text: "hour cost key route\n". Pure functions.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "store/usage_private.h"

uint32_t usage_part(const char *key_id)
{
	uint32_t h = 2166136261u;

	for (; *key_id; key_id++)
		h = (h ^ (unsigned char)*key_id) * 16777619u;
	return (h ^ h >> 16) % USAGE_PARTS;
}

/* The number and a space; printf took a tenth of the recorder's time. */
static void add_number(struct strbuf *b, int64_t n)
{
	char text[24], *p = text + sizeof(text);
	uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;

	*--p = ' ';
	do
		*--p = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (n < 0)
		*--p = '-';
	strbuf_add(b, p, (size_t)(text + sizeof(text) - p));
}

void usage_body_add(struct strbuf *b, int64_t time_ms, int64_t cost, const char *key_id,
		    const char *route)
{
	add_number(b, window_start(WINDOW_HOUR, window_id(WINDOW_HOUR, time_ms)));
	add_number(b, cost);
	strbuf_adds(b, key_id);
	strbuf_add(b, " ", 1);
	strbuf_adds(b, route);
	strbuf_add(b, "\n", 1);
}

bool usage_body_next(char **body, struct usage_line *out)
{
	char *p = *body, *end = p + strcspn(p, "\n"), *key, *route;

	if (!*p)
		return false;
	*body = *end ? end + 1 : end;
	*end = '\0';
	out->hour = strtoll(p, &p, 10);
	out->cost = strtoll(p, &key, 10);
	if (*key == ' ')
		key++;
	route = key + strcspn(key, " ");
	if (*route)
		*route++ = '\0';
	out->key_id = key;
	out->route = route;
	return true;
}
