/*
 * tests/unit/header.h - a header field of a response; NULL = it has none.
 */
#ifndef PIERRE_TESTS_HEADER_H
#define PIERRE_TESTS_HEADER_H

#include "base/str.h"
#include "http/response.h"

static const char *header(const struct response *res, const char *name)
{
	for (size_t i = 0; i < res->n_headers; i++)
		if (str_eq(res->headers[i].name, name))
			return res->headers[i].value;
	return NULL;
}

#endif
