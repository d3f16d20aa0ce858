/*
 * cmd/nginx_rules.c - the mistakes that break Pierre behind nginx without an
 * error message of either. Each is a row: what is looked for, what is wrong,
 * and what to change. Those about protected locations are in nginx_protected.c
 * and nginx_told.c.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/str.h"
#include "cmd/nginx_protected.h"
#include "cmd/nginx_rules.h"
#include "provider/providers.h"

/* --- the two pools ---------------------------------------------------------------------- */

static bool keeps(const struct nginx_place *p)
{
	return str_eq(nginx_setting(p->block, "fastcgi_keep_conn"), "on");
}

static bool has_cache(const struct nginx_place *p)
{
	return p->upstream && nginx_child(p->upstream, "keepalive", NULL);
}

static bool slow_kept(const struct nginx_place *p)
{
	return p->slow && (keeps(p) || has_cache(p));
}

static bool fast_not_kept(const struct nginx_place *p)
{
	return p->fast && !p->asks && (!keeps(p) || !has_cache(p));
}

static bool question_not_kept(const struct nginx_place *p)
{
	return p->fast && p->asks && (!nginx_has_seals(p->block, true) || !has_cache(p));
}

/* The parameter in force with that name; NULL = none. *last_r = the last of all. */
static const struct directive *param(const struct nginx_place *p, const char *name,
				     const struct directive **last_r)
{
	const struct directive *scope = nginx_scope(p->block, "fastcgi_param");
	const struct directive *found = NULL, *d = NULL;

	*last_r = NULL;
	while (scope && (d = nginx_child(scope, "fastcgi_param", d))) {
		if (str_eq(nginx_arg(d, 0), name))
			found = d;
		*last_r = d;
	}
	return found;
}

static bool no_sentinel(const struct nginx_place *p)
{
	const struct directive *last, *end;

	if (!p->fast && !p->slow)
		return false;
	end = param(p, "PIERRE_END", &last);
	return !end || end != last || !str_eq(nginx_arg(end, 1), "1");
}

static bool proxy_passed(const struct nginx_place *p)
{
	const struct directive *last, *proxy;

	if ((!p->fast && !p->slow) ||
	    str_eq(nginx_setting(p->block, "fastcgi_pass_request_headers"), "off"))
		return false;
	proxy = param(p, "HTTP_PROXY", &last);
	return !proxy || *nginx_arg(proxy, 1);
}

static bool wrong_next(const struct nginx_place *p)
{
	const struct directive *scope = nginx_scope(p->block, "fastcgi_next_upstream"), *d;
	bool error = false, timeout = false;

	if (p->slow)
		return !str_eq(nginx_setting(p->block, "fastcgi_next_upstream"), "off");
	if (!p->fast || !scope)   /* error timeout is nginx's default */
		return false;
	d = nginx_child(scope, "fastcgi_next_upstream", NULL);
	for (size_t i = 0; i < d->n_args; i++) {
		error |= str_eq(d->args[i], "error");
		timeout |= str_eq(d->args[i], "timeout");
	}
	return d->n_args != 2 || !error || !timeout;
}

static bool adds(const struct directive *block, const char *name)
{
	const struct directive *d = NULL;

	while ((d = nginx_child(block, "add_header", d)))
		if (strcasecmp(nginx_arg(d, 0), name) == 0)
			return true;
	return false;
}

/* One header stands for each file of ours that says some. */
static bool headers_dropped(const struct nginx_place *p)
{
	static const char *const ours[] = { "X-Content-Type-Options", "RateLimit" };
	const struct directive *outer;

	if (!nginx_child(p->block, "add_header", NULL) || !p->block->parent)
		return false;
	outer = nginx_scope(p->block->parent, "add_header");
	for (size_t i = 0; outer && i < sizeof(ours) / sizeof(ours[0]); i++)
		if (adds(outer, ours[i]) && !adds(p->block, ours[i]))
			return true;
	return false;
}

/* No private network is larger than 10.0.0.0/8 or fc00::/7. */
#define SHORT_4 8
#define SHORT_6 7

