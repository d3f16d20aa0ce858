/*
 * worker/request.c - the life of one request: parameters, route, body,
 * handler, reply, log line. Everything it makes is gone with the arena.
 *
 * With USAGE_SYNC the reply of a request that has a usage row is kept until the
 * row is committed; others are answered meanwhile.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/handle.h"
#include "http/cors.h"
#include "http/problem.h"
#include "op/refresh.h"
#include "resource/call.h"
#include "resource/subrequest.h"
#include "shm/ring.h"
#include "shm/stat.h"
#include "worker/worker_private.h"

#define PARAMS_MS 5000      /* nginx sends parameters at once */
#define ID_PARAM "REQUEST_ID="
#define SUBREQUEST_PARAM "PIERRE_SUBREQUEST="
#define MARGIN_MAX_MS 500   /* the database gives up this long before the deadline */

struct worker_request {
	struct fcgi *fcgi;
	int64_t start, deadline;
	int64_t start_us;
	int status;                /* before auth_request's form of it */
	bool subrequest;           /* auth_request asks: subrequest_is() */
	struct cors_page page;     /* of a direct request, when CORS_ORIGINS has any */
	struct request req;
	struct response res;
	struct route_match match;
	struct strbuf out;
	uint64_t recorded;         /* sequence of its usage row; 0 = it has none */
	const char *waits_for;     /* op_result */
	bool sent;
};

/* What is left of a request whose reply waits for the recorder. */
struct parked {
	uint64_t recorded;
	int64_t start_us;
	int status;
	bool subrequest;
	struct cors_page page;     /* its origin is in texts */
	enum http_method method;
	const char *method_text;   /* a constant */
	const struct route *route;
	size_t id_len, origin_len, len;
	char texts[];              /* request id, '\0', origin, '\0', reply */
};

static bool is_fast(const struct worker *w)
{
	return w->child->slot->role == ROLE_FAST;
}

static const char *label(const struct worker_request *x)
{
	return x->match.route ? x->match.route->label : NULL;
}

/* Of the fast pool the log keeps what failed; nginx's access log has the rest. */
static enum log_level level_of(const struct worker *w, const struct worker_request *x)
{
	if (x->res.cause)
		return x->status == 500 ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN;
	return is_fast(w) ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
}

/* In an outage every request fails with the same sentence. */
static bool is_repeated(const struct worker *w, const struct worker_request *x)
{
	return x->res.cause && !log_wants(LOG_LEVEL_DEBUG) &&
	       !repeat_first(&w->child->scoreboard->repeats, x->res.cause);
}

/* The log keeps no query: tokens travel there by mistake. */
static void log_request(const struct worker *w, const struct worker_request *x)
{
	const struct request *r = &x->req;
	const char *cause = x->res.cause;

	if (is_repeated(w, x))
		return;
	LOG_EVENT(level_of(w, x), cause ? "request_failed" : "request",
		 LOG_CLIENT("method", r->method_text), LOG_CLIENT("path", r->path),
		 LOG_S("route", label(x)), LOG_N("status", x->status),
		 LOG_N("ms", clock_monotonic() - x->start), LOG_S("request_id", r->request_id),
		 LOG_N("bytes", x->out.len), LOG_S(x->sent ? NULL : "sent", "no"),
		 LOG_S(cause ? "error" : NULL, cause));
}

/* --- what may be run ---------------------------------------------------------------- */

/* The pair as nginx sent it; NULL = it sent none. */
static char *given(char **params, const char *name)
{
	size_t n = strlen(name);

	while (*params && strncmp(*params, name, n) != 0)
		params++;
	return *params;
}

/* True: a process ended at this very request, which nginx now repeats. Of it only the id
 * is read again, and whether auth_request asks. */
