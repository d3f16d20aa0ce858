/*
 * driver_pgsql_error.c - from SQLSTATE to an outcome and a sentence, and commands,
 * of which the outcome is all. Two tables: one for statements, one for attempts to
 * connect. An error without SQLSTATE means that the connection is lost, whatever
 * PQstatus() says. Sentences name host and database, never the URL or the password.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "db/driver_pgsql.h"

#define PREPARE_HINT "behind pgbouncer's transaction mode set DATABASE_PREPARE=no"

/* Longest prefix first: the first row that fits counts. */
static const struct {
	const char *state;
	enum db_rc rc;
	enum err_kind kind;
	const char *advice;
} states[] = {
	{ "40001", DB_BUSY, ERR_UNAVAILABLE, "two transactions collided; try again" },
	{ "40P01", DB_BUSY, ERR_UNAVAILABLE, "two transactions waited for each other; try again" },
	{ "55P03", DB_BUSY, ERR_UNAVAILABLE, "another transaction holds the rows; try again" },
	{ "57014", DB_BUSY, ERR_UNAVAILABLE, "the server cancelled the statement; try again" },
	{ "26000", DB_GONE, ERR_UNAVAILABLE, PREPARE_HINT },
	{ "42P05", DB_GONE, ERR_UNAVAILABLE, PREPARE_HINT },
	/* a prepared statement met a changed table: a new connection knows it */
	{ "0A000", DB_GONE, ERR_UNAVAILABLE, "try again" },
	/* a demoted primary: a new connection may find the new one */
	{ "25006", DB_GONE, ERR_UNAVAILABLE, "the server is read-only: point DATABASE_URL at the "
	  "primary, or name all hosts with target_session_attrs=read-write" },
	{ "25P03", DB_GONE, ERR_UNAVAILABLE, "the transaction was left idle too long; try again" },
	{ "53100", DB_ERROR, ERR_UNAVAILABLE, "the server's disk is full: free some space there" },
	{ "53200", DB_ERROR, ERR_UNAVAILABLE, "the server is out of memory" },
	{ "53", DB_ERROR, ERR_UNAVAILABLE, "the server lacks resources: see its log" },
	{ "57P", DB_GONE, ERR_UNAVAILABLE, "the server is restarting or the session was ended; try again" },
	{ "08", DB_GONE, ERR_UNAVAILABLE, "see that the server runs and can be reached" },
	{ "58", DB_ERROR, ERR_UNAVAILABLE, "the server could not read or write its files: see its log" },
	{ "42501", DB_ERROR, ERR_DATABASE, "grant the right to the role in DATABASE_URL" },
	{ "", DB_ERROR, ERR_DATABASE, "see the server's log" },
};

static const struct {
	const char *state;
	enum err_kind kind;
	const char *advice;
} connect_states[] = {
	{ "28", ERR_CONFIG, "correct user and password in DATABASE_URL (or the server's pg_hba.conf)" },
	{ "3D000", ERR_CONFIG, "make the database with createdb, or correct its name in DATABASE_URL" },
	{ "42501", ERR_CONFIG, "grant CONNECT on the database to the role in DATABASE_URL" },
	{ "53300", ERR_UNAVAILABLE, "run fewer workers, or raise max_connections on the server" },
	{ "57P03", ERR_UNAVAILABLE, "try again when the server has finished starting or stopping" },
	{ "57P01", ERR_UNAVAILABLE, "try again when the server runs again" },
	{ "", ERR_UNAVAILABLE, "see that the server runs and can be reached" },
};

/* What libpq itself says, without SQLSTATE. */
static const struct {
	const char *phrase;
	enum err_kind kind;
	const char *advice;
} connect_phrases[] = {
	{ "no password supplied", ERR_CONFIG, "add the password to DATABASE_URL or a .pgpass file" },
	{ "SSL was required", ERR_CONFIG, "switch ssl on at the server, or correct sslmode in DATABASE_URL" },
	{ "root certificate file", ERR_CONFIG, "correct sslrootcert in DATABASE_URL" },
	{ "certificate verify failed", ERR_CONFIG, "correct sslrootcert in DATABASE_URL, or the server's certificate" },
	{ "does not match host name", ERR_CONFIG, "correct the host in DATABASE_URL, or the server's certificate" },
	{ "session is read-only", ERR_UNAVAILABLE, "name the primary in DATABASE_URL, or wait for one" },
};

