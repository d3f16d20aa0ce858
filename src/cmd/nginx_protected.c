/*
 * cmd/nginx_protected.c - the mistakes around a location that pierre-auth.conf
 * protects. nginx runs the rewrites and sets of a server again for the question,
 * and runs a location's returns before it: both come before Pierre is asked.
 */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "cmd/nginx_protected.h"
#include "cmd/nginx_proxy.h"
#include "cmd/nginx_snippet.h"

/* --- where a block stands --------------------------------------------------------------- */

bool nginx_is_server(const struct directive *d)
{
	return str_eq(d->name, "server") && d->parent && str_eq(d->parent->name, "http");
}

const struct directive *nginx_server_of(const struct directive *block)
{
	while (block && !nginx_is_server(block))
		block = block->parent;
	return block;
}

bool nginx_has_arg(const struct directive *d, const char *prefix)
{
	for (size_t i = 0; i < d->n_args; i++)
		if (str_starts(d->args[i], prefix))
			return true;
	return false;
}

/* The question and the pages of pierre-auth-locations.conf. */
static bool is_ours(const struct directive *block)
{
	for (; block; block = block->parent)   /* also an `if` in one */
		if (str_eq(block->name, "location") &&
		    (nginx_has_arg(block, "/.pierre/") || nginx_has_arg(block, "@pierre_")))
			return true;
	return false;
}

bool nginx_asks(const struct directive *block)
{
	const struct directive *scope = nginx_scope(block, "fastcgi_param"), *d = NULL;

	while (scope && (d = nginx_child(scope, "fastcgi_param", d)))
		if (str_eq(nginx_arg(d, 0), "PIERRE_SUBREQUEST"))
			return true;
	return false;
}

bool nginx_is_question(const struct directive *block)
{
	return str_eq(block->name, "location") && str_eq(nginx_arg(block, 0), "=") &&
	       str_eq(nginx_arg(block, 1), NGINX_QUESTION) && nginx_asks(block);
}

bool nginx_is_token_question(const struct directive *block)
{
	return str_eq(block->name, "location") && str_eq(nginx_arg(block, 0), "=") &&
	       str_eq(nginx_arg(block, 1), NGINX_TOKEN_QUESTION) && nginx_asks(block);
}

/* Does nginx send requests on to providers? */
bool nginx_has_token_question(const struct directive *server)
{
	const struct directive *d = NULL;

	while (server && (d = nginx_child(server, "location", d)))
		if (nginx_is_token_question(d))
			return true;
	return false;
}

bool nginx_has_question(const struct directive *server)
{
	const struct directive *d = NULL;

	while (server && (d = nginx_child(server, "location", d)))
		if (nginx_is_question(d))
			return true;
	return false;
}

bool nginx_is_protected(const struct directive *block)
{
	return block && str_eq(nginx_setting(block, "auth_request"), NGINX_QUESTION);
}

/* Its rewrites run for the question too: a server that has one, or an `if` of it. */
static bool runs_before(const struct directive *block)
{
	if (str_eq(block->name, "if"))
		block = block->parent;
	return nginx_is_server(block) && nginx_has_question(block);
}

/* --- who answers the question ----------------------------------------------------------- */

bool nginx_no_question(const struct nginx_place *p)
{
	const struct directive *server = nginx_server_of(p->block);

	return server && nginx_is_protected(p->block) && !nginx_has_question(server) &&
	       (p->block == server || nginx_child(p->block, "auth_request", NULL));
}

bool nginx_asks_another(const struct nginx_place *p)
{
	return (nginx_is_question(p->block) || nginx_is_token_question(p->block)) && !p->fast;
}

/* "error_page 404 /.pierre/error" is { "404", "/.pierre/error" } */
static bool args_are(const struct directive *d, const char *text)
{
	for (size_t i = 0; i < d->n_args; i++) {
		size_t n = strlen(d->args[i]);

		if (strncmp(text, d->args[i], n) != 0 || (text[n] != ' ' && text[n] != '\0'))
			return false;
		text += n + (text[n] == ' ');
	}
	return !*text;
}

bool nginx_has_seals(const struct directive *question, bool keeps)
{
	bool token = nginx_is_token_question(question);

	for (const struct nginx_seal *s = nginx_seals; s->name; s++) {
		const struct directive *d = nginx_child(question, s->name, NULL);

		if (s->keeps == keeps && (!d || !args_are(d, token && s->token ? s->token : s->value)))
			return false;
	}
	return true;
}

