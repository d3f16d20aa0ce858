/*
 * cmd/nginx_proxy.h - the files of nginx/ that send requests on to providers with the tokens
 * of who calls.
 */
#ifndef PIERRE_CMD_NGINX_PROXY_H
#define PIERRE_CMD_NGINX_PROXY_H

#include "base/arena.h"
#include "base/err.h"

struct conf;

/* The URI of the question for a token. */
#define NGINX_TOKEN_QUESTION "/.pierre/token"
/* Where requests go on to. */
#define NGINX_PROVIDER "https://$pierre_api"

void nginx_print_proxy(void);        /* pierre-proxy.conf */
void nginx_print_proxy_ask(void);    /* pierre-proxy-ask.conf */
void nginx_print_proxy_pass(void);   /* pierre-proxy-pass.conf */

/* What pierre-proxy.conf includes, from the rows of providers as they are now. resolver: of names, for
 * nginx; NULL = those of /etc/resolv.conf. False: ERR_CONFIG or ERR_INVALID. */
bool nginx_print_providers(const struct conf *conf, const char *resolver, struct arena *arena,
			   struct err *err_r);

#endif
