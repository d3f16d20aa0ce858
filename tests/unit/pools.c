/*
 * tests/unit/pools.c - nginx sends each route to the pool that its row names:
 * the rows beside nginx/pierre-locations.conf, read as nginx reads it. And what
 * a row says goes together.
 */
#include "config.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/str.h"
#include "resource/call.h"
#include "tap.h"

enum { PLACES_MAX = 64, LINE_BYTES = 256 };

/* A location of the site: an exact path or a prefix (of ~ ^/a/[^/]+$ what is before the
 * bracket), and its pool; hands_on: what is no GET goes from a fast one to the slow pool. */
struct place {
	char path[LINE_BYTES];
	bool exact, fast, hands_on;
};

static struct place places[PLACES_MAX];
static size_t n_places;

/* "location = /verify       { fastcgi_pass pierre_fast; }", or over several
 * lines: the pool comes with the next fastcgi_pass. */
static void read_line(const char *line)
{
	const char *pass = strstr(line, "fastcgi_pass pierre_");
	char modifier[8] = "", path[LINE_BYTES] = "";

	if (sscanf(line, "location %7s %255s", modifier, path) == 2 && n_places < PLACES_MAX) {
		struct place *p = &places[n_places++];
		bool plain = modifier[0] == '/';

		p->exact = strcmp(modifier, "=") == 0;
		snprintf(p->path, sizeof(p->path), "%s", plain ? modifier : &path[path[0] == '^']);
		p->path[strcspn(p->path, "[")] = '\0';
	}
	if (pass && n_places > 0)
		places[n_places - 1].fast = strstr(pass, "pierre_fast") != NULL;
	if (n_places > 0 && strstr(line, "error_page 418 = @pierre_slow;"))
		places[n_places - 1].hands_on = true;
}

static bool read_site(void)
{
	const char *source = getenv("PIERRE_SOURCE");
	char name[4096], line[LINE_BYTES];
	FILE *f;

	snprintf(name, sizeof(name), "%s/nginx/pierre-locations.conf", source ? source : ".");
	f = fopen(name, "r");
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f))
		read_line(line);
	fclose(f);
	return n_places > 0;
}

/* nginx takes an exact location, else the longest prefix. */
static const struct place *place_of(const char *path)
{
	const struct place *best = NULL;

	for (size_t i = 0; i < n_places; i++) {
		const struct place *p = &places[i];

		if (p->exact && strcmp(p->path, path) == 0)
			return p;
		if (!p->exact && str_starts(path, p->path) &&
		    (!best || strlen(p->path) > strlen(best->path)))
			best = p;
	}
	return best;
}

static bool goes_fast(const struct place *p, enum http_method method)
{
	return p->fast && (method == HTTP_GET || !p->hands_on);
}

int main(void)
{
	size_t fast = 0;

	if (!ok(read_site(), "the site's locations were read"))
		return tap_done();
	for (const struct route *const *table = route_tables; *table; table++) {
		for (const struct route *r = *table; r->fn; r++) {
			const struct place *p = place_of(r->pattern);
			bool wants_fast = r->pool == POOL_FAST;

			if (r->internal) {
				ok(wants_fast && !p->fast, "%s: the site sends nobody there", r->pattern);
				continue;
			}
			if (r->without_database)
				ok(wants_fast && r->guard == GUARD_PUBLIC && !r->in,
				   "%s, being served without a database, asks nobody who he is", r->pattern);
			ok(p && goes_fast(p, r->method) == wants_fast, "%s %s goes to the %s pool",
			   r->label ? r->label : "", r->pattern, wants_fast ? "fast" : "slow");
			if (!wants_fast)
				continue;
			fast++;
			ok(r->method == HTTP_GET && r->body_max == 0,
			   "%s, being fast, is a GET without a body", r->pattern);
		}
	}
	ok(fast > 0, "some routes are fast");
	return tap_done();
}
