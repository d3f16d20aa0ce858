/*
 * driver_pgsql.c - the PostgreSQL driver's slots: statements, transactions,
 * facts. One connection, one active statement, no policy: no retry, no
 * reconnect. Once c->pg is NULL the connection is lost and every slot says so.
 */
#include "config.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "db/driver_pgsql.h"

#define SCHEMA_LOCK "1885956722"   /* "pier", the same on every host */
#define STATEMENT_NAME 24

/* --- connection ------------------------------------------------------------- */

static struct db_conn *open_conn(const struct db_options *o, int64_t deadline,
				 struct err *err_r)
{
	PGconn *pg = pgsql_connect(o->url, deadline, err_r);

	if (!pg)
		return NULL;
	struct arena *home = arena_new();
	struct db_conn *c = arena_new_struct(home, struct db_conn);
	c->home = home;
	c->values = arena_new();
	c->pg = pg;
	c->catalog = o->catalog;
	c->prepare = o->prepare;
	c->prepared = arena_alloc(home, (o->catalog->n_statements + 1) * sizeof(bool));
	c->where = pgsql_where(pg, home);
	return c;
}

static void finish(struct db_conn *c)
{
	PQclear(c->result);
	c->result = NULL;
}

static void close_conn(struct db_conn *c)
{
	struct arena *home = c->home;

	finish(c);
	PQfinish(c->pg);
	arena_free(&c->values);
	arena_free(&home);
}

/* An idle connection gets nothing from the server: when something can be read, the
 * server has closed it, and PQstatus() does not know that yet. */
static bool alive(struct db_conn *c)
{
	if (!c->pg || PQstatus(c->pg) != CONNECTION_OK)
		return false;
	struct pollfd p = { .fd = PQsocket(c->pg), .events = POLLIN };
	return p.fd >= 0 && poll(&p, 1, 0) == 0;
}

/* --- transactions ----------------------------------------------------------- */

static enum db_rc run(struct db_conn *c, const char *sql, int64_t deadline, struct err *err_r)
{
	PGresult *r;
	enum db_rc rc = pgsql_command(c, sql, false, deadline, &r, err_r);

	PQclear(r);
	return rc;
}

static enum db_rc ping(struct db_conn *c, int64_t deadline, struct err *err_r)
{
	return run(c, "SELECT 1", deadline, err_r);
}

/* The server's own time limits end the transaction when we break off, or when this
 * process is frozen. They are one second after our deadline: a COMMIT that the server
 * cancels while it waits for a synchronous standby is answered as if it were safe. */
static enum db_rc begin(struct db_conn *c, int64_t deadline, struct err *err_r)
{
	int64_t left = deadline - clock_monotonic();
	struct arena *a = c->values;

	finish(c);
	arena_reset(a);
	left = (left > 0 ? left : 0) + SECOND_MS;
	return run(c, arena_printf(a, "BEGIN; SET LOCAL statement_timeout = %" PRId64
		   "; SET LOCAL idle_in_transaction_session_timeout = %" PRId64, left, left),
		   deadline, err_r);
}

/* COMMIT of a failed transaction is answered too, by "ROLLBACK". */
static enum db_rc commit(struct db_conn *c, int64_t deadline, struct err *err_r)
{
	PGresult *r;

	finish(c);
	enum db_rc rc = pgsql_command(c, "COMMIT", true, deadline, &r, err_r);
	if (rc == DB_OK && !str_eq(PQcmdStatus(r), "COMMIT")) {
		err_set(err_r, ERR_DATABASE, "PostgreSQL %s rolled the transaction back "
			"at COMMIT, because a statement in it had failed", c->where);
		rc = DB_ERROR;
	}
	PQclear(r);
	return rc;
}

static void rollback(struct db_conn *c, int64_t deadline)
{
	finish(c);
	if (c->pg && run(c, "ROLLBACK", deadline, NULL) != DB_OK) {
		PQfinish(c->pg);
		c->pg = NULL;
	}
}

