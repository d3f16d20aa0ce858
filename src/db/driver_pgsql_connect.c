/*
 * driver_pgsql_connect.c - from DATABASE_URL to an open connection, in time.
 *
 * libpq parses the URL, TLS options included. A URL with several hosts is cut
 * into single-host attempts, each with its share of the time: left to itself,
 * the asynchronous libpq would spend it all on a frozen first host.
 * Not bounded: looking up a host's name, which libpq does with getaddrinfo().
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "db/driver_pgsql.h"


struct target {
	struct arena *arena;
	const PQconninfoOption *parsed;
	int hosts;             /* how many attempts */
	bool whole;            /* leave the list of hosts to libpq */
};

static const char *option(const PQconninfoOption *o, const char *name)
{
	for (; o->keyword; o++)
		if (str_eq(o->keyword, name))
			return o->val;
	return NULL;
}

static int count_items(const char *list)
{
	int n = 1;

	for (; list && *list; list++)
		n += *list == ',';
	return n;
}

/* Item i of a list; a list of one serves every host. NULL stays NULL. */
static const char *item(struct arena *a, const char *list, int i)
{
	if (!list || count_items(list) == 1)
		return list;
	while (i-- > 0)
		list = strchr(list, ',') + 1;
	return arena_strndup(a, list, strcspn(list, ","));
}

/* An unescaped '@' or '/' in the password moves parts of it into host, port
 * or database, from where it would get into sentences: refuse it unseen. */
static bool url_is_sound(const PQconninfoOption *o, struct err *err_r)
{
	const char *host = option(o, "host"), *name = option(o, "dbname");
	const char *port = option(o, "port");

	if ((host && strchr(host, '@')) || (name && strchr(name, '@')) ||
	    (port && port[strspn(port, "0123456789,")]))
		return err_field(err_r, ERR_CONFIG, "DATABASE_URL",
				 "DATABASE_URL has a port that is no number, or a special character "
				 "in the wrong place: in user and password write %%40 for @, %%2F for /, %%3A for : and %%25 for %%");
	return true;
}

static PQconninfoOption *parse(const char *url, struct err *err_r)
{
	char *why = NULL;
	PQconninfoOption *o = PQconninfoParse(url, &why);
	bool unknown = why && strstr(why, "invalid URI query parameter");

	/* libpq's own text quotes the URL, and with it the password */
	PQfreemem(why);
	if (!o) {
		err_field(err_r, ERR_CONFIG, "DATABASE_URL", "%s",
			  unknown ? "DATABASE_URL has a parameter that libpq does not know"
				  : "DATABASE_URL is malformed: write postgresql://user:password@"
				    "host:5432/database, special characters percent-encoded");
		return NULL;
	}
	if (!url_is_sound(o, err_r)) {
		PQconninfoFree(o);
		return NULL;
	}
	return o;
}

/* Without sslrootcert libpq looks in the home directory of the user who
 * connects, which is another one for the service than for root. */
static bool has_root_certificate(const PQconninfoOption *o, struct err *err_r)
{
	const char *mode = option(o, "sslmode"), *file = option(o, "sslrootcert");

	if (!mode || (!str_eq(mode, "verify-full") && !str_eq(mode, "verify-ca")) ||
	    str_eq(file, "system"))
		return true;
	if (!file || !*file)
		return err_field(err_r, ERR_CONFIG, "DATABASE_URL",
				 "DATABASE_URL has sslmode=%s and no sslrootcert: add &sslrootcert=FILE, the "
				 "certificate of the server's authority, readable for the service's user", mode);
	return access(file, F_OK) == 0 ||
	       err_field(err_r, ERR_CONFIG, "DATABASE_URL", "%s, which sslrootcert in DATABASE_URL names: %s",
			 file, strerror(errno));
}

bool pgsql_url_check(const char *url, struct err *err_r)
{
	PQconninfoOption *o = parse(url, err_r);
	bool good = o && has_root_certificate(o, err_r);

	PQconninfoFree(o);
	return good;
}

static void plan(struct target *t)
{
	const char *host = option(t->parsed, "host"), *addr = option(t->parsed, "hostaddr");
	const char *port = option(t->parsed, "port");
	int hosts = count_items(addr && *addr ? addr : host);

	/* prefer-standby makes two rounds, which only libpq can do; lists
	 * of different lengths are for libpq to refuse */
	t->whole = str_eq(option(t->parsed, "target_session_attrs"), "prefer-standby") ||
		   (addr && host && count_items(host) != hosts) ||
		   (count_items(port) != 1 && count_items(port) != hosts);
	t->hosts = t->whole ? 1 : hosts;
}