static bool is_deadly(struct worker *w, struct worker_request *x, char **params, struct err *err_r)
{
	struct slot *slot = w->child->slot;
	char *id = given(params, ID_PARAM);

	slot_named(slot, id ? id + strlen(ID_PARAM) : "");
	if (!scoreboard_is_marked(w->child->scoreboard, slot, x->start))
		return false;
	request_init(&x->req, w->arena, (char *[]){ id, given(params, SUBREQUEST_PARAM), NULL },
		     err_r);
	err_set(err_r, ERR_INTERNAL, "A process ended at the request %s: it is not run again",
		slot->request_id);
	return true;
}

static bool may_run(const struct worker *w, const struct worker_request *x, struct err *err_r)
{
	const struct route *route = x->match.route;

	if (!w->child->unchecked || !route || route->without_database)
		return true;
	err_reason(err_r, ERR_UNAVAILABLE, "starting",
		   "The service has not reached its database yet; try again later");
	return err_retry(err_r, 1);
}

/* The body of a request that needs none (RFC 9110 section 9.3.1: it has no meaning
 * there) is read and ignored, within the usual limit. */
static bool read_body(struct worker_request *x, struct err *err_r)
{
	const struct route *route = x->match.route;
	size_t max = route && route->body_max ? route->body_max : BODY_SMALL;

	return x->req.content_length == 0 || fcgi_body(x->fcgi, &x->req, max, err_r);
}

/* Is there a row that came too late and is not committed yet? Asked once a request: who lets
 * the next one through has said so in the log. */
static bool row_is_late(struct worker *w)
{
	if (w->late && ring_tail_seq(w->child->segment, w->child->block) >= w->late) {
		log_info("usage_commits", LOG_S("requests", "are let through again"));
		w->late = 0;
	}
	return w->late != 0;
}

static void run(struct worker *w, struct worker_request *x)
{
	const struct child *c = w->child;
	const char *agent = x->req.user_agent;
	struct op op = {
		.db = w->db, .arena = w->arena, .now = clock_now(), .process = &w->process,
		.actor.source = "rest", .result.late = row_is_late(w), .again = fcgi_held(x->fcgi) != 0,
		.client = { .remote_addr = x->req.remote_addr, .request_id = x->req.request_id,
			    .user_agent = agent && *agent ? agent : NULL },
	};
	struct call call = { .req = &x->req, .res = &x->res, .op = &op, .tables = route_tables };
	int64_t margin = c->conf->request_deadline_ms / 10;
	int64_t until = x->deadline - (margin < MARGIN_MAX_MS ? margin : MARGIN_MAX_MS);

	if (is_fast(w) && until > x->start + c->conf->fast_database_timeout_ms)
		until = x->start + c->conf->fast_database_timeout_ms;
	if (w->db) {
		db_deadline(w->db, until);
		db_deadline(w->process.quota, until);
	}
	call_run(&call, &x->match);
	x->recorded = op.result.recorded;
	x->waits_for = op.result.waits_for;
}

static void make_reply(struct worker *w, struct worker_request *x)
{
	const char *origins = w->child->conf->cors_origins;

	x->status = x->res.status;
	if (x->subrequest)
		subrequest_answer(&x->req, x->match.route && x->match.route->internal, &x->res);
	else if (*origins)
		cors_answer(origins, &x->page, &x->res);
	x->out = (struct strbuf){ .arena = w->arena };
	response_write(&x->res, x->req.request_id, x->req.method == HTTP_HEAD, &x->out);
}

/* Also of a request that is refused: its refusal has the form that it asks for. */
static void note_asker(struct worker *w, struct worker_request *x)
{
	x->subrequest = subrequest_is(&x->req);
	if (!x->subrequest && *w->child->conf->cors_origins)
		x->page = cors_read(&x->req);
}