static int line_of(const char *sql, const char *position)
{
	int64_t n;
	int line = 1;

	if (!str_int(position ? position : "", 1, INT32_MAX, &n))
		return 0;
	for (; *sql && --n > 0; sql++)
		line += *sql == '\n';
	return line;
}

static enum db_rc script(struct db_conn *c, const char *sql, int64_t deadline,
			 struct err *err_r)
{
	PGresult *r = NULL;

	finish(c);
	if (!c->pg || !PQsendQuery(c->pg, sql))
		return pgsql_lost(c, PGSQL_LOST, false, err_r);
	enum pgsql_wait w = pgsql_results(c->pg, deadline, &r);
	if (w != PGSQL_READY)
		return pgsql_lost(c, w, false, err_r);
	enum db_rc rc = DB_OK;
	if (PQresultStatus(r) == PGRES_FATAL_ERROR) {
		int line = line_of(sql, PQresultErrorField(r, PG_DIAG_STATEMENT_POSITION));
		rc = pgsql_refused(c, r, err_r);
		if (line)
			err_prefix(err_r, "line %d", line);
	}
	PQclear(r);
	return rc;
}

/* Polled, since waiting for it on the server would end in a statement timeout
 * and fail the transaction. */
static enum db_rc lock_schema(struct db_conn *c, int64_t deadline, struct err *err_r)
{
	for (;;) {
		PGresult *r;
		enum db_rc rc = pgsql_command(c, "SELECT pg_try_advisory_xact_lock(" SCHEMA_LOCK ")",
					      false, deadline, &r, err_r);
		bool locked = rc == DB_OK && *PQgetvalue(r, 0, 0) == 't';
		PQclear(r);
		if (rc != DB_OK || locked)
			return rc;
		if (clock_monotonic() + 50 >= deadline) {
			err_set(err_r, ERR_UNAVAILABLE, "Another process is migrating the "
				"schema at PostgreSQL %s: try again when it has finished", c->where);
			return DB_BUSY;
		}
		poll(NULL, 0, 50);
	}
}

/* --- statements -------------------------------------------------------------- */

/* The name is a hash of the text, not the number: behind a pooler, or beside an older
 * program, a number may already name another statement. */
static void statement_name(const char *sql, char out[STATEMENT_NAME])
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *sql; sql++)
		h = (h ^ (unsigned char)*sql) * UINT64_C(1099511628211);
	memcpy(out, "pierre_", 7);
	hex_encode(&h, sizeof(h), out + 7);
}

static enum db_rc prepare(struct db_conn *c, int stmt, const char *name, int64_t deadline,
			  struct err *err_r)
{
	const struct db_statement *s = &c->catalog->statements[stmt];
	PGresult *r = NULL;

	if (!PQsendPrepare(c->pg, name, s->sql[DB_PGSQL], 0, NULL))
		return pgsql_lost(c, PGSQL_LOST, false, err_r);
	enum pgsql_wait w = pgsql_results(c->pg, deadline, &r);
	if (w != PGSQL_READY)
		return pgsql_lost(c, w, false, err_r);
	enum db_rc rc = DB_OK;
	if (PQresultStatus(r) != PGRES_COMMAND_OK)
		rc = pgsql_refused(c, r, err_r);
	else
		c->prepared[stmt] = true;
	PQclear(r);
	return rc;
}

static bool bind_values(struct db_conn *c, const struct db_value *args, size_t n,
			const char ***values_r)
{
	const char **values = arena_alloc(c->values, (n + 1) * sizeof(*values));

	for (size_t i = 0; i < n; i++)
		if (!pgsql_param(&args[i], c->values, &values[i]))
			return false;
	*values_r = values;
	return true;
}

