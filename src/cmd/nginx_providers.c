/*
 * cmd/nginx_providers.c - where providers are, for nginx: a location for each row that has
 * an api_url, and the one that passes requests on.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/str.h"
#include "cmd/nginx_proxy.h"
#include "provider/providers.h"

#define DAYS_AHEAD 1000
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
	       "    include snippets/pierre-proxy-ask.conf;\n"
	       "}\n", p->id, p->id, all, host, name, host, host + all);
}

/* From which day on is it elsewhere? */
static void print_move(const struct providers *all, const struct provider *p, int64_t now)
{
	char day[TIME_TEXT];
	struct provider later;
	struct err err;

	for (int64_t at = now; at < now + DAYS_AHEAD * DAY_MS; at += DAY_MS) {
		at -= at % DAY_MS;
		if (at <= now || !provider_get(all, p->id, at, &later, &err) ||
		    str_eq(later.api_url, p->api_url))
			continue;
		time_format(at, day);
		printf("# %.10s: %s is at %s; print this again then\n", day, p->id, later.api_url);
		return;
	}
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
	     "# again when PROVIDERS_FILE or OUTBOUND_CA_FILE changes.\n"
	     "# Written by `pierre nginx providers`.");
	for (size_t i = 0; i < rows.n; i++)
		if (is_usable(&p[i], now))
			print_move(all, &p[i], now);
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
