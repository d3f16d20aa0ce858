/* store/system_secret.h - secrets of the service: typed calls. */
#ifndef PIERRE_STORE_SYSTEM_SECRET_H
#define PIERRE_STORE_SYSTEM_SECRET_H

#include "base/arena.h"
#include "base/err.h"
#include "model/audit.h"
#include "model/system_secret.h"

struct db;

/* Up to `limit` of struct system_secret behind a name. */
bool store_system_secret_list(struct db *db, const char *after, int64_t limit,
			      struct arena *arena, struct field_list *out, struct err *err_r);
bool store_system_secret_get(struct db *db, const char *name, struct arena *arena,
			     struct system_secret *out, struct err *err_r);
/* A new one, or another value of one that is there. */
bool store_system_secret_set(struct db *db, const struct audit_event *event,
			     const struct system_secret *s, struct arena *arena,
			     struct system_secret *out, struct err *err_r);
bool store_system_secret_delete(struct db *db, const struct audit_event *event,
				const char *name, struct arena *arena, struct system_secret *out,
				struct err *err_r);
/* The event alone: its value is shown. */
bool store_system_secret_note(struct db *db, const struct audit_event *event,
			      struct err *err_r);

#endif
