/*
 * driver_pgsql_map.c - values between PostgreSQL's text formats and the
 * common form of db.h, so that both backends read and write the same:
 *   timestamptz <-> YYYY-MM-DDTHH:MM:SS.sssZ, boolean <-> 0/1,
 *   text[] <-> canonical JSON array of strings. All else passes as it is.
 * Pure functions; no connection.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "db/driver_pgsql.h"

enum { OID_BOOL = 16, OID_TEXT_ARRAY = 1009, OID_VARCHAR_ARRAY = 1015, OID_TIMESTAMPTZ = 1184 };

/* --- moments ---------------------------------------------------------------- */

/* Days since 1970-01-01 in the proleptic Gregorian calendar. */
static int64_t days(int y, int m, int d)
{
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

/* ".678901" -> 678; PostgreSQL drops trailing zeros. */
static const char *milliseconds(const char *p, int *ms)
{
	int scale = 100;

	*ms = 0;
	if (*p != '.')
		return p;
	for (p++; isdigit((unsigned char)*p); p++, scale /= 10)
		*ms += (*p - '0') * scale;
	return p;
}

/* "+00", "-03:30", "+05:53:28": seconds east of UTC. The server speaks UTC to
 * us, but a pooler may not. */
static bool offset_seconds(const char *p, int *seconds)
{
	int h = 0, m = 0, s = 0;

	if ((*p != '+' && *p != '-') || sscanf(p + 1, "%2d:%2d:%2d", &h, &m, &s) < 1)
		return false;
	*seconds = (h * 60 + m) * 60 + s;
	if (*p == '-')
		*seconds = -*seconds;
	/* a year before Christ ends in " BC" */
	return !strchr(p, ' ');
}

/* What does not fit the fixed form (infinity, years before 1970 or over 9999)
 * stays: the program never writes it. */
static const char *moment(const char *text, struct arena *arena)
{
	int y, mo, d, h, mi, s, ms, used = 0, east;

	if (sscanf(text, "%4d-%2d-%2d %2d:%2d:%2d%n", &y, &mo, &d, &h, &mi, &s, &used) != 6)
		return text;
	const char *rest = milliseconds(text + used, &ms);
	if (!offset_seconds(rest, &east))
		return text;
	int64_t seconds = days(y, mo, d) * 86400 + (h * 60 + mi) * 60 + s - east;
	if (seconds < 0)
		return text;
	char *out = arena_alloc(arena, TIME_TEXT);
	time_format(seconds * SECOND_MS + ms, out);
	return out;
}

/* --- lists of strings -------------------------------------------------------- */

static void add_json_char(struct strbuf *b, char ch)
{
	static const char names[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
	const char *at = ch ? strchr(names, ch) : NULL;

	if (at)
		strbuf_addf(b, "\\%c", letters[at - names]);
	else if ((unsigned char)ch < ' ')
		strbuf_addf(b, "\\u%04x", (unsigned)(unsigned char)ch);
	else
		strbuf_add(b, &ch, 1);
}

/* One element of an array literal, quoted or bare; returns what follows it. */
static const char *array_element(const char *p, struct strbuf *b)
{
	bool quoted = *p == '"';

	if (!quoted && str_starts(p, "NULL") && (p[4] == ',' || p[4] == '}')) {
		strbuf_adds(b, "null");
		return p + 4;
	}
	strbuf_adds(b, "\"");
	for (p += quoted; *p; p++) {
		if (quoted ? *p == '"' : *p == ',' || *p == '}')
			break;
		if (*p == '\\' && p[1])
			p++;
		add_json_char(b, *p);
	}
	strbuf_adds(b, "\"");
	return p + (quoted && *p == '"');
}

/* {a,"b c"} -> ["a","b c"]. Lower bounds ("[0:1]=") are passed over. */
static const char *json_from_array(const char *text, struct arena *arena)
{
	struct strbuf b = { .arena = arena };
	const char *p = strchr(text, '{');

	if (!p)
		return text;
	strbuf_adds(&b, "[");
	for (p++; *p && *p != '}'; ) {
		p = array_element(p, &b);
		if (*p == ',') {
			strbuf_adds(&b, ",");
			p++;
		}
	}
	strbuf_adds(&b, "]");
	return b.s;
}

static void add_array_char(struct strbuf *b, char ch)
{
	if (ch == '"' || ch == '\\')
		strbuf_adds(b, "\\");
	strbuf_add(b, &ch, 1);
}

/* {"a","b c"}, everything quoted. */
static const char *array_text(struct strings list, struct arena *arena)
{
	struct strbuf b = { .arena = arena };

	strbuf_adds(&b, "{");
	for (size_t i = 0; i < list.n; i++) {
		strbuf_adds(&b, i ? ",\"" : "\"");
		for (const char *p = list.items[i]; *p; p++)
			add_array_char(&b, *p);
		strbuf_adds(&b, "\"");
	}
	strbuf_adds(&b, "}");
	return b.s;
}

/* --- both ways ---------------------------------------------------------------- */

bool pgsql_param(const struct db_value *v, struct arena *arena, const char **out)
{
	char *time;

	switch (v->type) {
	case DB_NULL:
		*out = NULL;
		return true;
	case DB_INT:
		*out = arena_printf(arena, "%lld", (long long)v->i);
		return true;
	case DB_BOOL:
		*out = v->i ? "t" : "f";
		return true;
	case DB_TIME:
		time = arena_alloc(arena, TIME_TEXT);
		time_format(v->i, time);
		*out = time;
		return true;
	case DB_STRINGS:
		*out = array_text(db_value_strings(v), arena);
		return true;
	case DB_TEXT:
		*out = v->s;
		return true;
	case DB_UNSET:
		break;
	}
	return false;
}

const char *pgsql_text(Oid type, const char *text, struct arena *arena)
{
	switch (type) {
	case OID_BOOL:
		return *text == 't' ? "1" : "0";
	case OID_TIMESTAMPTZ:
		return moment(text, arena);
	case OID_TEXT_ARRAY:
	case OID_VARCHAR_ARRAY:
		return json_from_array(text, arena);
	default:
		return text;
	}
}
