/*
 * base/conf.h - every option, in one table: name, type, default, bounds,
 * reloadable, sentence. The table drives parsing, `pierre config check|dump`
 * and the man page.
 *
 * A value comes from, later wins: the default, --config FILE (NAME=value
 * lines, # comments, as systemd's EnvironmentFile), the environment.
 * NAME_FILE=path reads the value of a text option from a file (a trailing
 * newline is dropped); NAME and NAME_FILE together are an error.
 *
 * A key is kept only as its bytes. Its text is wiped once it is read: of the
 * files, and in the environment, where /proc/PID/environ showed it (the name
 * stays, with an empty value). So a second reading finds no text, and
 * conf_keep_keys() hands on what the first one found.
 */
#ifndef PIERRE_BASE_CONF_H
#define PIERRE_BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

#define WORKERS_MAX 256             /* of each pool: the bound of MAX_WORKERS */
#define BCRYPT_COST_MIN 4           /* of new password hashes, and of stored ones */
#define BCRYPT_COST_MAX 15
#define CONF_KEY_BYTES 32

struct conf_key {
	bool set;
	unsigned char bytes[CONF_KEY_BYTES];
};

/* What a file holds. */
struct conf_file {
	const char *text;               /* n bytes and a NUL; NULL = none was read */
	size_t n;
};

struct conf {
	const char *database_url;       /* DATABASE_URL; default sqlite:./data/pierre.db */
	struct conf_key encryption_key; /* ENCRYPTION_KEY: base64 of 32 bytes */
	struct conf_key encryption_key_previous;   /* ENCRYPTION_KEY_PREVIOUS, while it is changed */
	int64_t data_key_days;          /* DATA_KEY_DAYS, default 365; 0 = never */
	int64_t data_key_seals;         /* DATA_KEY_SEALS, default 100 million; 0 = never */
	const char *fast_socket;        /* FAST_SOCKET: path of a unix socket */
	const char *slow_socket;        /* SLOW_SOCKET */
	const char *metrics_socket;     /* METRICS_SOCKET, "" = none */
	const char *socket_group;       /* SOCKET_GROUP: group of the sockets, "" = own */
	const char *runtime_dir;        /* RUNTIME_DIR: the shared-memory segment; default /run/pierre */
	int64_t limit_slots;            /* LIMIT_SLOTS 64..4194304, default 262144 */
	int64_t cache_mb;               /* CACHE_MB 1..65536, default 64 */
	int64_t max_workers;            /* MAX_WORKERS: most of each pool; sizes the segment, default 64 */
	int64_t fast_workers;           /* WORKERS: fast pool, default 2 */
	int64_t slow_workers;           /* SLOW_WORKERS, default 2 */
	int64_t request_deadline_ms;    /* REQUEST_DEADLINE_MS, default 10000 */
	int64_t stop_timeout_ms;        /* STOP_TIMEOUT_MS: TERM to KILL, default 15000 */
	int64_t database_timeout_ms;    /* DATABASE_TIMEOUT_MS: connect, lock and answer; default 5000 */
	int64_t fast_database_timeout_ms; /* FAST_DATABASE_TIMEOUT_MS: the same in the fast pool, and for
					  * a lease under way; default 250 */
	bool database_prepare;          /* DATABASE_PREPARE: no behind pgbouncer's transaction mode */
	bool auto_migrate;              /* AUTO_MIGRATE, default yes */
	bool auto_approve_users;        /* AUTO_APPROVE_USERS, default no */
	int64_t bcrypt_cost;            /* BCRYPT_COST 4..15, default 12 */
	int64_t password_min;           /* PASSWORD_MIN_LENGTH 8..64, default 12 */
	int64_t access_token_ttl;       /* ACCESS_TOKEN_TTL seconds, default 3600 */
	int64_t refresh_token_ttl;      /* REFRESH_TOKEN_TTL seconds, default 30 days */
	int64_t keys_per_user;          /* MAX_KEYS_PER_USER, default 100 */
	int64_t tenants_per_user;       /* MAX_TENANTS_PER_USER, default 10 */
	int64_t token_usage_days;       /* ADMIN_TOKEN_USAGE_DAYS, default 400 */
	int64_t usage_retention_months; /* USAGE_RETENTION_MONTHS before this one, default 25 */
	int64_t usage_durability;       /* USAGE_DURABILITY async|sync (enum usage_durability) */
	const char *public_url;         /* PUBLIC_URL: https://host[:port], "" = not set */
	const char *cors_origins;       /* CORS_ORIGINS as of origins_read; "" = none */
	const char *providers_file;     /* PROVIDERS_FILE, "" = none (provider/providers.h) */
	struct conf_file providers;     /* conf_keep_files() */
	const char *outbound_allow;     /* OUTBOUND_ALLOW as of networks_read; "" = none */
	const char *outbound_ca_file;   /* OUTBOUND_CA_FILE, "" = the system's authorities */
	struct conf_file outbound_ca;   /* conf_keep_files() */
	const char *spool_dir;          /* SPOOL_DIR: op/spool.h; default /var/lib/pierre/spool */
	int64_t log_level;              /* LOG_LEVEL debug|info|warn|error (enum log_level) */
	int64_t clock_offset;           /* PIERRE_CLOCK_OFFSET seconds; tests only */
	int64_t host_clock_offset;      /* PIERRE_HOST_CLOCK_OFFSET seconds; tests only */
	struct arena *arena;            /* owns the texts */
};