static void answer(struct worker *w, struct worker_request *x, char **params)
{
	struct err err = { .kind = ERR_NONE };
	bool good = !is_deadly(w, x, params, &err) && request_init(&x->req, w->arena, params, &err);

	note_asker(w, x);
	response_init(&x->res, w->arena);
	if (good) {
		route_find(route_tables, &x->req, &x->match);
		/* before the body: a client that stalls shows its route too */
		slot_serving(w->child->slot, x->match.route ? x->match.route->label : "-",
			     x->req.request_id);
		log_debug("request_begins", LOG_CLIENT("path", x->req.path), LOG_S("route", label(x)),
			  LOG_S("request_id", x->req.request_id));
		good = may_run(w, x, &err) && read_body(x, &err);
	}
	if (good)
		run(w, x);
	else
		problem_reply(&x->res, x->req.request_id, &err);
	make_reply(w, x);
}

static void begin(struct worker *w, struct worker_request *x)
{
	x->start_us = clock_monotonic_us();
	x->start = x->start_us / 1000;
	x->deadline = x->start + w->child->conf->request_deadline_ms;
	slot_reading(w->child->slot, x->start, x->deadline);
}

static void end(struct worker *w)
{
	slot_idle(w->child->slot);
	arena_reset(w->arena);
}

static void send_reply(struct worker *w, struct worker_request *x)
{
	x->sent = fcgi_reply(x->fcgi, x->out.s, x->out.len);
	atomic_fetch_add(&w->child->slot->requests, 1);
	stat_request(w->child->segment, w->child->block, route_number(route_tables, x->match.route),
		     x->status, clock_monotonic_us() - x->start_us);
	log_request(w, x);
}

/* --- replies that wait for the recorder -------------------------------------------- */

static bool is_committed(const struct worker *w, uint64_t sequence)
{
	return ring_tail_seq(w->child->segment, w->child->block) >= sequence;
}

static bool must_wait(const struct worker *w, const struct worker_request *x)
{
	return w->child->conf->usage_durability == USAGE_SYNC && !is_committed(w, x->recorded);
}

static char *parked_origin(struct parked *p) { return p->texts + p->id_len + 1; }
static char *parked_reply(struct parked *p) { return parked_origin(p) + p->origin_len + 1; }

static size_t parked_size(size_t id_len, size_t origin_len, size_t len)
{
	return sizeof(struct parked) + id_len + 1 + origin_len + 1 + len;
}

static void park(struct worker *w, struct worker_request *x)
{
	const char *origin = x->page.origin ? x->page.origin : "";
	size_t id_len = strlen(x->req.request_id), origin_len = strlen(origin);
	struct parked *p = malloc(parked_size(id_len, origin_len, x->out.len));

	if (!p)
		abort();
	*p = (struct parked){
		.recorded = x->recorded, .start_us = x->start_us, .status = x->status,
		.subrequest = x->subrequest, .page = x->page, .method = x->req.method,
		.method_text = http_method_names[x->req.method], .route = x->match.route,
		.id_len = id_len, .origin_len = origin_len, .len = x->out.len,
	};
	memcpy(p->texts, x->req.request_id, id_len + 1);
	memcpy(parked_origin(p), origin, origin_len + 1);
	if (x->page.origin)
		p->page.origin = parked_origin(p);
	memcpy(parked_reply(p), x->out.s, x->out.len);
	fcgi_park(x->fcgi, p);
	ring_wake_recorder(w->child->segment);
}

/* Nothing more is let through until this row is committed (op_usage_ready). */
static void refuse_late(struct worker *w, struct worker_request *x, uint64_t sequence)
{
	const struct child *c = w->child;
	struct err err;

	if (!w->late)
		log_error("usage_late", LOG_N("ms", clock_monotonic() - x->start),
			  LOG_S("request_id", x->req.request_id),
			  LOG_S("requests", "are refused until the recorder has committed"));
	w->late = sequence;
	stat_add(c->segment, c->block, STAT_REFUSED_UNAVAILABLE, 1);
	err_set(&err, ERR_UNAVAILABLE, "The usage row was not committed in time");
	err.retry_after = 1;
	response_init(&x->res, w->arena);
	problem_reply(&x->res, x->req.request_id, &err);
	make_reply(w, x);
}

