/*
 * base/conf_private.h - between the reading of options and their values. For
 * src/base only.
 */
#ifndef PIERRE_BASE_CONF_PRIVATE_H
#define PIERRE_BASE_CONF_PRIVATE_H

#include "base/conf.h"

/* Where the option's value is in *c. */
void *conf_member(const struct conf *c, const struct conf_option *o);

/* Read `text` as the option's type into *c. ERR_CONFIG names the option and what
 * it takes. */
bool conf_set_value(struct conf *c, const struct conf_option *o, const char *text,
		    struct err *err_r);

#endif
