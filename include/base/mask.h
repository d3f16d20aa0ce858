/*
 * base/mask.h - secrets in what a client wrote, cut short before it is logged
 * or stored.
 *
 * By shape and not by prefix, which `%70k_live_` would evade: a run of 20 or
 * more characters of [A-Za-z0-9_%-] becomes its first 8 and "...". A run that
 * is a UUID (36 characters, and nothing of the class before or after) stays.
 * Every token and key of auth/token.h is one such run, however its letters are
 * percent-encoded. Masking twice changes nothing more, since '.' is not of the
 * class. nginx/pierre-http.conf.in does the same to the paths of its log.
 */
#ifndef PIERRE_BASE_MASK_H
#define PIERRE_BASE_MASK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/* Copy s masked; NULL is "". A run is measured in s, before the cut, so what does
 * not fit shows no more of it. False: it was cut, between characters. */
bool mask_copy(char *out, size_t size, const char *s);

/* The same on the arena, in full; NULL stays NULL. */
const char *mask_text(struct arena *a, const char *s);

/* Is there anything in s to mask? */
bool mask_finds(const char *s);

#endif