/* The maps of pierre-auth-http.conf hang on it. */
static bool says_sent(const struct directive *question)
{
	const struct directive *d = NULL;
	bool no = false, yes = false;

	while ((d = nginx_child(question, "set", d)))
		if (str_eq(nginx_arg(d, 0), "$pierre_sent")) {
			no = no || str_eq(nginx_arg(d, 1), "");
			yes = no && str_eq(nginx_arg(d, 1), "1");
		}
	return yes;
}

bool nginx_not_sealed(const struct nginx_place *p)
{
	return (nginx_is_question(p->block) || nginx_is_token_question(p->block)) &&
	       (!nginx_has_seals(p->block, false) || !says_sent(p->block));
}

/* A redirect ends the question with 301 or 302, which lets no request pass. */
static bool redirects(const struct directive *rewrite)
{
	const char *to = nginx_arg(rewrite, 1), *flag = nginx_arg(rewrite, 2);

	return str_eq(flag, "redirect") || str_eq(flag, "permanent") || str_starts(to, "http://") ||
	       str_starts(to, "https://") || str_starts(to, "$scheme");
}

/* Variables that have another value in the question than in the request: an `if` of any
 * other variable has judged the request itself before. */
static bool differs(const struct directive *condition)
{
	static const char *const words[] = { "-f", "-d", "-e", "-x", "$uri", "$document_uri",
		"$request_filename", "$fastcgi_script_name", "$args", "$arg_", "$query_string", "$is_args" };

	for (size_t i = 0; i < condition->n_args; i++)
		for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
			const char *arg = condition->args[i] + strspn(condition->args[i], "(!");

			if (str_starts(arg, words[w]))
				return true;
		}
	return false;
}

/* Does it hand out a page? `return URL` redirects. */
static bool returns_page(const struct directive *d)
{
	return nginx_arg(d, 0)[0] == '2' && !str_eq(nginx_arg(d, 0), "204");
}

static bool returns_success(const struct directive *d)
{
	return nginx_arg(d, 0)[0] == '2';
}

bool nginx_server_rewrites(const struct nginx_place *p)
{
	const struct directive *d = NULL;

	if (!runs_before(p->block))
		return false;
	while ((d = nginx_child(p->block, "rewrite", d)))
		if (!redirects(d))
			return true;
	d = nginx_child(p->block, "return", NULL);
	return d && (nginx_is_server(p->block) || returns_success(d) || differs(p->block));
}

static bool sets(const struct directive *block, const char *const *names)
{
	const struct directive *d = NULL;

	while ((d = nginx_child(block, "set", d)))
		for (size_t i = 0; names[i]; i++)
			if (str_eq(nginx_arg(d, 0), names[i]))
				return true;
	return false;
}

bool nginx_server_sets(const struct nginx_place *p)
{
	static const char *const settings[] = {
		"$pierre_route", "$pierre_cost", "$pierre_scope", "$pierre_cors", NULL,
	};

	return runs_before(p->block) && sets(p->block, settings);
}

bool nginx_answer_set(const struct nginx_place *p)
{
	static const char *const kept[] = {
		"$pierre_passed", "$pierre_now", "$pierre_sent", "$pierre_preflight", "$pierre_refusal", NULL,
	};
	const struct directive *d = NULL;

	if (is_ours(p->block))
		return false;
	while ((d = nginx_child(p->block, "set", d)))
		for (const struct nginx_answer *a = nginx_answers; a->variable; a++)
			if (str_starts(nginx_arg(d, 0), "$pierre_") &&
			    str_eq(nginx_arg(d, 0) + strlen("$pierre_"), a->variable))
				return true;
	return sets(p->block, kept);
}

/* --- who passes without it -------------------------------------------------------------- */

bool nginx_returns(const struct nginx_place *p)
{
	const struct directive *d = nginx_child(p->block, "return", NULL);

	return d && nginx_is_protected(p->block) && !nginx_is_server(p->block) &&
	       (returns_page(d) || nginx_child(p->block, "auth_request", NULL));
}

/* Beside pierre-auth.conf the site may say so itself; a request to a provider needs a token. */
bool nginx_satisfies(const struct nginx_place *p)
{
	const struct directive *scope = nginx_scope(p->block, "satisfy");
	bool token = str_eq(nginx_setting(p->block, "auth_request"), NGINX_TOKEN_QUESTION);

	return (token || (nginx_is_protected(p->block) && scope != p->block)) &&
	       nginx_child(p->block, "auth_request", NULL) && str_eq(nginx_setting(p->block, "satisfy"), "any");
}

bool nginx_opened(const struct nginx_place *p)
{
	return nginx_child(p->block, "auth_request", NULL) && !nginx_is_protected(p->block) &&
	       nginx_is_protected(p->block->parent) && !is_ours(p->block);
}
