/*
 * cmd/nginx_conf.h - an nginx configuration, as `nginx -T` prints it, as a
 * tree of directives with the includes put in. Knows nginx's grammar and how
 * settings are inherited; what is right or wrong is nginx_check.c's.
 */
#ifndef PIERRE_CMD_NGINX_CONF_H
#define PIERRE_CMD_NGINX_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

struct directive {
	const char *name;
	const char *const *args;
	size_t n_args;
	bool is_block;                    /* { ... } and no ; */
	const struct directive *parent;   /* NULL: the root */
	const struct directive *next;     /* in the order of the text, over all levels */
	const char *file;
};

/* The root; its `next` is the first directive. NULL: ERR_INVALID names the
 * file and what does not fit. */
const struct directive *nginx_conf_parse(struct arena *arena, const char *dump,
					 struct err *err_r);

/* The first directive of that name straight in the block, after `last` (NULL =
 * from the start). */
const struct directive *nginx_child(const struct directive *block, const char *name,
				    const struct directive *last);
/* The block, this one or one around it, whose `name` lines are in force here:
 * nginx inherits them only where a level has none of its own. NULL: nowhere. */
const struct directive *nginx_scope(const struct directive *block, const char *name);
/* First argument of the directive in force; "" when there is none. */
const char *nginx_setting(const struct directive *block, const char *name);
const char *nginx_arg(const struct directive *d, size_t i);   /* "" when absent */

#endif