bool worker_request_finish(struct worker *w, struct fcgi *f, bool late)
{
	static const struct params none;   /* what they said is in p */
	struct parked *p = fcgi_parked(f);
	bool committed = is_committed(w, p->recorded);
	struct worker_request x = {
		.fcgi = f, .start_us = p->start_us, .start = p->start_us / 1000,
		.status = p->status, .subrequest = p->subrequest, .page = p->page,
		.match.route = p->route,
		.out = { .s = parked_reply(p), .len = p->len },
		.req = { .arena = w->arena, .method = p->method, .method_text = p->method_text,
			 .path = p->route->pattern, .request_id = p->texts, .params = &none },
	};

	if (!committed && !late)
		return false;
	if (!committed)
		refuse_late(w, &x, p->recorded);
	send_reply(w, &x);
	end(w);
	explicit_bzero(p, parked_size(p->id_len, p->origin_len, p->len));
	free(p);
	return true;
}

/* The plain loop has one request at a time, and nginx's site does not send it
 * any that has a row: this is for a site that does. */
static void wait_commit(struct worker *w, struct worker_request *x)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	int64_t until = x->start + w->child->conf->database_timeout_ms;

	while (!is_committed(w, x->recorded) && clock_monotonic() < until) {
		ring_wake_recorder(w->child->segment);
		nanosleep(&pause, NULL);
	}
	if (!is_committed(w, x->recorded))
		refuse_late(w, x, x->recorded);
}

/* --- replies that wait for a refresh ------------------------------------------------------ */

/* It is run again instead of answered: once the caller says so, or its row does, as the caller
 * of another host may have the connection. */
static bool must_hold(struct worker *w, struct worker_request *x)
{
	bool holds = x->waits_for &&
		     held_add(&w->held, x->fcgi, x->waits_for, x->start_us, x->recorded);

	if (!holds)
		held_remove(&w->held, x->fcgi);
	return holds;
}

void worker_request_look(struct worker *w)
{
	struct op op = { .db = w->db, .arena = w->arena, .now = clock_now(), .process = &w->process };
	struct strings still;
	struct err err;

	db_deadline(w->db, clock_monotonic() + w->child->conf->fast_database_timeout_ms);
	if (!op_refresh_awaited(&op, held_awaited(&w->held, w->arena), &still, &err))
		still = strings_empty;
	held_judge(&w->held, still);
	arena_reset(w->arena);
}

/* --- one request ------------------------------------------------------------------------ */

void worker_request_answer(struct worker *w, struct fcgi *f, char **params)
{
	struct worker_request x = { .fcgi = f };

	begin(w, &x);
	answer(w, &x, params);
	if (fcgi_held(f)) {
		x.start_us = fcgi_held(f);
		x.recorded = held_recorded(&w->held, f);
	}
	if (must_hold(w, &x)) {
		fcgi_hold(f, x.start_us);
	} else if (must_wait(w, &x)) {
		park(w, &x);
	} else {
		x.start = x.start_us / 1000;
		send_reply(w, &x);
	}
	end(w);
}

static void serve(struct worker *w, struct worker_request *x, char **params)
{
	answer(w, x, params);
	if (must_wait(w, x))
		wait_commit(w, x);
	send_reply(w, x);
}

void worker_request_run(struct worker *w, int fd)
{
	struct worker_request x = { .fcgi = w->fcgi };
	int64_t limit = w->child->conf->request_deadline_ms;
	char **params;

	begin(w, &x);
	if (fcgi_begin(w->fcgi, fd, limit < PARAMS_MS ? limit : PARAMS_MS, &params))
		serve(w, &x, params);
	else
		log_debug("connection_dropped", LOG_N("ms", clock_monotonic() - x.start));
	end(w);
}