enum usage_durability { USAGE_ASYNC, USAGE_SYNC };

enum conf_type { CONF_TEXT, CONF_INT, CONF_BOOL, CONF_WORD, CONF_KEY };
enum conf_flag { CONF_RELOAD = 1, CONF_SECRET = 2, CONF_URL = 4, CONF_ORIGINS = 8,
	CONF_NETWORKS = 16, CONF_HTTPS = 32 };

struct conf_option {
	const char *name;              /* NULL ends the table */
	enum conf_type type;
	unsigned flags;                /* CONF_RELOAD: takes effect on HUP;
					* CONF_URL: a secret only for the password in it;
					* CONF_ORIGINS: a list for origins_read;
					* CONF_NETWORKS: one for networks_read;
					* CONF_HTTPS: one origin, of https */
	size_t offset;                 /* in struct conf */
	size_t keep;                   /* of its struct conf_file, of an option that names a file
					* of the service; 0 = none */
	const char *fallback;          /* default, as text */
	int64_t min, max;              /* CONF_INT */
	const char *const *words;      /* CONF_WORD: the value is its index */
	const char *sentence;
};
extern const struct conf_option conf_options[];

/* Read file (NULL = none) and environ. Unknown names in the file are errors naming
 * file and line; in the environment they may belong to other programs.
 * Returns NULL with a sentence naming the option; free with conf_free. Wipes
 * the texts of keys, also in environ. */
struct conf *conf_load(const char *file, struct err *err_r);
void conf_free(struct conf **c);

/* A whole file that an option names, of at most 4 MB. ERR_CONFIG names option, file and
 * reason. */
bool conf_file_read(struct arena *arena, const char *option, const char *path, struct conf_file *out,
		    struct err *err_r);
/* For a service, once for each configuration: reads the files that its options name, so that
 * each process that is ever forked with it has the same texts, whatever becomes of the files. */
bool conf_keep_files(struct conf *c, struct err *err_r);

/* The same for `config check`: report() is called for each mistake, err.field
 * naming the option where there is one, and the option keeps its default. Also
 * reports files of secrets that everybody may read. Never NULL. */
typedef void conf_report_fn(void *arg, const struct err *err);
struct conf *conf_check(const char *file, conf_report_fn *report, void *arg);

/* The value as text, for `config dump`; secrets come back as "(set)", URLs
 * without their password. */
const char *conf_value(const struct conf *c, const struct conf_option *o,
		       char *buf, size_t size);

/* For a configuration that was read again: a key whose text was wiped is taken from
 * `old`. */
void conf_keep_keys(struct conf *c, const struct conf *old);
/* For a process that needs no key. */
void conf_wipe_keys(struct conf *c);

/* Name of the first option that differs and is not CONF_RELOAD, or NULL. */
const char *conf_needs_restart(const struct conf *old, const struct conf *new_);

#endif
