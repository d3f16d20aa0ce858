/*
 * cmd/nginx_providers.c - where providers are, for nginx: a location for each row that has
 * an api_url, and the one that passes requests on.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/str.h"
#include "cmd/nginx_proxy.h"
#include "provider/providers.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define SYSTEM_CA "/etc/ssl/certs/ca-certificates.crt"

/* Its "nameserver" lines, as nginx writes them. */
static const char *system_resolver(struct arena *arena)
{
	struct strbuf b = { .arena = arena };
	FILE *f = fopen(RESOLV_CONF, "re");
	char line[256], address[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "nameserver %127s", address) == 1)
			strbuf_addf(&b, strchr(address, ':') ? "%s[%s]" : "%s%s", b.len ? " " : "", address);
	if (f)
		fclose(f);
	return b.len ? b.s : NULL;
}

static bool resolver_check(const char *text, struct err *err_r)
{
	if (!text)
		return err_set(err_r, ERR_CONFIG, RESOLV_CONF " names no server: say --resolver ADDRESS");
	return (*text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:[]- ")]) ||
	       err_field(err_r, ERR_INVALID, "resolver", "resolver takes addresses with [] around IPv6 and blanks "
			 "between: 192.0.2.1 [2001:db8::1]:53");
}

/* A path that nginx takes as it is. */
static bool ca_check(const char *file, struct err *err_r)
{
	return !file[strcspn(file, " \t\r\n\"'\\;{}$")] ||
	       err_field(err_r, ERR_CONFIG, "OUTBOUND_CA_FILE", "OUTBOUND_CA_FILE: nginx cannot read a name with "
			 "such characters: give the file another one");
}

static bool is_usable(const struct provider *p, int64_t now)
{
	return p->api_url && (p->retired_on == TIME_NONE || p->retired_on > now);
}

/* --- what is Pierre's alone --------------------------------------------------------------- */

/* Below api_url may lie what ends a grant or makes tokens: a key with tokens:use is not for that. */
struct endpoint {
	const char *url;
	bool shows;    /* GET and HEAD of the same path show something else */
};

/* "/users/{user}" as a regular expression of nginx, for any number of slashes. */
static void print_path(const char *path)
{
	for (const char *p = path; *p && *p != '?'; p++) {
		if (*p == '/')
			fputs("/+", stdout);
		else if (str_starts(p, "{user}")) {
			fputs("[^/]+", stdout);
			p += strlen("{user}") - 1;
		} else
			printf(isalnum((unsigned char)*p) || strchr("-_~", *p) ? "%c" : "[%c]", *p);
	}
}

/* Also in capitals, with a slash or a blank at its end, or with a suffix (".json"): the provider may
 * take these for the same path. */
static void print_refusal(const struct provider *p, const struct endpoint *e)
{
	size_t n = strlen(p->api_url);

	if (!e->url || !str_starts(e->url, p->api_url) || !strchr("/?", e->url[n]))
		return;
	printf("    if ($pierre_asked ~* \"^%s[^ ]+ ", e->shows ? "(?!GET |HEAD )" : "");
	print_path(e->url + n);
	puts("(?:[.][^/]*)?[ /]*$\") { return 404; }");
}

static void print_refusals(const struct provider *p)
{
	const struct endpoint endpoints[] = {
		{ p->revoke_url, str_eq(p->revoke_method, "DELETE") }, { p->token_url, false },
		{ p->refresh_url, false }, { p->authorize_url, false },
	};

	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++)
		print_refusal(p, &endpoints[i]);
}

/* "https://HOST[:PORT][/PATH]": provider.c has judged it. */
static void print_provider(const struct provider *p)
{
	const char *host = p->api_url + strlen("https://");
	int all = (int)strcspn(host, "/"), name = (int)strcspn(host, ":/");

	printf("location ~ ^/proxy/%s(?<pierre_rest>/.*)$ {\n"
	       "    set $pierre_provider %s;\n"
	       "    set $pierre_api %.*s;\n"
	       "    set $pierre_api_name %.*s;\n"
	       "    set $pierre_base \"%s\";\n"
	       "    set $pierre_asked \"$request_method $pierre_rest\";\n", p->id, p->id, all, host, name, host, host + all);
	print_refusals(p);
	puts("    include snippets/pierre-proxy-ask.conf;\n"
	     "}");
}

/* --- what changes later --------------------------------------------------------------------- */

/* Where requests go at that moment; NULL = nowhere. */
static const char *api_at(const struct providers *all, const char *id, int64_t at)
{
	struct provider row;
	struct err err;

	return provider_get(all, id, at, &row, &err) && is_usable(&row, at) ? row.api_url : NULL;
}

/* What changes at that moment, the first after `before`. */
static void print_moves(const struct providers *all, int64_t before, int64_t at, struct arena *arena)
{
	struct field_list rows = providers_all(all, at, arena);
	const struct provider *p = rows.items;
	char text[TIME_TEXT];

	time_format(at, text);
	for (size_t i = 0; i < rows.n; i++) {
		const char *from = api_at(all, p[i].id, before), *to = api_at(all, p[i].id, at);

		if (!str_eq(from, to))
			printf("# %.19sZ: %s is %s%s; print this again then\n", text, p[i].id,
			       to ? "at " : "nowhere", to ? to : "");
	}
}

static void print_all_moves(const struct providers *all, int64_t now, struct arena *arena)
{
	int64_t before = now;

	for (int64_t at; (at = providers_change(all, before)) != TIME_NONE; before = at)
		print_moves(all, before, at, arena);
}

bool nginx_print_providers(const struct conf *conf, const char *resolver, struct arena *arena,
			   struct err *err_r)
{
	const char *ca = conf->outbound_ca_file[0] ? conf->outbound_ca_file : SYSTEM_CA;
	const struct providers *all = providers_read(arena, conf->providers_file, err_r);
	struct field_list rows;
	const struct provider *p;
	int64_t now = clock_now();

	if (!resolver)
		resolver = system_resolver(arena);
	if (!all || !resolver_check(resolver, err_r) || !ca_check(ca, err_r))
		return false;
	rows = providers_all(all, now, arena);
	p = rows.items;
	puts("# For pierre-proxy.conf: where each provider is, from its row (api_url). Print it\n"
	     "# again when PROVIDERS_FILE or OUTBOUND_CA_FILE changes: Pierre gives no token for another\n"
	     "# place than that of the row, but 503.\n"
	     "# Written by `pierre nginx providers`.");
	print_all_moves(all, now, arena);
	printf("location @pierre_forward {\n"
	       "    resolver %s valid=60s;\n"
	       "    resolver_timeout 3s;\n"
	       "    proxy_ssl_trusted_certificate %s;\n"
	       "    include snippets/pierre-proxy-pass.conf;\n"
	       "}\n", resolver, ca);
	for (size_t i = 0; i < rows.n; i++)
		if (is_usable(&p[i], now))
			print_provider(&p[i]);
	return true;
}
