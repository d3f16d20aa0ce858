/*
 * cmd/nginx_check.c - reads a configuration of nginx and holds each of its
 * blocks to the rows of nginx_rules.c.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cmd/fail.h"
#include "cmd/nginx_check.h"
#include "cmd/nginx_protected.h"
#include "cmd/nginx_rules.h"
#include "provider/providers.h"

#define DUMP_MAX ((size_t)16 * 1024 * 1024)

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

static bool leads_to(const struct nginx_place *p, const char *address, const char *path)
{
	const struct directive *d = NULL;

	if (!p->upstream)
		return is_socket(address, path);
	while ((d = nginx_child(p->upstream, "server", d)))
		if (is_socket(nginx_arg(d, 0), path))
			return true;
	return false;
}

static struct nginx_place place_of(const struct cmd_args *a, const struct providers *providers,
				   const struct directive *root, const struct directive *block)
{
	const char *address = nginx_arg(nginx_child(block, "fastcgi_pass", NULL), 0);
	struct nginx_place p = { .root = root, .block = block,
				 .upstream = find_upstream(root, address), .providers = providers,
				 .own_providers = *a->conf->providers_file };

	p.fast = leads_to(&p, address, a->conf->fast_socket);
	p.slow = leads_to(&p, address, a->conf->slow_socket);
	p.asks = nginx_asks(block);
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

static size_t judge(const struct cmd_args *a, const struct nginx_place *p)
{
	struct err err;
	size_t n = 0;

	for (const struct nginx_rule *r = nginx_rules; r->finds; r++) {
		if (!r->broken(p))
			continue;
		err_set(&err, ERR_CONFIG, "%s: %s: %s", p->block->file, words_of(a->arena, p->block),
			r->sentence);
		fail_tell(&err);
		n++;
	}
	return n;
}

static bool judge_all(const struct cmd_args *a, const struct directive *root)
{
	size_t mistakes = 0, passes = 0;
	struct err err;
	const struct providers *providers = providers_read(a->arena, a->conf->providers_file, &err);

	if (!providers) {
		fail_tell(&err);
		return false;
	}
	for (const struct directive *d = root; d; d = d->next) {
		struct nginx_place p;

		if (!d->is_block)
			continue;
		p = place_of(a, providers, root, d);
		passes += p.fast || p.slow;
		mistakes += judge(a, &p);
	}
	if (passes > 0)
		return mistakes == 0;
	err_set(&err, ERR_CONFIG, "nothing in this configuration passes requests to %s or %s, %s", a->conf->fast_socket,
		a->conf->slow_socket, a->config_file ? "the sockets of --config: give the output of `nginx -T`" :
		"the sockets when no --config is given: give the output of `nginx -T`, and the file of the service "
		"first: pierre --config FILE config check --nginx -");
	fail_tell(&err);
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
		fail_tell(&err);
		return false;
	}
	text = read_all(a->arena, f, &err);
	if (f != stdin)
		fclose(f);
	root = text ? nginx_conf_parse(a->arena, text, &err) : NULL;
	if (!root) {
		fail_tell(&err);
		return false;
	}
	return judge_all(a, root);
}
