/*
 * cmd/nginx_told.c - the mistakes that tell an upstream or a client of a
 * protected location something false, and those that write a secret into
 * nginx's error log.
 */
#include "config.h"

#include "base/str.h"
#include "cmd/nginx_protected.h"
#include "cmd/nginx_proxy.h"
#include "cmd/nginx_snippet.h"

/* --- what the upstream and the client are told ------------------------------------------ */

static bool line_for(const struct directive *block, const struct nginx_pass *pass,
		     const char *header)
{
	const struct directive *d = NULL;

	while ((d = nginx_child(block, pass->line, d)))
		if (nginx_names_header(pass, nginx_arg(d, 0), header))
			return true;
	return false;
}

static bool tells_all(const struct directive *block, const struct nginx_pass *pass)
{
	const struct directive *scope = nginx_scope(block, pass->line);
	const char *header;

	for (size_t i = 0; (header = nginx_upstream_header(i)); i++)
		if (!scope || !line_for(scope, pass, header))
			return false;
	return true;
}

/* An `if` and a limit_except inherit the pass, and may have lines of their own. */
static bool passes_on(const struct directive *block, const struct nginx_pass *pass)
{
	if (nginx_child(block, pass->pass, NULL))
		return true;
	return (str_eq(block->name, "if") || str_eq(block->name, "limit_except")) &&
	       nginx_child(block, pass->line, NULL) && nginx_child(block->parent, pass->pass, NULL);
}

static bool untold(const struct nginx_place *p, bool by_snippet)
{
	if (!nginx_is_protected(p->block) || p->fast || p->slow)
		return false;
	for (const struct nginx_pass *pass = nginx_passes; pass->pass; pass++)
		if (str_eq(pass->file, "pierre-auth.conf") == by_snippet && passes_on(p->block, pass) &&
		    !tells_all(p->block, pass))
			return true;
	return false;
}

bool nginx_lines_lost(const struct nginx_place *p)
{
	return untold(p, true);
}

bool nginx_lines_missing(const struct nginx_place *p)
{
	return untold(p, false);
}

bool nginx_answers_lost(const struct nginx_place *p)
{
	const struct directive *d = NULL;

	if (!nginx_is_protected(p->block) || !nginx_child(p->block, "auth_request_set", NULL))
		return false;
	while ((d = nginx_child(p->block, "auth_request_set", d)))
		if (str_eq(nginx_arg(d, 0), "$pierre_status"))
			return false;
	return true;
}

bool nginx_pages_lost(const struct nginx_place *p)
{
	const struct directive *d = NULL;

	if (!nginx_is_protected(p->block) || !nginx_child(p->block, "error_page", NULL))
		return false;
	while ((d = nginx_child(p->block, "error_page", d)))
		if (nginx_has_arg(d, "$pierre_refusal") || nginx_has_arg(d, "@pierre_denied"))
			return false;
	return true;
}

/* Nothing in pierre-proxy-pass.conf can take these back: nginx 1.22 does not start with an
 * empty proxy_ssl_certificate, and 1.18 has no proxy_ssl_conf_command. */
bool nginx_pass_changed(const struct nginx_place *p)
{
	static const char *const lines[] = { "proxy_set_body", "proxy_ssl_certificate", "proxy_ssl_conf_command" };

	if (!nginx_child(p->block, "proxy_pass", NULL) ||
	    !str_starts(nginx_setting(p->block, "proxy_pass"), NGINX_PROVIDER))
		return false;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (nginx_scope(p->block, lines[i]))
			return true;
	return false;
}

static bool lets_underscores(const struct directive *server)
{
	return str_eq(nginx_setting(server, "underscores_in_headers"), "on") ||
	       str_eq(nginx_setting(server, "ignore_invalid_headers"), "off");
}

static bool same_address(const struct directive *a, const struct directive *b)
{
	const struct directive *x = NULL, *y;

	while ((x = nginx_child(a, "listen", x)))
		for (y = NULL; (y = nginx_child(b, "listen", y));)
			if (str_eq(nginx_arg(x, 0), nginx_arg(y, 0)))
				return true;
	return a == b;
}

/* Of two servers on one address nginx reads the headers by the settings of the
 * one that the handshake names, or the default one, before it sees Host. */
bool nginx_lets_underscores(const struct nginx_place *p)
{
	const struct directive *server = nginx_server_of(p->block);

	if (!server || !nginx_is_question(p->block))
		return false;
	for (const struct directive *d = p->root; d; d = d->next)
		if (nginx_is_server(d) && same_address(server, d) && lets_underscores(d))
			return true;
	return false;
}

/* --- what the error log holds ----------------------------------------------------------- */

static bool is_quiet(const struct directive *log)
{
	static const char *const quiet[] = { "alert", "emerg" };

	if (str_eq(nginx_arg(log, 0), "/dev/null"))
		return true;
	for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++)
		if (str_eq(nginx_arg(log, 1), quiet[i]))
			return true;
	return false;
}

/* The question stands for its server; a block inside may have a log of its own. */
bool nginx_logs_secrets(const struct nginx_place *p)
{
	const struct directive *server = nginx_server_of(p->block), *scope, *d = NULL;

	if (!nginx_is_question(p->block) && (!nginx_has_question(server) || p->block == server ||
				       !nginx_child(p->block, "error_log", NULL)))
		return false;
	scope = nginx_scope(p->block, "error_log");
	while (scope && (d = nginx_child(scope, "error_log", d)))
		if (!is_quiet(d))
			return true;
	return !scope;   /* nginx's own is at level error */
}

/* For these clients nginx writes at debug, whatever the level of error_log. */
bool nginx_debugs(const struct nginx_place *p)
{
	if (!str_eq(p->block->name, "events") || !nginx_child(p->block, "debug_connection", NULL))
		return false;
	for (const struct directive *d = p->root; d; d = d->next)
		if (d->is_block && (nginx_is_question(d) || nginx_is_token_question(d)))
			return true;
	return false;
}

/* At debug nginx writes what it sends and is sent, tokens of users too. */
bool nginx_logs_tokens(const struct nginx_place *p)
{
	const struct directive *scope, *d = NULL;

	if (!nginx_is_token_question(p->block) &&
	    (!nginx_has_token_question(nginx_server_of(p->block)) || nginx_is_server(p->block) ||
	     !nginx_child(p->block, "error_log", NULL)))
		return false;
	scope = nginx_scope(p->block, "error_log");
	while (scope && (d = nginx_child(scope, "error_log", d)))
		if (str_starts(nginx_arg(d, 1), "debug"))
			return true;
	return false;
}
