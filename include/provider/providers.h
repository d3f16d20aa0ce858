/*
 * provider/providers.h - the rows of all providers: those that are built in
 * (src/provider/providers.json) and what the operator's file (PROVIDERS_FILE) adds or
 * changes.
 *
 * A file is {"providers": [entry, ...]}. An entry with a new id makes a row. A further
 * entry with that id changes what it names; with starts_on, from that moment on.
 */
#ifndef PIERRE_PROVIDER_PROVIDERS_H
#define PIERRE_PROVIDER_PROVIDERS_H

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "model/provider.h"

struct providers;

/* With the file as it is now; NULL or "" = only those that are built in. NULL: ERR_CONFIG
 * with file, line and reason. It lives on the arena. */
const struct providers *providers_read(struct arena *arena, const char *file, struct err *err_r);
/* For a process of the service: with the file as it was when the configuration was loaded
 * (conf_keep_files()). */
const struct providers *providers_kept(struct arena *arena, const struct conf *conf, struct err *err_r);

/* The row as it is at that moment (wall ms); its title is the id when no entry has one, its
 * margin 300 s. ERR_NOT_FOUND: there is none, or not yet. */
bool provider_get(const struct providers *list, const char *id, int64_t now,
		  struct provider *out, struct err *err_r);
/* The next moment after that one (wall ms) at which an entry begins or a row ends; TIME_NONE: none. */
int64_t providers_change(const struct providers *list, int64_t now);
/* All of them, in the order of the file. */
struct field_list providers_all(const struct providers *list, int64_t now, struct arena *arena);

#endif
