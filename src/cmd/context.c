/*
 * cmd/context.c - opens and closes what the function of a command works with.
 */
#include "config.h"

#include <grp.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/auth.h"
#include "base/clock.h"
#include "base/log.h"
#include "cmd/context.h"
#include "cmd/secret.h"
#include "db/admin.h"
#include "db/handle.h"
#include "op/scope.h"
#include "op/user.h"
#include "shm/known.h"
#include "store/instance.h"
#include "store/store.h"

/* The service could not use a file that root makes as an SQLite database, or beside one, and
 * PostgreSQL on this host may ask who connects: so a command of root, which alone can read the
 * master key, acts as the service's user. That is the owner of the path, or of its directory.
 * Without HOME libpq would look for certificates in root's. */
static bool become_owner(struct context *c, const char *path, struct err *err_r)
{
	const struct passwd *owner;
	struct stat st;

	if (geteuid() != 0)
		return true;
	if ((stat(path, &st) != 0 || st.st_uid == 0) &&
	    (stat(dirname(arena_strdup(c->arena, path)), &st) != 0 || st.st_uid == 0))
		return true;
	owner = getpwuid(st.st_uid);
	if (owner && initgroups(owner->pw_name, owner->pw_gid) == 0 && setgid(owner->pw_gid) == 0 &&
	    setuid(owner->pw_uid) == 0 && setenv("HOME", owner->pw_dir, 1) == 0)
		return true;
	return err_set(err_r, ERR_CONFIG, "%.300s belongs to the user with the id %u: run this as that one",
		       path, st.st_uid);
}

static bool check_there(const char *url, const char *path, struct err *err_r)
{
	if (db_url_exists(url, err_r))
		return true;
	return err_r->kind == ERR_NOT_FOUND && db_url_check(url, err_r) &&
	       err_set(err_r, ERR_CONFIG, "the database %.300s does not exist: 'pierre db migrate' makes it, "
		       "and so does the start of the service", path);
}

static bool open_database(struct context *c, struct err *err_r)
{
	const struct conf *conf = c->args->conf;
	const char *path;

	c->db = store_open(conf, err_r);
	if (!c->db)
		return false;
	path = db_is_memory(c->db) ? NULL : db_path(c->db);
	if (!secret_open(c->args, &c->password_fd, err_r))
		return false;
	if (!db_is_memory(c->db) && !become_owner(c, path ? path : conf->runtime_dir, err_r))
		return false;
	if (path && c->args->cmd->needs >= NEEDS_DATABASE &&
	    !check_there(conf->database_url, path, err_r))
		return false;
	return db_connect(c->db, err_r);
}

bool context_schema(struct db *db, bool auto_migrate, struct err *err_r)
{
	const char *or_else = auto_migrate ? ", or start the service" : " (AUTO_MIGRATE is off)";
	struct db_schema_status s;

	if (!db_schema_read(db, &s, err_r))     /* refuses a newer one */
		return false;
	if (s.current == s.latest)
		return true;
	if (s.current == 0)
		return err_set(err_r, ERR_CONFIG,
			       "the database is empty: run 'pierre db migrate' first%s", or_else);
	return err_set(err_r, ERR_CONFIG,
		       "the schema has version %d and this program needs %d: run 'pierre db migrate'%s",
		       s.current, s.latest, or_else);
}

/* One in memory is this process's own, and always empty. */
static bool have_schema(struct context *c, struct err *err_r)
{
	int applied;

	if (db_is_memory(c->db))
		return db_migrate(c->db, &applied, err_r);
	return context_schema(c->db, c->args->conf->auto_migrate, err_r);
}

static void open_operation(struct context *c)
{
	c->process = (struct op_process){ .conf = c->args->conf };
	c->op = (struct op){
		.db = c->db, .arena = c->arena, .process = &c->process,
		.actor = { .role = ROLE_SUPER_ADMIN, .source = "shell" },
	};
}

/* So that what a command changes holds for the service's next request, and that
 * its clock is the service's. */
static void reach_service(struct context *c)
{
	struct instance instance;

	if (store_instance_get(c->db, c->arena, &instance, &c->no_segment))
		c->process.segment = segment_attach(c->args->conf->runtime_dir, instance.database_id,
					 &c->no_segment);
	if (c->process.segment)
		clock_follow(known_start(c->process.segment));
	c->op.now = clock_now();
}

static const char *lost(const void *segment)
{
	return segment_lost(segment);
}

/* What the service refuses to write, a command must not write either. */
static bool files_kept(struct context *c, struct err *err_r)
{
	if (c->process.segment)
		db_watch_set(c->db, (struct db_watch){ .lost = lost, .arg = c->process.segment });
	return !db_is_lost(c->db, err_r);
}

/* Not found: no service runs here, so no process has to be told. */
static void say_unreached(const struct context *c)
{
	if (c->op.result.changed && !c->process.segment && c->no_segment.kind != ERR_NOT_FOUND)
		fprintf(stderr, "pierre: running workers were not told (%s); they notice within "
			"5 seconds\n", c->no_segment.message);
}

static bool open_schema(struct context *c, struct err *err_r)
{
	if (!have_schema(c, err_r))
		return false;
	open_operation(c);
	reach_service(c);
	return files_kept(c, err_r);
}

static bool find_user(struct context *c, struct err *err_r)
{
	return op_user_get(&c->op, scope_all(&c->op), c->args->operands[0], &c->user, err_r);
}

bool context_open(struct context *c, const struct cmd_args *args, struct err *err_r)
{
	const enum cmd_needs needs = args->cmd->needs;

	*c = (struct context){ .args = args, .arena = args->arena, .password_fd = -1 };
	if (needs < NEEDS_MAKING)
		return true;
	log_init(args->cmd->words, LOG_LEVEL_WARN);
	return auth_init(err_r) && open_database(c, err_r) &&
	       (needs < NEEDS_SCHEMA || open_schema(c, err_r)) &&
	       (!args->cmd->on_user || find_user(c, err_r));
}

void context_close(struct context *c)
{
	say_unreached(c);
	if (c->password_fd >= 0)
		close(c->password_fd);
	clock_follow(NULL);
	db_free(&c->db);   /* looks into the segment */
	segment_close(&c->process.segment);
}