/* One line, without the advice on further lines and libpq's trailing dot. */
static void one_line(char *out, size_t size, const char *text)
{
	size_t n = strcspn(text, "\r\n");

	if (n >= size)
		n = size - 1;
	memcpy(out, text, n);
	while (n > 0 && (out[n - 1] == '.' || isspace((unsigned char)out[n - 1])))
		n--;
	out[n] = '\0';
	for (char *p = out; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
}

const char *pgsql_where(const PGconn *pg, struct arena *arena)
{
	const char *host = PQhost(pg), *port = PQport(pg), *name = PQdb(pg);

	return arena_printf(arena, "%s:%s/%s", host && *host ? host : "localhost",
			    port && *port ? port : "5432", name ? name : "");
}

static void break_off(struct db_conn *c)
{
	PQfinish(c->pg);
	c->pg = NULL;
}

/* The name of a unique index tells which field has the conflict. */
static enum db_rc conflict(const struct db_conn *c, const PGresult *r, struct err *err_r)
{
	const char *name = PQresultErrorField(r, PG_DIAG_CONSTRAINT_NAME);

	db_conflict(c->catalog, DB_PGSQL, name ? name : "", err_r);
	return DB_CONFLICT;
}

enum db_rc pgsql_refused(struct db_conn *c, const PGresult *r, struct err *err_r)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *primary = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	char text[256];
	size_t i = 0;

	if (!state)
		return pgsql_lost(c, PGSQL_LOST, false, err_r);
	if (str_eq(state, "23505"))
		return conflict(c, r, err_r);
	while (!str_starts(state, states[i].state))
		i++;
	/* class 22 quotes the value at fault, which may be a secret */
	one_line(text, sizeof(text),
		 primary && !str_starts(state, "22") ? primary : "a value was refused");
	err_set(err_r, states[i].kind, "PostgreSQL %s: %s (SQLSTATE %s): %s",
		c->where, text, state, states[i].advice);
	if (states[i].rc == DB_GONE)
		break_off(c);
	return states[i].rc;
}

enum db_rc pgsql_lost(struct db_conn *c, enum pgsql_wait how, bool committing,
		      struct err *err_r)
{
	const char *what = how == PGSQL_LATE ? "did not answer in time"
					     : "lost the connection";

	break_off(c);
	if (committing) {
		err_set(err_r, ERR_UNCERTAIN, "PostgreSQL %s %s during COMMIT: "
			"whether it was stored is not known yet", c->where, what);
		return DB_UNCERTAIN;
	}
	err_set(err_r, ERR_UNAVAILABLE, "PostgreSQL %s %s: see that the server "
		"runs and can be reached", c->where, what);
	return DB_GONE;
}

enum db_rc pgsql_command(struct db_conn *c, const char *sql, bool committing,
			 int64_t deadline, PGresult **result_r, struct err *err_r)
{
	PGresult *r = NULL;

	*result_r = NULL;
	if (!c->pg || PQstatus(c->pg) != CONNECTION_OK)
		return pgsql_lost(c, PGSQL_LOST, false, err_r);
	if (!PQsendQuery(c->pg, sql))
		return pgsql_lost(c, PGSQL_LOST, committing, err_r);
	enum pgsql_wait w = pgsql_results(c->pg, deadline, &r);
	if (w != PGSQL_READY)
		return pgsql_lost(c, w, committing, err_r);
	if (pgsql_is_error(r)) {
		enum db_rc rc = pgsql_refused(c, r, err_r);
		PQclear(r);
		if (rc == DB_GONE && committing)
			return pgsql_lost(c, PGSQL_LOST, true, err_r);
		return rc;
	}
	*result_r = r;
	return DB_OK;
}

/* With PQERRORS_VERBOSE the server's own errors read "FATAL:  28P01: text":
 * the public interface has no other way to a SQLSTATE before a result. */
static const char *find_state(const char *message, char state[6])
{
	for (const char *p = strchr(message, ':'); p; p = strchr(p + 1, ':')) {
		const char *s = p + 1 + strspn(p + 1, " ");
		if (strspn(s, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 5 || s[5] != ':' ||
		    strcspn(s, "0123456789") > 4)
			continue;   /* or "FATAL:" */
		memcpy(state, s, 5);
		state[5] = '\0';
		return s + 6 + strspn(s + 6, " ");
	}
	state[0] = '\0';
	return message;
}

static void classify_connect(const char *where, const char *message, struct err *err_r)
{
	char state[6], text[256];
	const char *said = find_state(message, state);
	size_t i = 0;

	one_line(text, sizeof(text), said);
	for (size_t j = 0; !state[0] && j < sizeof(connect_phrases) / sizeof(connect_phrases[0]); j++)
		if (strstr(message, connect_phrases[j].phrase)) {
			err_set(err_r, connect_phrases[j].kind, "Cannot connect to PostgreSQL %s: %s: %s",
				where, text, connect_phrases[j].advice);
			return;
		}
	while (!str_starts(state, connect_states[i].state))
		i++;
	err_set(err_r, connect_states[i].kind, "Cannot connect to PostgreSQL %s: %s: %s",
		where, text, connect_states[i].advice);
}

void pgsql_connect_error(PGconn *pg, enum pgsql_wait how, struct err *err_r)
{
	struct arena *a = arena_new();
	const char *where = pgsql_where(pg, a);

	if (how == PGSQL_LATE)
		err_set(err_r, ERR_UNAVAILABLE, "Cannot connect to PostgreSQL %s: it did "
			"not answer in time: see that the server runs and can be reached", where);
	else
		classify_connect(where, PQerrorMessage(pg), err_r);
	arena_free(&a);
}
