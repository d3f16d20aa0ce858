/*
 * cmd/serve.c - `pierre serve`: gives the master what its children do, and
 * the check that runs before anything serves and at each reload.
 *
 * The check runs in a child of its own, so that the master never holds a
 * database handle.
 */
#include "config.h"

#include <stdlib.h>
#include <unistd.h>

#include "auth/master.h"
#include "auth/seal.h"
#include "base/log.h"
#include "cmd/context.h"
#include "cmd/process.h"
#include "cmd/tables.h"
#include "db/admin.h"
#include "db/handle.h"
#include "http/fcgi.h"
#include "master/master.h"
#include "op/clock.h"
#include "op/data_key.h"
#include "op/instance.h"
#include "outbound/outbound.h"
#include "provider/providers.h"
#include "resource/call.h"
#include "store/quota.h"
#include "store/store.h"
#include "worker/worker.h"

/* A reload runs both generations, each with a scheduler, a recorder and a
 * caller, and two connections are for the shell. */
static bool check_capacity(struct op *op, bool reload, struct err *err_r)
{
	int64_t processes = op->process->conf->fast_workers + op->process->conf->slow_workers + 3;
	int64_t need = (reload ? processes : 2 * processes) + 2;
	struct db_facts facts = { .connections_free = INT_NONE };

	if (db_backend_of(op->db) != DB_PGSQL)
		return true;
	if (!db_facts_read(op->db, op->arena, &facts, err_r))
		return false;
	if (facts.connections_free == INT_NONE || facts.connections_free >= need)
		return true;
	return err_set(err_r, ERR_CONFIG,
		       "PostgreSQL has %lld free connections and %lld are needed (workers and 3, twice in "
		       "a reload, and 2): raise max_connections, or lower WORKERS or SLOW_WORKERS",
		       (long long)facts.connections_free, (long long)need);
}

/* The file of leases is this host's own, so it is made whatever AUTO_MIGRATE says. */
static bool check_quota(struct op *op, struct err *err_r)
{
	struct db *quota = store_quota_open(op->db);
	bool good = store_quota_migrate(quota, err_r);

	store_quota_close(&quota, op->db);
	return good;
}

static bool bring_schema(struct op *op, struct err *err_r)
{
	int applied;

	return op->process->conf->auto_migrate ? db_migrate(op->db, &applied, err_r) :
	       context_schema(op->db, false, err_r);
}

/* The master key is the right one, and opens the data key that seals. */
static bool check_keys(struct op *op, struct err *err_r)
{
	bool change_open;

	if (!op_instance_check_key(op, &change_open, err_r) || !op_vault_check(op, err_r))
		return false;
	if (change_open)
		log_warn("master_key_change_open", LOG_S("in_use", "ENCRYPTION_KEY_PREVIOUS"),
			 LOG_S("next", "pierre keys master, once each host has both keys"));
	return true;
}

static bool check_database(struct op *op, bool reload, struct err *err_r)
{
	if (db_is_memory(op->db))
		return err_set(err_r, ERR_CONFIG,
			       "DATABASE_URL is sqlite::memory:, which serve cannot use: each worker is a "
			       "process and would have a database of its own");
	return db_connect(op->db, err_r) && bring_schema(op, err_r) &&
	       check_keys(op, err_r) &&
	       check_quota(op, err_r) &&
	       check_capacity(op, reload, err_r);
}

static bool database_id(struct op *op, char id[UUID_TEXT], struct err *err_r)
{
	struct instance instance;

	if (!op_instance_ensure(op, &instance, err_r))
		return false;
	return uuid_parse(instance.database_id, id) ||
	       err_set(err_r, ERR_DATABASE, "the id of the database is not a uuid");
}

/* What each worker would refuse: a start that cannot work ends at once. */
static bool check_fcgi(struct err *err_r)
{
	struct fcgi *f;
	bool good = fcgi_start(&f, err_r);

	fcgi_free(&f);
	return good;
}

/* In FIPS mode libgcrypt 1.10 gives no AES-GCM with a nonce of ours (gcry_cipher_setiv). */
static bool check_seal(struct err *err_r)
{
	bool works = seal_works();

	if (auth_fips_mode())
		log_info("fips_mode", LOG_S("libgcrypt", "on"), LOG_S("seals", works ? "yes" : "no"));
	return works || err_set(err_r, ERR_CONFIG, auth_fips_mode() ?
				"libgcrypt is in FIPS mode and refuses to seal with a random nonce: turn it "
				"off for Pierre (/etc/gcrypt/fips_enabled, /proc/sys/crypto/fips_enabled)" :
				"libgcrypt has no AES-256-GCM");
}

/* The caller would not start. */
static bool check_providers(const struct conf *conf, struct err *err_r)
{
	struct arena *arena = arena_new();
	bool good = providers_kept(arena, conf, err_r) &&
		(!*conf->outbound_ca_file ||
		 outbound_ca_judge(&conf->outbound_ca, conf->outbound_ca_file, err_r));

	arena_free(&arena);
	return good;
}

