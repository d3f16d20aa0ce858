/*
 * cmd/context.c - opens what a command needs to call op_*, runs it, and turns
 * an error into one sentence and an exit status.
 */
#include "config.h"

#include <stdio.h>

#include "auth/auth.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "cmd/context.h"
#include "store/instance.h"
#include "worker/worker.h"

#define USAGE_REASON "usage"

bool context_usage(struct err *err_r, const char *sentence)
{
	return err_reason(err_r, ERR_INVALID, USAGE_REASON, "%s", sentence);
}

static bool open_database(struct context *c, struct err *err_r)
{
	c->db = worker_database(c->args->conf, err_r);
	return c->db && db_connect(c->db, err_r);
}

bool context_schema(struct db *db, bool migrate, struct err *err_r)
{
	struct db_schema_status s;
	int applied;

	if (migrate)
		return db_migrate(db, &applied, err_r);
	if (!db_schema_status(db, &s, err_r))   /* refuses a newer one */
		return false;
	if (s.current == s.latest)
		return true;
	return err_set(err_r, ERR_CONFIG,
		       "the schema has version %d and this program needs %d; run 'pierre db migrate' "
		       "(AUTO_MIGRATE is off)", s.current, s.latest);
}

static void open_operation(struct context *c)
{
	c->op = (struct op){
		.db = c->db,
		.arena = c->arena,
		.conf = c->args->conf,
		.block = SIZE_MAX,      /* no ring, no statistics */
		.now = clock_now(),
		.actor = { .is_admin = true, .source = "shell" },
	};
}

/* So that what a command changes holds for the service's next request. */
static void reach_service(struct context *c)
{
	struct instance instance;

	if (store_instance_get(c->db, c->arena, &instance, &c->no_room))
		c->op.room = room_attach(c->args->conf->runtime_dir, instance.database_id,
					 &c->no_room);
}

/* Not found: no service runs here, so nobody has to be told. */
static void say_unreached(const struct context *c)
{
	if (c->op.changed && !c->op.room && c->no_room.kind != ERR_NOT_FOUND)
		fprintf(stderr, "pierre: running workers were not told (%s); they notice within "
			"5 seconds\n", c->no_room.message);
}

static int finish(struct context *c, bool done, const struct err *err)
{
	int status = EXIT_OK;

	if (!done) {
		status = cmd_fail(err);
		if (str_eq(err->reason, USAGE_REASON))
			status = EXIT_USAGE;
	}
	say_unreached(c);
	room_close(&c->op.room);
	db_free(&c->db);
	arena_free(&c->arena);
	return status;
}

static void begin(struct context *c, const struct cmd_args *args)
{
	*c = (struct context){ .args = args, .arena = arena_new() };
	log_init(args->cmd->words, LOG_LEVEL_WARN);
}

int context_run_database(const struct cmd_args *args, context_fn *fn)
{
	struct context c;
	struct err err;

	begin(&c, args);
	return finish(&c, auth_init(&err) && open_database(&c, &err) && fn(&c, &err), &err);
}

int context_run(const struct cmd_args *args, context_fn *fn)
{
	struct context c;
	struct err err;
	bool ready;

	begin(&c, args);
	ready = auth_init(&err) && open_database(&c, &err) && context_schema(c.db, args->conf->auto_migrate, &err);
	if (ready) {
		open_operation(&c);
		reach_service(&c);
	}
	return finish(&c, ready && fn(&c, &err), &err);
}