static enum db_rc send_statement(struct db_conn *c, int stmt, const char **values, size_t n,
				 int64_t deadline, struct err *err_r)
{
	const char *sql = c->catalog->statements[stmt].sql[DB_PGSQL];
	char name[STATEMENT_NAME];
	enum db_rc rc = DB_OK;
	int sent;

	if (!c->prepare) {
		sent = PQsendQueryParams(c->pg, sql, (int)n, NULL, values, NULL, NULL, 0);
		return sent ? DB_OK : pgsql_lost(c, PGSQL_LOST, false, err_r);
	}
	statement_name(sql, name);
	if (!c->prepared[stmt])
		rc = prepare(c, stmt, name, deadline, err_r);
	if (rc != DB_OK)
		return rc;
	sent = PQsendQueryPrepared(c->pg, name, (int)n, values, NULL, NULL, 0);
	return sent ? DB_OK : pgsql_lost(c, PGSQL_LOST, false, err_r);
}

static enum db_rc take_result(struct db_conn *c, int stmt, int64_t deadline, struct err *err_r)
{
	enum pgsql_wait w = pgsql_results(c->pg, deadline, &c->result);

	if (w != PGSQL_READY)
		return pgsql_lost(c, w, false, err_r);
	ExecStatusType s = PQresultStatus(c->result);
	if (s != PGRES_TUPLES_OK && s != PGRES_COMMAND_OK) {
		enum db_rc rc = pgsql_refused(c, c->result, err_r);
		if (rc == DB_ERROR)
			err_prefix(err_r, "%s", c->catalog->statements[stmt].name);
		finish(c);
		return rc;
	}
	if (c->catalog->statements[stmt].writes &&
	    !str_int(PQcmdTuples(c->result), 0, INT64_MAX, &c->changes))
		c->changes = 0;
	c->row = 0;
	return PQntuples(c->result) > 0 ? DB_ROW : DB_OK;
}

static enum db_rc query(struct db_conn *c, int stmt, const struct db_value *args,
			size_t n, int64_t deadline, struct err *err_r)
{
	const char **values;

	finish(c);
	arena_reset(c->values);
	if (!c->pg)
		return pgsql_lost(c, PGSQL_LOST, false, err_r);
	if (!bind_values(c, args, n, &values)) {
		err_set(err_r, ERR_DATABASE, "%s: a parameter is no JSON array of strings",
			c->catalog->statements[stmt].name);
		return DB_ERROR;
	}
	enum db_rc rc = send_statement(c, stmt, values, n, deadline, err_r);
	return rc == DB_OK ? take_result(c, stmt, deadline, err_r) : rc;
}

static enum db_rc next(struct db_conn *c, struct err *err_r)
{
	(void)err_r;
	if (!c->result || c->row + 1 >= PQntuples(c->result)) {
		finish(c);
		return DB_OK;
	}
	c->row++;
	arena_reset(c->values);
	return DB_ROW;
}

static int64_t changes(struct db_conn *c)
{
	return c->changes;
}

static int columns(struct db_conn *c)
{
	return c->result ? PQnfields(c->result) : 0;
}

static const char *column_name(struct db_conn *c, int col)
{
	return PQfname(c->result, col);
}

static const char *column_text(struct db_conn *c, int col)
{
	if (!c->result || PQgetisnull(c->result, c->row, col))
		return NULL;
	return pgsql_text(PQftype(c->result, col), PQgetvalue(c->result, c->row, col), c->values);
}

/* --- upkeep and facts -------------------------------------------------------- */

static enum db_rc checkpoint(struct db_conn *c, int64_t keep, int64_t deadline, bool *done_r,
			     struct err *err_r)
{
	(void)keep;
	(void)c;
	(void)deadline;
	(void)err_r;
	*done_r = true;
	return DB_OK;
}

/* We do not see the backend_type of other users' sessions, but each has a user and a
 * database; the server's own processes lack one of the two. */
static const char free_connections[] =
	"WITH s AS (SELECT usesysid, datid FROM pg_stat_activity"
	" WHERE usesysid IS NOT NULL AND datid IS NOT NULL) "
	"SELECT current_setting('server_version'), current_setting('server_encoding'),"
	" least("
	"current_setting('max_connections')::bigint"
	" - current_setting('superuser_reserved_connections')::bigint"
	" - coalesce(current_setting('reserved_connections', true)::bigint, 0)"
	" - (SELECT count(*) FROM s),"
	"(SELECT nullif(rolconnlimit, -1) - (SELECT count(*) FROM s WHERE usesysid = r.oid)"
	" FROM pg_roles r WHERE rolname = current_user),"
	"(SELECT nullif(datconnlimit, -1) - (SELECT count(*) FROM s WHERE datid = d.oid)"
	" FROM pg_database d WHERE datname = current_database()))";

