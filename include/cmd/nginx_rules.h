/*
 * cmd/nginx_rules.h - what `config check --nginx` looks for: one table, which the
 * man page lists too.
 */
#ifndef PIERRE_CMD_NGINX_RULES_H
#define PIERRE_CMD_NGINX_RULES_H

#include <stdbool.h>

#include "cmd/nginx_conf.h"

struct providers;

/* A block of the configuration, with what it passes to Pierre. */
struct nginx_place {
	const struct directive *root;
	const struct directive *block;
	const struct directive *upstream;   /* NULL: fastcgi_pass names the socket itself */
	bool fast, slow;                    /* it passes requests to that pool */
	bool asks;                          /* the question of auth_request */
	const struct providers *providers;
	bool own_providers;                 /* PROVIDERS_FILE is among them */
};

struct nginx_rule {
	const char *finds;                  /* what is looked for, in a list */
	bool (*broken)(const struct nginx_place *p);
	const char *sentence;               /* what is wrong: what to change */
};
extern const struct nginx_rule nginx_rules[];   /* ends with { 0 } */

#endif
