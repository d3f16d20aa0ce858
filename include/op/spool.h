/*
 * op/spool.h - answers of providers that wait to be stored: a directory with one file for
 * each refresh, and each code, that is under way. A file has its place on the disk before the provider is
 * asked, and the answer is in it, sealed and flushed, before anything else is done with it:
 * so neither a database that is away nor a process that dies loses a token that was given.
 *
 * A file is "pierre spool 1 MASTER ID GEN\n", the answer sealed (auth/seal.h) by the subkey
 * SUBKEY_SPOOL of that master key, "\n", and zeros to its end. ID and GEN are those of the
 * connection and the claim, or of an attempt to connect and ANSWER_OF_CODE, and the name too: ID.GEN. The process that makes a file holds
 * its lock as long as it lives.
 */
#ifndef PIERRE_OP_SPOOL_H
#define PIERRE_OP_SPOOL_H

#include "auth/master.h"
#include "op/refresh.h"

/* Two tokens of the longest kind, which their owner may have brought (4 bytes a character), and
 * the rest; sealed. */
#define SPOOL_BYTES 98304
#define SPOOL_SCOPES_MAX 3000   /* bytes; longer ones are left out: what was granted before stays */

struct spool {
	int dir;                             /* -1: there is none */
	const char *path;
	const struct master_subkeys *keys;
};
/* ERR_CONFIG: it cannot be used. path and keys are borrowed. */
bool spool_open(const char *path, const struct master_subkeys *keys, struct spool *out,
		struct err *err_r);
/* The same; a directory that is missing is made, 0700. */
bool spool_create(const char *path, const struct master_subkeys *keys, struct spool *out,
		struct err *err_r);
/* The directory that is at path now: where it was removed or renamed, the one that is there, or
 * is made, takes the place of the one that is open, behind the same descriptor, since another
 * thread may be using that. A file that was made before stays where the old one is. */
bool spool_follow(struct spool *s, struct err *err_r);
void spool_close(struct spool *s);

struct spool_file {
	int fd;                              /* -1: there is none */
	char name[UUID_TEXT + 24];
};
/* Its place on the disk: file and directory are flushed. ERR_UNAVAILABLE, reason "no_space": no
 * room; "no_spool": the directory is not at its path. */
bool spool_reserve(const struct spool *s, const char *id, int64_t gen, struct spool_file *out,
		   struct err *err_r);
/* The answer, flushed. ERR_INTERNAL: it is larger than its place, and nothing is written. */
bool spool_write(const struct spool *s, const struct spool_file *file, const struct refresh_answer *a,
		 struct arena *arena, struct err *err_r);
/* keep: the answer is not stored yet. */
void spool_drop(const struct spool *s, struct spool_file *file, bool keep);

/* What is found in a spool. Files that a living process has locked are left alone, empty ones
 * go, and what does not open is kept, logged and counted. store(): true: it is stored or too
 * old, and its file goes. False: it is kept; ERR_NOT_FOUND: the database does not know of it;
 * ERR_UNAVAILABLE and ERR_UNCERTAIN stop the walk. */
typedef bool spool_store_fn(void *arg, const struct refresh_answer *a, struct err *err_r);
struct spool_found {
	int64_t stored, kept, held;
	int64_t unknown;                     /* of those that are kept */
};
bool spool_each(const struct spool *s, struct arena *arena, spool_store_fn *store, void *arg,
		struct spool_found *out, struct err *err_r);

#endif
