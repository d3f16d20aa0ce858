/*
 * cmd/nginx_protected.h - what can let a request through a location that
 * pierre-auth.conf protects (nginx_protected.c), or tell its upstream something
 * false (nginx_told.c). Each function with a place says whether its block has
 * that mistake; the rows of nginx_rules.c say what it is.
 */
#ifndef PIERRE_CMD_NGINX_PROTECTED_H
#define PIERRE_CMD_NGINX_PROTECTED_H

#include "cmd/nginx_rules.h"

/* Do requests of this block carry the question of auth_request to Pierre? */
bool nginx_asks(const struct directive *block);

bool nginx_is_server(const struct directive *d);
/* The server block around a block, or itself; NULL above servers. */
const struct directive *nginx_server_of(const struct directive *block);
/* Has the directive an argument that begins so? */
bool nginx_has_arg(const struct directive *d, const char *prefix);
bool nginx_is_question(const struct directive *block);
bool nginx_has_question(const struct directive *server);
/* The same of the question for a token, in a server that sends requests on to providers. */
bool nginx_is_token_question(const struct directive *block);
bool nginx_has_token_question(const struct directive *server);
/* Protected by pierre-auth.conf, included here or in a block around? */
bool nginx_is_protected(const struct directive *block);

/* who answers the question */
bool nginx_no_question(const struct nginx_place *p);
bool nginx_asks_another(const struct nginx_place *p);
bool nginx_not_sealed(const struct nginx_place *p);
/* Has the question all seals that keep its connection, or all others? */
bool nginx_has_seals(const struct directive *question, bool keeps);
bool nginx_server_rewrites(const struct nginx_place *p);
bool nginx_server_sets(const struct nginx_place *p);
bool nginx_answer_set(const struct nginx_place *p);

/* who passes without it */
bool nginx_returns(const struct nginx_place *p);
bool nginx_satisfies(const struct nginx_place *p);
bool nginx_opened(const struct nginx_place *p);

/* what the upstream and the client are told */
bool nginx_lines_lost(const struct nginx_place *p);
bool nginx_lines_missing(const struct nginx_place *p);
bool nginx_answers_lost(const struct nginx_place *p);
bool nginx_pages_lost(const struct nginx_place *p);
bool nginx_lets_underscores(const struct nginx_place *p);
bool nginx_pass_changed(const struct nginx_place *p);

/* what the error log holds */
bool nginx_logs_secrets(const struct nginx_place *p);
bool nginx_logs_tokens(const struct nginx_place *p);
bool nginx_debugs(const struct nginx_place *p);

#endif