static PGconn *start(const struct target *t, int i)
{
	size_t n = 3;   /* ours, and the end */
	const char **names, **values;

	for (const PQconninfoOption *o = t->parsed; o->keyword; o++)
		n++;
	names = arena_alloc(t->arena, n * sizeof(*names));
	values = arena_alloc(t->arena, n * sizeof(*values));
	n = 0;
	for (const PQconninfoOption *o = t->parsed; o->keyword; o++) {
		if (!o->val)
			continue;
		bool list = str_eq(o->keyword, "host") || str_eq(o->keyword, "hostaddr") ||
			    str_eq(o->keyword, "port");
		names[n] = o->keyword;
		values[n++] = list && !t->whole ? item(t->arena, o->val, i) : o->val;
	}
	names[n] = "client_encoding";
	values[n++] = "UTF8";
	names[n] = "fallback_application_name";
	values[n++] = "pierre";
	names[n] = NULL;
	values[n] = NULL;
	return PQconnectStartParams(names, values, 0);
}

static enum pgsql_wait shake_hands(PGconn *pg, int64_t deadline)
{
	PostgresPollingStatusType s = PGRES_POLLING_WRITING;

	if (PQstatus(pg) == CONNECTION_BAD)
		return PGSQL_LOST;
	while (s != PGRES_POLLING_OK) {
		if (s == PGRES_POLLING_FAILED)
			return PGSQL_LOST;
		short events = s == PGRES_POLLING_READING ? POLLIN : POLLOUT;
		enum pgsql_wait w = pgsql_wait_for(pg, events, deadline);
		if (w != PGSQL_READY)
			return w;
		s = PQconnectPoll(pg);
	}
	return PGSQL_READY;
}

static void notice(void *arg, const PGresult *r)
{
	const char *severity = PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);

	(void)arg;
	log_event(str_eq(severity, "WARNING") ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG, "pgsql_notice",
		  (const struct log_field[]){
			  LOG_S("text", PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY)) }, 1);
}

static PGconn *attempt(const struct target *t, int i, int64_t deadline, struct err *err_r)
{
	PGconn *pg = start(t, i);

	if (!pg) {
		err_set(err_r, ERR_UNAVAILABLE, "Out of memory while connecting to PostgreSQL");
		return NULL;
	}
	PQsetNoticeReceiver(pg, notice, NULL);
	PQsetErrorVerbosity(pg, PQERRORS_VERBOSE);
	enum pgsql_wait w = shake_hands(pg, deadline);
	if (w == PGSQL_READY && PQsetnonblocking(pg, 1) == 0)
		return pg;
	pgsql_connect_error(pg, w, err_r);
	PQfinish(pg);
	return NULL;
}

/* The share of the time for one attempt: what is left, by the hosts left;
 * less when the URL says connect_timeout. */
static int64_t share(const struct target *t, int i, int64_t deadline)
{
	int64_t now = clock_monotonic(), seconds;
	int64_t part = deadline > now ? (deadline - now) / (t->hosts - i) : 0;

	if (str_int(option(t->parsed, "connect_timeout"), 1, 3600, &seconds) &&
	    seconds * SECOND_MS < part)
		part = seconds * SECOND_MS;
	return now + part;
}

static PGconn *try_hosts(const struct target *t, int64_t deadline, struct err *err_r)
{
	struct err why = { .kind = ERR_NONE };

	for (int i = 0; i < t->hosts; i++) {
		PGconn *pg = attempt(t, i, share(t, i, deadline), &why);
		if (pg)
			return pg;
		/* as libpq: a refused password is not asked of the next host */
		if (why.kind == ERR_CONFIG)
			break;
	}
	if (err_r)
		*err_r = why;
	if (t->hosts > 1)
		err_prefix(err_r, "None of %d hosts would do, the last one said", t->hosts);
	return NULL;
}

PGconn *pgsql_connect(const char *url, int64_t deadline, struct err *err_r)
{
	PQconninfoOption *parsed = parse(url, err_r);

	if (!parsed)
		return NULL;
	/* libpq sends these in the startup packet, where pgbouncer tracks them;
	 * SET would leak to other clients of it */
	setenv("PGTZ", "UTC", 1);
	setenv("PGDATESTYLE", "ISO", 1);
	struct target t = { .arena = arena_new(), .parsed = parsed };
	plan(&t);
	PGconn *pg = try_hosts(&t, deadline, err_r);
	arena_free(&t.arena);
	PQconninfoFree(parsed);
	return pg;
}