static bool is_much(const char *network)
{
	const char *prefix = strrchr(network, '/');
	int64_t bits;

	/* nginx takes leading zeroes */
	return prefix && str_int(prefix + 1, 0, 128, &bits) &&
	       bits < (strchr(network, ':') ? SHORT_6 : SHORT_4);
}

/* The networks of a key are judged by the address that this decides. */
static bool trusts_everyone(const struct nginx_place *p)
{
	const struct directive *scope = nginx_scope(p->block, "set_real_ip_from"), *d = NULL;

	if (!p->fast && !p->slow)
		return false;
	while (scope && (d = nginx_child(scope, "set_real_ip_from", d)))
		if (is_much(nginx_arg(d, 0)))
			return true;
	return false;
}

/* --- where providers are ------------------------------------------------------------------ */

static const char *variable(const struct directive *block, const char *name)
{
	const struct directive *d = NULL;

	while ((d = nginx_child(block, "set", d)))
		if (str_eq(nginx_arg(d, 0), name))
			return nginx_arg(d, 1);
	return NULL;
}

/* $pierre_api and $pierre_base, as `pierre nginx providers` takes them out of it. */
static bool is_at(const char *api_url, const char *api, const char *base)
{
	const char *host = api_url + strlen("https://");
	size_t n = strlen(api);

	return strncmp(host, api, n) == 0 && str_eq(host + n, base) && (!*base || *base == '/');
}

static bool provider_moved(const struct nginx_place *p)
{
	const char *id = variable(p->block, "$pierre_provider"), *api = variable(p->block, "$pierre_api");
	const char *base = variable(p->block, "$pierre_base");
	struct provider row;
	struct err err;

	if (!id || !api || !base)
		return false;
	if (!provider_get(p->providers, id, clock_now(), &row, &err))
		return p->own_providers;
	return !row.api_url || !is_at(row.api_url, api, base);
}

/* --- the rows --------------------------------------------------------------------------- */