/* A directory that is not there is no outage that passes. */
static bool check_url(const struct conf *conf, struct err *err_r)
{
	if (db_url_check(conf->database_url, err_r))
		return true;
	err_r->kind = ERR_CONFIG;
	return false;
}

static bool check(const struct conf *conf, bool reload, char id[UUID_TEXT], struct err *err_r)
{
	const struct op_process process = { .conf = conf };
	struct op op = { .process = &process, .actor.source = "serve" };
	bool good;

	clock_set_offset(conf->clock_offset, conf->host_clock_offset);
	op.now = clock_now();
	if (!auth_init(err_r) || !check_seal(err_r) || !check_fcgi(err_r) ||
	    !check_providers(conf, err_r) || !check_url(conf, err_r))
		return false;
	op.db = store_open(conf, err_r);
	if (!op.db)
		return false;
	op.arena = arena_new();
	good = check_database(&op, reload, err_r) && database_id(&op, id, err_r) &&
		op_clock_begin(&op, err_r);
	db_free(&op.db);
	arena_free(&op.arena);
	return good;
}

static bool claim(const struct conf *conf, int *fd_r, struct err *err_r)
{
	return db_claim(conf->database_url, fd_r, err_r);
}

static bool may_serve(const struct conf *conf, enum db_backend *backend_r, struct err *err_r)
{
	if (geteuid() == 0)
		return err_set(err_r, ERR_CONFIG,
			       "serve does not run as root: use User= in the systemd unit, or "
			       "'setpriv --reuid=USER --regid=USER --init-groups pierre serve'");
	return db_url_backend(conf->database_url, backend_r, err_r);
}

static void take(const struct conf *conf, enum subkey_purpose purpose, struct master_subkeys *out)
{
	const struct conf_key *previous = &conf->encryption_key_previous;
	struct err err;

	/* without libgcrypt the child does not start (child_open) */
	if (conf->encryption_key.set && auth_init(&err))
		master_subkeys_derive(conf->encryption_key.bytes, previous->set ? previous->bytes : NULL,
				      purpose, out);
}

static void take_fast_keys(const struct conf *conf, struct child *c)
{
	take(conf, SUBKEY_WRAP, &c->wrap_keys);
}

static void take_slow_keys(const struct conf *conf, struct child *c)
{
	take(conf, SUBKEY_WRAP, &c->wrap_keys);
	take(conf, SUBKEY_SESSION_PAIR, &c->pair_keys);
	take(conf, SUBKEY_REPLY, &c->reply_keys);
}

static void take_scheduler_keys(const struct conf *conf, struct child *c)
{
	take(conf, SUBKEY_AUDIT_HEAD, &c->audit_keys);
}

static void take_caller_keys(const struct conf *conf, struct child *c)
{
	take(conf, SUBKEY_WRAP, &c->wrap_keys);
	take(conf, SUBKEY_SPOOL, &c->spool_keys);
}

static bool run_master(const struct cmd_args *a, struct conf *conf, struct err *err_r)
{
	struct master_options options = {
		.config_file = a->config_file,
		.labels = route_labels(route_tables, a->arena),
		.conf = conf,
		.roles = { [ROLE_FAST] = { worker_main, .take_keys = take_fast_keys },
			   [ROLE_SLOW] = { worker_main, .take_keys = take_slow_keys },
			   [ROLE_SCHEDULER] = { scheduler_main, .take_keys = take_scheduler_keys },
			   [ROLE_RECORDER] = { recorder_main, .take_keys = NULL },
			   [ROLE_CALLER] = { caller_main, .take_keys = take_caller_keys,
					     .finish_ms = OUTBOUND_TOTAL_MS + 2 * SECOND_MS } },
		.check = check, .claim = claim,
	};
	enum db_backend backend;

	if (!may_serve(conf, &backend, err_r) || !conf_keep_files(conf, err_r)) {
		conf_free(&conf);
		return false;
	}
	options.backend = backend == DB_PGSQL ? "postgresql" : "sqlite";
	log_init("master", (enum log_level)conf->log_level);
	return master_run(&options, err_r);
}

/* The master owns its configuration: what is read once cannot be read again. */
static bool serve(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct conf *conf = conf_load(c->args->config_file, err_r);

	(void)in;
	(void)out;
	if (!conf)
		return false;
	process_allow_debugger(conf);
	clock_set_offset(conf->clock_offset, conf->host_clock_offset);
	return run_master(c->args, conf, err_r);
}

const struct cmd serve_commands[] = {
	{ .words = "serve", .operands = "", .needs = NEEDS_NOTHING, .fn = serve,
	  .sentence = "Run the service: a master, two pools of workers, a scheduler, a recorder and a caller.",
	  .detail = "Stays in the foreground and logs to standard error. TERM, INT and QUIT finish "
		    "the requests under way and stop. HUP reads the configuration again and replaces the "
		    "workers without failing a request; when the new configuration does not work, the "
		    "old one stays and the log says why. When the database cannot be reached at the start, "
		    "requests get 503, and the service tries again every second. Sockets of systemd are used "
		    "when they are named fast and slow." },
	{ 0 },
};
