/*
 * driver_pgsql_wait.c - talking to the server without ever waiting past a
 * deadline. Knows libpq's asynchronous calls; knows nothing of outcomes
 * beyond ready, late and lost.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

#include "base/clock.h"
#include "db/driver_pgsql.h"

enum pgsql_wait pgsql_wait_for(PGconn *pg, short events, int64_t deadline)
{
	struct pollfd p = { .fd = PQsocket(pg), .events = events };

	if (p.fd < 0)
		return PGSQL_LOST;
	for (;;) {
		int64_t left = deadline - clock_monotonic();
		if (left < 0)
			left = 0;
		int n = poll(&p, 1, left > INT_MAX ? INT_MAX : (int)left);
		if (n > 0)
			return PGSQL_READY;
		if (n == 0)
			return PGSQL_LATE;
		if (errno != EINTR)
			return PGSQL_LOST;
	}
}

/* A large statement does not fit the socket's buffer at once, and the server may be
 * sending meanwhile: read too, or both sides wait for ever. */
static enum pgsql_wait flush(PGconn *pg, int64_t deadline)
{
	for (;;) {
		int rc = PQflush(pg);
		if (rc == 0)
			return PGSQL_READY;
		if (rc < 0)
			return PGSQL_LOST;
		enum pgsql_wait w = pgsql_wait_for(pg, POLLIN | POLLOUT, deadline);
		if (w != PGSQL_READY)
			return w;
		if (!PQconsumeInput(pg))
			return PGSQL_LOST;
	}
}

bool pgsql_is_error(const PGresult *r)
{
	switch (PQresultStatus(r)) {
	case PGRES_EMPTY_QUERY:
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_SINGLE_TUPLE:
		return false;
	default:
		return true;
	}
}

/* libpq hands out a COPY result for ever; only pgsql_copy_in() expects one. */
static bool is_copy(const PGresult *r)
{
	ExecStatusType s = PQresultStatus(r);

	return s == PGRES_COPY_IN || s == PGRES_COPY_OUT || s == PGRES_COPY_BOTH;
}

static enum pgsql_wait next_result(PGconn *pg, int64_t deadline, PGresult **r)
{
	while (PQisBusy(pg)) {
		enum pgsql_wait w = pgsql_wait_for(pg, POLLIN, deadline);
		if (w != PGSQL_READY)
			return w;
		if (!PQconsumeInput(pg))
			return PGSQL_LOST;
	}
	*r = PQgetResult(pg);
	return PGSQL_READY;
}

static enum pgsql_wait drain(PGconn *pg, int64_t deadline)
{
	enum pgsql_wait w;
	PGresult *r;

	while ((w = next_result(pg, deadline, &r)) == PGSQL_READY && r)
		PQclear(r);
	return w;
}

enum pgsql_wait pgsql_results(PGconn *pg, int64_t deadline, PGresult **result_r)
{
	PGresult *kept = NULL, *r = NULL;
	enum pgsql_wait w = flush(pg, deadline);

	*result_r = NULL;
	while (w == PGSQL_READY) {
		w = next_result(pg, deadline, &r);
		if (w != PGSQL_READY || !r)
			break;
		if (is_copy(r)) {
			PQclear(r);
			w = PGSQL_LOST;
			break;
		}
		if (kept && pgsql_is_error(kept)) {
			PQclear(r);
			continue;
		}
		PQclear(kept);
		kept = r;
	}
	if (w == PGSQL_READY && !kept)
		w = PGSQL_LOST;
	if (w != PGSQL_READY) {
		PQclear(kept);
		return w;
	}
	*result_r = kept;
	return PGSQL_READY;
}

enum pgsql_wait pgsql_copy_in(PGconn *pg, const char *text, size_t n, int64_t deadline,
			      PGresult **result_r)
{
	PGresult *r = NULL;
	enum pgsql_wait w = flush(pg, deadline);
	bool ready;

	*result_r = NULL;
	if (w == PGSQL_READY)
		w = next_result(pg, deadline, &r);
	if (w != PGSQL_READY)
		return w;
	ready = r && PQresultStatus(r) == PGRES_COPY_IN;
	if (!ready) {          /* refused: read on to the end, and hand that out */
		w = drain(pg, deadline);
		if (w == PGSQL_READY && r)
			*result_r = r;
		else
			PQclear(r);
		return r ? w : PGSQL_LOST;
	}
	PQclear(r);
	if (n > INT_MAX || PQputCopyData(pg, text, (int)n) != 1 || PQputCopyEnd(pg, NULL) != 1)
		return PGSQL_LOST;
	return pgsql_results(pg, deadline, result_r);
}
