/*
 * base/conf_table.c - every option, one row each. The man page and `pierre config
 * dump` are made from these rows.
 */
#include "config.h"

#include <stddef.h>

#include "base/conf.h"

static const char *const level_words[] = { "debug", "info", "warn", "error", NULL };
static const char *const durability_words[] = { "async", "sync", NULL };

#define AT(member) .offset = offsetof(struct conf, member)
#define KEEP(member) .keep = offsetof(struct conf, member)

const struct conf_option conf_options[] = {
	{ "DATABASE_URL", CONF_TEXT, CONF_SECRET | CONF_URL, AT(database_url),
	  .fallback = "sqlite:./data/pierre.db",
	  .sentence = "Where the data is: sqlite:PATH, or postgresql://... as libpq reads it." },
	{ "DATABASE_TIMEOUT_MS", CONF_INT, CONF_RELOAD, AT(database_timeout_ms),
	  .fallback = "5000", .min = 100, .max = 60000,
	  .sentence = "Milliseconds to wait for a connection, a lock or an answer of the database." },
	{ "FAST_DATABASE_TIMEOUT_MS", CONF_INT, CONF_RELOAD, AT(fast_database_timeout_ms),
	  .fallback = "250", .min = 10, .max = 60000,
	  .sentence = "The same in the fast pool, where all other requests of the worker wait too; also for a limit that another process leases. After two late answers in a row it refuses at once, for a second." },
	{ "DATABASE_PREPARE", CONF_BOOL, CONF_RELOAD, AT(database_prepare), .fallback = "yes",
	  .sentence = "Use named prepared statements; set no behind pgbouncer in transaction mode." },
	{ "AUTO_MIGRATE", CONF_BOOL, CONF_RELOAD, AT(auto_migrate), .fallback = "yes",
	  .sentence = "Bring the schema up to date when the service starts." },
	{ "ENCRYPTION_KEY", CONF_KEY, CONF_SECRET, AT(encryption_key), .fallback = "",
	  .sentence = "Master key, base64 of 32 random bytes (openssl rand -base64 32)." },
	{ "ENCRYPTION_KEY_PREVIOUS", CONF_KEY, CONF_SECRET, AT(encryption_key_previous), .fallback = "",
	  .sentence = "The master key that ENCRYPTION_KEY takes the place of, while it is changed; empty = none." },
	{ "DATA_KEY_DAYS", CONF_INT, CONF_RELOAD, AT(data_key_days), .fallback = "365", .min = 0, .max = 36500,
	  .sentence = "Age at which the data key that seals secrets is replaced by a new one; 0 = never." },
	{ "DATA_KEY_SEALS", CONF_INT, CONF_RELOAD, AT(data_key_seals), .fallback = "100000000",
	  .min = 0, .max = 4294967296,
	  .sentence = "Secrets that one data key seals before a new one takes its place; 0 = any number." },
	{ "FAST_SOCKET", CONF_TEXT, 0, AT(fast_socket), .fallback = "/run/pierre/fast.sock",
	  .sentence = "Unix socket of the fast pool, which answers what takes about a millisecond." },
	{ "SLOW_SOCKET", CONF_TEXT, 0, AT(slow_socket), .fallback = "/run/pierre/slow.sock",
	  .sentence = "Unix socket of the slow pool, which hashes passwords and writes." },
	{ "METRICS_SOCKET", CONF_TEXT, CONF_RELOAD, AT(metrics_socket), .fallback = "",
	  .sentence = "Unix socket that answers GET /metrics for Prometheus; empty = none." },
	{ "SOCKET_GROUP", CONF_TEXT, 0, AT(socket_group), .fallback = "",
	  .sentence = "Group that may connect to the sockets (nginx's, www-data on Debian); empty = our own." },
	{ "RUNTIME_DIR", CONF_TEXT, 0, AT(runtime_dir), .fallback = "/run/pierre",
	  .sentence = "Directory of the shared memory file, which keeps usage rows that wait; on a tmpfs." },
	{ "LIMIT_SLOTS", CONF_INT, 0, AT(limit_slots), .fallback = "262144", .min = 64, .max = 4194304,
	  .sentence = "Number of limits that this host can hold leases of, 192 bytes each; further ones are leased "
		      "one request at a time." },
	{ "CACHE_MB", CONF_INT, 0, AT(cache_mb), .fallback = "64", .min = 1, .max = 65536,
	  .sentence = "Most MB of shared memory for keys and sessions that were looked up; one holds "
		      "about 2,000." },
	{ "MAX_WORKERS", CONF_INT, 0, AT(max_workers), .fallback = "64", .min = 2, .max = WORKERS_MAX,
	  .sentence = "The largest WORKERS and SLOW_WORKERS, also after a reload; the shared memory has slots for so many." },
	{ "WORKERS", CONF_INT, CONF_RELOAD, AT(fast_workers), .fallback = "2", .min = 1, .max = WORKERS_MAX,
	  .sentence = "Processes of the fast pool." },
	{ "SLOW_WORKERS", CONF_INT, CONF_RELOAD, AT(slow_workers), .fallback = "2", .min = 1, .max = WORKERS_MAX,
	  .sentence = "Processes of the slow pool; at most half of them hash passwords at once." },
	{ "REQUEST_DEADLINE_MS", CONF_INT, CONF_RELOAD, AT(request_deadline_ms),
	  .fallback = "10000", .min = 1000, .max = 300000,
	  .sentence = "Milliseconds a request may take; a worker that is stuck for longer is killed." },
	{ "STOP_TIMEOUT_MS", CONF_INT, CONF_RELOAD, AT(stop_timeout_ms),
	  .fallback = "15000", .min = 100, .max = 300000,
	  .sentence = "Milliseconds that requests under way may take when the service stops." },
	{ "AUTO_APPROVE_USERS", CONF_BOOL, CONF_RELOAD, AT(auto_approve_users), .fallback = "no",
	  .sentence = "New users are active at once instead of waiting for an admin." },
	{ "BCRYPT_COST", CONF_INT, CONF_RELOAD, AT(bcrypt_cost), .fallback = "12",
	  .min = BCRYPT_COST_MIN, .max = BCRYPT_COST_MAX,
	  .sentence = "Cost of password hashes. After it was changed, each login makes a new hash." },
	{ "PASSWORD_MIN_LENGTH", CONF_INT, CONF_RELOAD, AT(password_min), .fallback = "12",
	  .min = 8, .max = 64, .sentence = "Fewest characters of a new password." },
	{ "ACCESS_TOKEN_TTL", CONF_INT, CONF_RELOAD, AT(access_token_ttl), .fallback = "3600",
	  .min = 1, .max = 86400, .sentence = "Seconds that an access token is valid." },
	{ "REFRESH_TOKEN_TTL", CONF_INT, CONF_RELOAD, AT(refresh_token_ttl), .fallback = "2592000",
	  .min = 1, .max = 31536000,
	  .sentence = "Seconds that a session is valid without a refresh." },
	{ "MAX_KEYS_PER_USER", CONF_INT, CONF_RELOAD, AT(keys_per_user), .fallback = "100",
	  .min = 1, .max = 1000000, .sentence = "Live API keys that one user may have." },
	{ "MAX_TENANTS_PER_USER", CONF_INT, CONF_RELOAD, AT(tenants_per_user), .fallback = "10",
	  .min = 1, .max = 1000000,
	  .sentence = "Teams that one user may own, besides the personal tenant." },
	{ "USAGE_RETENTION_MONTHS", CONF_INT, CONF_RELOAD, AT(usage_retention_months),
	  .fallback = "25", .min = 1, .max = 120,
	  .sentence = "Months of usage rows and counters kept before the current one." },
	{ "ADMIN_TOKEN_USAGE_DAYS", CONF_INT, CONF_RELOAD, AT(token_usage_days), .fallback = "400",
	  .min = 1, .max = 36500, .sentence = "Days that the calls of admin tokens are kept." },
	{ "USAGE_DURABILITY", CONF_WORD, CONF_RELOAD, AT(usage_durability), .fallback = "async",
	  .words = durability_words,
	  .sentence = "async: a request is let through when its usage row is in shared memory; "
		      "sync: when the row is committed, or 503 after DATABASE_TIMEOUT_MS." },
	{ "PUBLIC_URL", CONF_TEXT, CONF_RELOAD | CONF_ORIGINS | CONF_HTTPS, AT(public_url), .fallback = "",
	  .sentence = "Where browsers reach this service, such as https://pierre.example.org; providers send "
		      "users back there. Empty = users connect only by an application of the server that has a "
		      "redirect_uri." },
	{ "CORS_ORIGINS", CONF_TEXT, CONF_RELOAD | CONF_ORIGINS, AT(cors_origins), .fallback = "",
	  .sentence = "Origins of web pages that may call Pierre's own routes, such as "
		      "https://app.example.org, blanks or commas between; empty = none." },
	{ "PROVIDERS_FILE", CONF_TEXT, CONF_RELOAD, AT(providers_file), KEEP(providers), .fallback = "",
	  .sentence = "JSON file whose entries add services that users connect, or change those that are "
		      "built in ('pierre provider list'); empty = none." },
	{ "OUTBOUND_ALLOW", CONF_TEXT, CONF_RELOAD | CONF_NETWORKS, AT(outbound_allow), .fallback = "",
	  .sentence = "Networks, such as 10.1.2.0/24, that calls to such services may reach though they "
		      "are not public, blanks or commas between; empty = none." },
	{ "OUTBOUND_CA_FILE", CONF_TEXT, CONF_RELOAD, AT(outbound_ca_file), KEEP(outbound_ca), .fallback = "",
	  .sentence = "PEM file of the authorities that these calls trust instead of the system's." },
	{ "SPOOL_DIR", CONF_TEXT, 0, AT(spool_dir), .fallback = "/var/lib/pierre/spool",
	  .sentence = "Directory of new tokens that wait to be stored, sealed: on a disk, mode 0700, "
		      "of the service's user. Without it no token is refreshed; all else is served." },
	{ "LOG_LEVEL", CONF_WORD, CONF_RELOAD, AT(log_level), .fallback = "info", .words = level_words,
	  .sentence = "The least important line that is logged: debug, info, warn or error." },
	{ "PIERRE_CLOCK_OFFSET", CONF_INT, CONF_RELOAD, AT(clock_offset), .fallback = "0",
	  .min = -3155760000, .max = 3155760000,
	  .sentence = "For tests only: seconds added to the clock, PostgreSQL's too; logged loudly at start." },
	{ "PIERRE_HOST_CLOCK_OFFSET", CONF_INT, CONF_RELOAD, AT(host_clock_offset), .fallback = "0",
	  .min = -3155760000, .max = 3155760000,
	  .sentence = "For tests only: seconds added to the clock of this host alone." },
	{ .name = NULL },
};