const struct nginx_rule nginx_rules[] = {
	{ "kept connections to the slow pool", slow_kept,
	  "a worker of the slow pool serves one connection at a time, and a kept one makes all "
	  "others wait: take `keepalive` out of its upstream and set `fastcgi_keep_conn off`" },
	{ "none to the fast pool", fast_not_kept,
	  "the fast pool is asked on a new connection each time, at half the speed: set "
	  "`fastcgi_keep_conn on`, and `keepalive 512` in its upstream" },
	{ "a question that is not kept", question_not_kept,
	  "the question is put on a new connection each time, or its answers may become files: set "
	  "`fastcgi_store /dev/null/never`, `fastcgi_buffering on` and `fastcgi_keep_conn on`, and "
	  "`keepalive 512` in its upstream" },
	{ "a missing sentinel", no_sentinel,
	  "the last parameter is not the sentinel, so Pierre refuses every request: end the "
	  "list with `fastcgi_param PIERRE_END 1`" },
	{ "`HTTP_PROXY` passed on", proxy_passed,
	  "the client's Proxy header is passed on as HTTP_PROXY (httpoxy): add "
	  "`fastcgi_param HTTP_PROXY \"\"`" },
	{ "a wrong `fastcgi_next_upstream`", wrong_next,
	  "a reload fails requests, or a write may be sent twice: set `fastcgi_next_upstream "
	  "error timeout` for the fast pool, and `off` for the slow one" },
	{ "an `add_header` that drops Pierre's", headers_dropped,
	  "its add_header drops the headers that Pierre's files add outside: include "
	  "pierre-headers.conf, and pierre-auth.conf where it protects, here too" },
	{ "`set_real_ip_from` of every address, or of much of the Internet", trusts_everyone,
	  "each client there may say that it has another address, so the networks that API keys are bound "
	  "to bind nothing: name the addresses of your balancer only" },
	{ "`pierre-auth.conf` in a server without `pierre-auth-locations.conf`", nginx_no_question,
	  "another location answers in Pierre's place, and may let every request pass: include "
	  "pierre-auth-locations.conf in the server block" },
	{ "a question that goes elsewhere", nginx_asks_another,
	  "the question is not put to Pierre: set `fastcgi_pass` to the fast pool's socket, or "
	  "correct FAST_SOCKET" },
	{ "a question that is not sealed", nginx_not_sealed,
	  "the question inherits what can answer in Pierre's place, such as a cache or an error page: "
	  "install this version's pierre-auth-locations.conf" },
	{ "`rewrite`, `return` or `if` of a server that protects something", nginx_server_rewrites,
	  "the server's rewrite or return can answer the question in Pierre's place, and let "
	  "every request pass: put it into a location, or into a server block of its own" },
	{ "`set` of Pierre's settings in a server block", nginx_server_sets,
	  "nginx runs the server's `set` again for the question, over that of a location, so another "
	  "scope or cost is asked for: put it into each location" },
	{ "`set` of what Pierre answers", nginx_answer_set,
	  "the variable holds what Pierre answered, and `set` puts another answer in its place: use a "
	  "variable with a name of your own" },
	{ "a provider whose place is not that of its row", provider_moved,
	  "its row has another api_url now, so requests get 503 ('pierre provider show'; with --config, where "
	  "PROVIDERS_FILE is set): print the file again with 'pierre nginx providers', and reload nginx" },
	{ "`return` in a protected location", nginx_returns,
	  "nginx returns this before Pierre is asked: put the return into a location of its own, "
	  "outside the protected one" },
	{ "`satisfy any` around a protected location", nginx_satisfies,
	  "an outer `satisfy any` lets pass by address or password, without Pierre: set `satisfy all` "
	  "beside pierre-auth.conf; pierre-proxy.conf and pierre-proxy-ask.conf of this version have it" },
	{ "a nested location that Pierre does not protect", nginx_opened,
	  "its auth_request takes Pierre's protection away inside a protected location: take it "
	  "out, or put the location beside the protected one" },
	{ "lines of a nested location that drop who calls", nginx_lines_lost,
	  "its own lines drop those of pierre-auth.conf, so the upstream gets the client's X-Pierre-* "
	  "and the whole key: include pierre-auth.conf here too" },
	{ "`uwsgi_pass`, `scgi_pass` or `grpc_pass` without its snippet", nginx_lines_missing,
	  "the upstream gets the client's X-Pierre-* and the whole key: include "
	  "pierre-auth-uwsgi.conf, -scgi.conf or -grpc.conf beside its pass" },
	{ "an `auth_request_set` that drops Pierre's", nginx_answers_lost,
	  "its auth_request_set drops Pierre's, so the upstream is not told who calls and a refusal "
	  "loses its status: include pierre-auth.conf here too" },
	{ "an `error_page` that drops Pierre's", nginx_pages_lost,
	  "its error_page drops Pierre's, so a limit that is reached is answered with 403 and an "
	  "outage with 500: include pierre-auth.conf here too" },
	{ "`proxy_set_body`, `proxy_ssl_certificate` or `proxy_ssl_conf_command` around requests to providers",
	  nginx_pass_changed,
	  "requests to providers inherit another body, a certificate or settings of TLS: put `proxy_set_body`, "
	  "`proxy_ssl_certificate` and `proxy_ssl_conf_command` into the locations that need them" },
	{ "headers with underscores let in", nginx_lets_underscores,
	  "a client's X_Pierre_User_Id reaches upstreams that take `_` for `-`: take "
	  "`underscores_in_headers on` and `ignore_invalid_headers off` out of every server on this "
	  "address" },
	{ "an `error_log` that holds secrets", nginx_logs_secrets,
	  "below alert nginx writes whole request lines and referrers, with the keys in them, into "
	  "the error log: set `error_log FILE alert`" },
	{ "an `error_log` that holds tokens of providers", nginx_logs_tokens,
	  "at debug nginx writes the tokens that it sends to providers into the error log: set "
	  "`error_log FILE alert`, and remove what was written" },
	{ "`debug_connection`", nginx_debugs,
	  "at any level of error_log nginx writes what it reads and sends for these clients, with keys and "
	  "tokens: take `debug_connection` out, and remove what was written" },
	{ 0 },
};
