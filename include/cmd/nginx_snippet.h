/*
 * cmd/nginx_snippet.h - the files of nginx/ that protect an upstream of the
 * site's own with Pierre. Each function writes one of them to standard output.
 */
#ifndef PIERRE_CMD_NGINX_SNIPPET_H
#define PIERRE_CMD_NGINX_SNIPPET_H

void nginx_print_http(void);      /* pierre-auth-http.conf */
void nginx_print_server(void);    /* pierre-auth-locations.conf */
void nginx_print_snippet(void);   /* pierre-auth.conf */

#endif
