/*
 * cmd/config_outbound.c - config check: what the calls to providers need. Which providers
 * are used stands in the database, which is not asked: so what every service without
 * providers lacks as well is told only when one of the options for them is set.
 */
#include "config.h"

#include <errno.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/network.h"
#include "cmd/config_check.h"
#include "cmd/fail.h"
#include "cmd/unit.h"
#include "outbound/outbound.h"
#include "provider/providers.h"

static bool uses_providers(const struct conf *c)
{
	return *c->providers_file || *c->outbound_allow || *c->outbound_ca_file || *c->public_url;
}

/* The service has another user than the shell of root. */
static void note_private(const char *name, const char *file)
{
	struct stat st;

	if (geteuid() == 0 && stat(file, &st) == 0 && !(st.st_mode & S_IROTH))
		note_tell(name, "not everybody may read %s: the user of the service must", file);
}

static bool check_providers(struct check *c, struct err *err_r)
{
	if (!providers_read(c->args->arena, c->conf->providers_file, err_r))
		return false;
	note_private("PROVIDERS_FILE", c->conf->providers_file);
	return true;
}

/* Each of them is asked for: what is public needs no entry. */
static bool check_allow(struct check *c, struct err *err_r)
{
	struct strings allow;
	const char *bad;

	(void)err_r;
	if (!networks_read(c->args->arena, c->conf->outbound_allow, &allow, &bad))
		return true;   /* said when it was read */
	for (size_t i = 0; i < allow.n; i++) {
		const char *why = network_refused(allow.items[i]);

		if (why)
			note_tell("OUTBOUND_ALLOW", "who controls the name of a provider reaches what listens in "
				  "%s (%s): for tests, and for a single address inside", allow.items[i], why);
		else
			note_tell("OUTBOUND_ALLOW", "%s is public, and called without it", allow.items[i]);
	}
	return true;
}

static bool check_authorities(struct check *c, struct err *err_r)
{
	const char *file = c->conf->outbound_ca_file;

	if (*file)
		note_private("OUTBOUND_CA_FILE", file);
	return (!*file && !uses_providers(c->conf)) || outbound_ca_check(file, err_r);
}

static bool check_callback(struct check *c, struct err *err_r)
{
	(void)err_r;
	if (uses_providers(c->conf) && !*c->conf->public_url)
		note_tell("PUBLIC_URL", "it is not set: only with an application that has a redirect_uri of its "
			  "own can users connect a provider");
	return true;
}

static bool check_network(struct check *c, struct err *err_r)
{
	const char *file = uses_providers(c->conf) ? unit_without_network(c->args->arena) : NULL;

	return !file || err_field(err_r, ERR_CONFIG, "PROVIDERS_FILE", "The network is taken away from the service, "
				  "so users can connect no providers: remove the drop-in %s (in the unit itself the "
				  "lines PrivateNetwork=, RestrictAddressFamilies= and IPAddressDeny=), then "
				  "'systemctl daemon-reload && systemctl restart pierre'; or remove the options "
				  "for providers", file);
}

/* res_init() would take the local host for one. */
static bool check_resolver(struct check *c, struct err *err_r)
{
	FILE *f = uses_providers(c->conf) ? fopen(_PATH_RESCONF, "re") : NULL;
	bool found = !uses_providers(c->conf);
	char line[256];

	(void)err_r;
	while (f && !found && fgets(line, sizeof(line), f))
		found = str_starts(line, "nameserver");
	if (f)
		fclose(f);
	if (!found)
		note_tell(_PATH_RESCONF, "it names no name server, which calls to providers need");
	return true;
}

static bool check_proxies(struct check *c, struct err *err_r)
{
	static const char *const names[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };

	(void)err_r;
	for (size_t i = 0; uses_providers(c->conf) && i < sizeof(names) / sizeof(names[0]); i++)
		if (getenv(names[i]))
			note_tell(names[i], "calls to providers go straight to them, by no proxy");
	return true;
}

const struct config_check outbound_checks[] = {
	{ "PROVIDERS_FILE", check_providers },
	{ "PROVIDERS_FILE", check_network },
	{ "OUTBOUND_ALLOW", check_allow },
	{ "OUTBOUND_CA_FILE", check_authorities },
	{ "PUBLIC_URL", check_callback },
	{ "resolver", check_resolver },
	{ "proxies", check_proxies },
	{ 0 },
};
