/*
 * cmd/nginx_check.c - the mistakes that break Pierre behind nginx without an
 * error message of either. Each is a row: what is wrong, and what to change.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "cmd/nginx_check.h"
#include "cmd/nginx_conf.h"

#define DUMP_MAX ((size_t)16 * 1024 * 1024)

/* A block that passes requests to one of the two sockets, or, for the rules
 * about headers, any block. */
struct place {
	const struct directive *block;
	const struct directive *upstream;   /* NULL: fastcgi_pass names the socket itself */
	bool fast, slow;
	bool asks;                          /* the question of auth_request */
};

/* --- what is wrong ------------------------------------------------------------------ */

static bool keeps(const struct place *p)
{
	return str_eq(nginx_setting(p->block, "fastcgi_keep_conn"), "on");
}

static bool has_cache(const struct place *p)
{
	return p->upstream && nginx_child(p->upstream, "keepalive", NULL);
}

static bool slow_kept(const struct place *p)
{
	return p->slow && (keeps(p) || has_cache(p));
}

static bool fast_not_kept(const struct place *p)
{
	return p->fast && !p->asks && (!keeps(p) || !has_cache(p));
}

/* The parameter in force with that name; NULL = none. *last_r = the last of all. */
static const struct directive *param(const struct place *p, const char *name,
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

static bool no_sentinel(const struct place *p)
{
	const struct directive *last, *end;

	if (!p->fast && !p->slow)
		return false;
	end = param(p, "PIERRE_END", &last);
	return !end || end != last || !str_eq(nginx_arg(end, 1), "1");
}

static bool proxy_passed(const struct place *p)
{
	const struct directive *last, *proxy;

	if ((!p->fast && !p->slow) ||
	    str_eq(nginx_setting(p->block, "fastcgi_pass_request_headers"), "off"))
		return false;
	proxy = param(p, "HTTP_PROXY", &last);
	return !proxy || *nginx_arg(proxy, 1);
}

static bool wrong_next(const struct place *p)
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
static bool headers_dropped(const struct place *p)
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

/* X_Pierre_User_Id becomes the same variable as X-Pierre-User-Id in CGI and WSGI. */
static bool underscores(const struct place *p)
{
	return p->fast && p->asks &&
	       str_eq(nginx_setting(p->block, "underscores_in_headers"), "on");
}

static const struct rule {
	bool (*broken)(const struct place *p);
	const char *sentence;
} rules[] = {
	{ slow_kept, "a worker of the slow pool serves one connection at a time, and a kept one makes all "
		     "others wait: take `keepalive` out of its upstream and set `fastcgi_keep_conn off`" },
	{ fast_not_kept, "the fast pool is asked on a new connection each time, at half the speed: set "
			 "`fastcgi_keep_conn on`, and `keepalive 512` in its upstream" },
	{ no_sentinel, "the last parameter is not the sentinel, so Pierre refuses every request: end the "
		       "list with `fastcgi_param PIERRE_END 1`" },
	{ proxy_passed, "the client's Proxy header is passed on as HTTP_PROXY (httpoxy): add "
			"`fastcgi_param HTTP_PROXY \"\"`" },
	{ wrong_next, "a reload fails requests, or a write may be sent twice: set `fastcgi_next_upstream "
		      "error timeout` for the fast pool, and `off` for the slow one" },
	{ headers_dropped, "its add_header drops the headers that Pierre's files add outside: include "
			   "pierre-headers.conf, and pierre-auth.conf where it protects, here too" },
	{ underscores, "a client's X_Pierre_User_Id reaches upstreams that take `_` for `-`: take "
		       "`underscores_in_headers on` out" },
};

/* --- where ----------------------------------------------------------------------------- */

static const struct directive *find_upstream(const struct directive *root, const char *name)
{
	for (const struct directive *d = root; d; d = d->next)
		if (str_eq(d->name, "upstream") && str_eq(nginx_arg(d, 0), name))
			return d;
	return NULL;
}

static bool is_socket(const char *address, const char *path)
{
	return str_starts(address, "unix:") && str_eq(address + strlen("unix:"), path);
}

static bool leads_to(const struct place *p, const char *address, const char *path)
{
	const struct directive *d = NULL;

	if (!p->upstream)
		return is_socket(address, path);
	while ((d = nginx_child(p->upstream, "server", d)))
		if (is_socket(nginx_arg(d, 0), path))
			return true;
	return false;
}

static struct place place_of(const struct cmd_args *a, const struct directive *root,
			     const struct directive *block)
{
	const char *address = nginx_arg(nginx_child(block, "fastcgi_pass", NULL), 0);
	struct place p = { .block = block, .upstream = find_upstream(root, address) };
	const struct directive *last;

	p.fast = leads_to(&p, address, a->conf->fast_socket);
	p.slow = leads_to(&p, address, a->conf->slow_socket);
	p.asks = param(&p, "PIERRE_SUBREQUEST", &last) != NULL;
	return p;
}

/* "location = /verify" */
static const char *words_of(struct arena *arena, const struct directive *d)
{
	struct strbuf b = { .arena = arena };

	strbuf_adds(&b, d->name);
	for (size_t i = 0; i < d->n_args; i++)
		strbuf_addf(&b, " %s", d->args[i]);
	return b.s;
}

static size_t judge(const struct cmd_args *a, const struct place *p)
{
	struct err err;
	size_t n = 0;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (!rules[i].broken(p))
			continue;
		err_set(&err, ERR_CONFIG, "%s: %s: %s", p->block->file, words_of(a->arena, p->block),
			rules[i].sentence);
		cmd_fail(&err);
		n++;
	}
	return n;
}

static bool judge_all(const struct cmd_args *a, const struct directive *root)
{
	size_t mistakes = 0, passes = 0;
	struct err err;

	for (const struct directive *d = root; d; d = d->next) {
		struct place p = place_of(a, root, d);

		passes += p.fast || p.slow;
		mistakes += judge(a, &p);
	}
	if (passes > 0)
		return mistakes == 0;
	err_set(&err, ERR_CONFIG, "nothing in this configuration passes requests to %s or %s: give the output "
		"of `nginx -T`, and pierre's own --config", a->conf->fast_socket, a->conf->slow_socket);
	cmd_fail(&err);
	return false;
}

/* --- the text ----------------------------------------------------------------------------- */

static const char *read_all(struct arena *arena, FILE *f, struct err *err_r)
{
	struct strbuf b = { .arena = arena };
	char piece[65536];
	size_t n;

	strbuf_adds(&b, "");
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0 && b.len <= DUMP_MAX)
		strbuf_add(&b, piece, n);
	if (b.len <= DUMP_MAX && !ferror(f))
		return b.s;
	err_set(err_r, ERR_CONFIG, "the configuration could not be read, or has more than 16 MiB");
	return NULL;
}

bool nginx_check(const struct cmd_args *a, const char *file)
{
	FILE *f = str_eq(file, "-") ? stdin : fopen(file, "re");
	const struct directive *root;
	const char *text;
	struct err err;

	if (!f) {
		err_set(&err, ERR_CONFIG, "%s: %s", file, strerror(errno));
		cmd_fail(&err);
		return false;
	}
	text = read_all(a->arena, f, &err);
	if (f != stdin)
		fclose(f);
	root = text ? nginx_conf_parse(a->arena, text, &err) : NULL;
	if (!root) {
		cmd_fail(&err);
		return false;
	}
	return judge_all(a, root);
}