static const char *tls(PGconn *pg, struct arena *arena)
{
	if (!PQsslInUse(pg))
		return "off";
	const char *protocol = PQsslAttribute(pg, "protocol"), *cipher = PQsslAttribute(pg, "cipher");
	return arena_printf(arena, "%s %s", protocol ? protocol : "on", cipher ? cipher : "");
}

static bool facts(struct db_conn *c, struct arena *arena, struct db_facts *out,
		  int64_t deadline, struct err *err_r)
{
	PGresult *r;
	int lib = PQlibVersion();

	finish(c);
	if (pgsql_command(c, free_connections, false, deadline, &r, err_r) != DB_OK)
		return false;
	const char *client = PQparameterStatus(c->pg, "client_encoding");
	*out = (struct db_facts){
		.backend = "postgresql",
		.library = arena_printf(arena, "libpq %d.%d", lib / 10000, lib % 10000),
		.server = arena_printf(arena, "PostgreSQL %s", PQgetvalue(r, 0, 0)),
		.encoding = arena_printf(arena, "server %s, client %s", PQgetvalue(r, 0, 1),
					 client ? client : "unknown"),
		.tls = tls(c->pg, arena),
		.where = arena_strdup(arena, c->where),
		.connections_free = INT_NONE,
	};
	if (!str_int(PQgetvalue(r, 0, 2), INT32_MIN, INT32_MAX, &out->connections_free))
		out->connections_free = INT_NONE;
	PQclear(r);
	return true;
}

/* --- files: the server's own ------------------------------------------------- */

static enum db_files files(struct db_conn *c, struct err *err_r)
{
	(void)c;
	(void)err_r;
	return DB_FILES_KEPT;
}

static bool save(struct db_conn *c, int64_t deadline, struct err *said)
{
	(void)c;
	(void)deadline;
	(void)said;
	return true;
}

static int64_t log_bytes(struct db_conn *c)
{
	(void)c;
	return 0;
}

static bool has_space(struct db_conn *c, struct err *err_r)
{
	(void)c;
	(void)err_r;
	return true;
}

static bool any_text(struct db_conn *c, struct err *err_r)
{
	const char *encoding = PQparameterStatus(c->pg, "server_encoding");

	return str_eq(encoding, "UTF8") ||
	       err_set(err_r, ERR_CONFIG, "The database %s has the encoding %s, which does not hold "
		       "every name: make it anew with ENCODING 'UTF8'", PQdb(c->pg),
		       encoding ? encoding : "unknown");
}

static bool exists(const char *url, struct err *err_r)
{
	(void)url;
	(void)err_r;
	return true;
}

static bool claim(const char *url, int *fd_r, struct err *err_r)
{
	(void)url;
	(void)fd_r;
	(void)err_r;
	return true;
}

static bool remove_files(const char *url, struct err *err_r)
{
	(void)url;
	(void)err_r;
	return true;
}

static bool removed(struct db_conn *c)
{
	(void)c;
	return false;
}

const struct db_driver db_driver_pgsql = {
	.name = "postgresql",
	.backend = DB_PGSQL,
	.check = pgsql_url_check,
	.open = open_conn,
	.close = close_conn,
	.alive = alive,
	.files = files,
	.save = save,
	.any_text = any_text,
	.exists = exists,
	.claim = claim,
	.remove = remove_files,
	.removed = removed,
	.ping = ping,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.query = query,
	.bulk = pgsql_bulk,
	.next = next,
	.finish = finish,
	.changes = changes,
	.columns = columns,
	.column_name = column_name,
	.column_text = column_text,
	.script = script,
	.lock_schema = lock_schema,
	.checkpoint = checkpoint,
	.log_bytes = log_bytes,
	.has_space = has_space,
	.facts = facts,
};
