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

void usage_body_add(struct strbuf *b, int64_t time_ms, int64_t cost, const char *key_id,
		    const char *route)
{
	strbuf_addi(b, window_start(WINDOW_HOUR, window_id(WINDOW_HOUR, time_ms)));
	strbuf_add(b, " ", 1);
	strbuf_addi(b, cost);
	strbuf_add(b, " ", 1);
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
