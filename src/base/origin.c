/* base/origin.c - origins: a list is read once, and searched for each request. */
#include "config.h"

#include "base/origin.h"
#include "base/str.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define BETWEEN " ,\t"

/* Browsers leave these out (URL standard, section 4.2). */
static const struct { const char *scheme, *port; } usual_ports[] = {
	{ "http://", ":80" }, { "https://", ":443" },
};

/* The part after "scheme://"; NULL = there is none. */
static const char *after_scheme(const char *origin)
{
	size_t n = strspn(origin, LOWER DIGITS "+-.");

	if (strspn(origin, LOWER) == 0 || !str_starts(origin + n, "://"))
		return NULL;
	return origin + n + strlen("://");
}

/* The part after the host; NULL = there is none. */
static const char *after_host(const char *host)
{
	size_t n = strspn(host, LOWER DIGITS "-._");

	if (*host != '[')
		return n > 0 ? host + n : NULL;
	n = strspn(host + 1, DIGITS "abcdef:.");
	return n > 0 && host[n + 1] == ']' ? host + n + 2 : NULL;
}

static bool good_port(const char *origin, const char *port)
{
	int64_t n;

	for (size_t i = 0; i < sizeof(usual_ports) / sizeof(usual_ports[0]); i++)
		if (str_starts(origin, usual_ports[i].scheme) && str_eq(port, usual_ports[i].port))
			return false;
	return *port == ':' && port[1] != '0' && str_int(port + 1, 1, 65535, &n);
}

static bool good_origin(const char *origin)
{
	const char *host = after_scheme(origin);
	const char *port = host ? after_host(host) : NULL;

	return port && (!*port || good_port(origin, port));
}

const char *origins_read(struct arena *arena, const char *text, const char **bad_r)
{
	struct strbuf list = { .arena = arena };

	strbuf_adds(&list, "");
	while (*(text += strspn(text, BETWEEN))) {
		size_t n = strcspn(text, BETWEEN);
		const char *origin = arena_strndup(arena, text, n);

		if (!good_origin(origin)) {
			*bad_r = origin;
			return NULL;
		}
		strbuf_adds(&list, list.len ? " " : "");
		strbuf_add(&list, origin, n);
		text += n;
	}
	return list.s;
}

bool origins_have(const char *list, const char *origin)
{
	size_t len = strlen(origin);

	while (*list) {
		size_t n = strcspn(list, " ");

		if (n == len && memcmp(list, origin, n) == 0)
			return true;
		list += n + (list[n] == ' ');
	}
	return false;
}
