/* op/budget.c - budgets of applications at providers. */
#include "config.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "op/audit.h"
#include "op/budget.h"
#include "op/provider_app.h"
#include "op/refresh_rule.h"
#include "op/scope.h"
#include "provider/providers.h"
#include "store/budget.h"
#include "store/provider_app.h"

#define PARTS_MAX 10         /* budgets of a row: src/model/provider.c */

/* --- which apply --------------------------------------------------------------------- */

/* Who brings tokens asks for no scopes, and need not be identified. */
const char *budget_app_of(const struct connection *c)
{
	bool is_given = c->scopes_asked.n > 0 || refresh_gave(c) || str_eq(c->state, CONNECTION_UNIDENTIFIED);

	return is_given ? c->app_id : NULL;
}

struct subjects {
	const char *app, *connection;   /* NULL = not known */
};

static struct subjects subjects_of(struct arena *arena, const struct budget_call *call)
{
	return (struct subjects){
		.app = call->app_id ? arena_printf(arena, "a%s", call->app_id) : NULL,
		.connection = call->connection_id ? arena_printf(arena, "c%s", call->connection_id) : NULL,
	};
}

static bool is_of_connection(const struct provider_budget *b)
{
	return str_eq(b->of, "user") || str_eq(b->of, "token");
}

static struct budget_part part_of(const struct provider_budget *b, const char *subject, int64_t now)
{
	int64_t window = now / SECOND_MS / b->window;

	return (struct budget_part){
		.row = { .subject = subject, .part = b->of, .seconds = b->window, .window_id = window,
			 .ends_at = (window + 1) * b->window * SECOND_MS },
		.limit = b->limit,
	};
}

/* As sql/common/budget.sql wants them. */
static int order(const struct budget_row *a, const struct budget_row *b)
{
	int subject = strcmp(a->subject, b->subject);

	if (subject != 0)
		return subject;
	if (a->seconds != b->seconds)
		return a->seconds < b->seconds ? -1 : 1;
	return strcmp(a->part, b->part);
}

struct parts {
	struct budget_part all[PARTS_MAX];
	size_t n;
};

/* In order; of two with one window the smaller limit. */
static void add(struct parts *out, const struct budget_part *p)
{
	size_t at = 0;

	while (at < out->n && order(&out->all[at].row, &p->row) < 0)
		at++;
	if (at < out->n && order(&out->all[at].row, &p->row) == 0) {
		if (p->limit < out->all[at].limit)
			out->all[at].limit = p->limit;
		return;
	}
	memmove(&out->all[at + 1], &out->all[at], (out->n++ - at) * sizeof(*p));
	out->all[at] = *p;
}

static void parts_of(const struct budget_call *call, const struct subjects *s, int64_t now,
		     struct parts *out)
{
	out->n = 0;
	for (size_t i = 0; i < call->p->budgets.n && out->n < PARTS_MAX; i++) {
		struct provider_budget b;
		struct budget_part part;
		const char *subject;

		if (!provider_budget_read(call->p->budgets.items[i], &b))
			continue;   /* the file was checked when it was read */
		subject = is_of_connection(&b) ? s->connection : s->app;
		if (!subject || (str_eq(b.of, "read") && !call->reads))
			continue;
		part = part_of(&b, subject, now);
		add(out, &part);
	}
}

/* --- what refuses ---------------------------------------------------------------------- */

/* What is shut for longer than a provider can mean was said under a wrong clock. */
static bool is_shut(const struct budget_row *row, int64_t now)
{
	return str_eq(row->part, BUDGET_SHUT) && row->ends_at > now &&
	       row->ends_at <= now + BUDGET_SHUT_MOST_MS;
}

static bool is_window(const struct budget_row *row, const struct budget_part *part)
{
	return order(row, &part->row) == 0 && row->window_id == part->row.window_id;
}

struct refusal {
	const struct budget_part *full;   /* NULL = the provider has shut it */
	int64_t until;                    /* TIME_NONE = nothing refuses */
};

/* The one that lasts longest. */
static void refuse_by(struct refusal *out, const struct budget_part *full, int64_t until)
{
	if (out->until == TIME_NONE || until > out->until)
		*out = (struct refusal){ full, until };
}

static struct refusal refusal_of(const struct field_list *rows, const struct parts *parts, int64_t now)
{
	const struct budget_row *row = rows->items;
	struct refusal out = { .until = TIME_NONE };

	for (size_t i = 0; i < rows->n; i++) {
		if (is_shut(&row[i], now))
			refuse_by(&out, NULL, row[i].ends_at);
		for (size_t k = 0; k < parts->n; k++)
			if (is_window(&row[i], &parts->all[k]) && row[i].used >= parts->all[k].limit)
				refuse_by(&out, &parts->all[k], row[i].ends_at);
	}
	return out;
}

static bool refuse(const struct op *op, const struct provider *p, const struct refusal *r, int64_t *until_r,
		   struct err *err_r)
{
	char until[TIME_TEXT];

	if (until_r)
		*until_r = r->until;
	time_format(r->until, until);
	if (r->full)
		err_reason(err_r, ERR_RATE, "provider_budget", "%s takes %lld requests in %lld s, and these were "
			   "made: try again at %s", p->title, (long long)r->full->limit,
			   (long long)r->full->row.seconds, until);
	else
		err_reason(err_r, ERR_RATE, "provider_shut", "%s has refused more requests: try again at %s",
			   p->title, until);
	return err_retry(err_r, (int)((r->until - op->now + SECOND_MS - 1) / SECOND_MS));
}

/* --- take, shut -------------------------------------------------------------------------- */

static bool no_store(struct err *err_r)
{
	return err_set(err_r, ERR_UNAVAILABLE, "The budgets of providers cannot be counted here");
}

bool op_budget_take(struct op *op, const struct budget_call *call, int64_t *until_r,
		    struct err *err_r)
{
	const struct subjects s = subjects_of(op->arena, call);
	const struct budget_part *full;
	struct field_list rows;
	struct refusal refused;
	struct parts parts;

	if (until_r)
		*until_r = TIME_NONE;
	if ((!s.app && !s.connection) || (call->auth && str_eq(call->p->auth_calls, "free")))
		return true;
	if (!op->process->quota)
		return no_store(err_r);
	parts_of(call, &s, op->now, &parts);
	/* a flood of what is refused reads alone */
	if (!store_budget_list(op->process->quota, s.app, s.connection, op->now, op->arena, &rows, err_r))
		return false;
	refused = refusal_of(&rows, &parts, op->now);
	if (refused.until != TIME_NONE)
		return refuse(op, call->p, &refused, until_r, err_r);
	if (!store_budget_take(op->process->quota, parts.all, parts.n, &full, err_r))
		return false;
	if (!full)
		return true;
	refused = (struct refusal){ full, full->row.ends_at };
	return refuse(op, call->p, &refused, until_r, err_r);
}

static bool has_own(const struct provider *p)
{
	struct provider_budget b;

	for (size_t i = 0; i < p->budgets.n; i++)
		if (provider_budget_read(p->budgets.items[i], &b) && is_of_connection(&b))
			return true;
	return false;
}

static void log_shut(const struct budget_call *call, bool own, int64_t until)
{
	char text[TIME_TEXT];

	time_format(until, text);
	log_warn("provider_shut", LOG_S("provider", call->p->id),
		 LOG_S(own ? "connection" : "application", own ? call->connection_id : call->app_id),
		 LOG_S("until", text), LOG_S("after", call->what), LOG_S("next", own ? "wait: the provider "
		 "has refused more" : "wait, or if the provider is wrong: pierre provider app reopen"));
}

bool op_budget_shut(struct op *op, const struct budget_call *call, int64_t until,
		    struct err *err_r)
{
	const struct subjects s = subjects_of(op->arena, call);
	bool own = s.connection && (!s.app || has_own(call->p)), later;
	const char *subject = own ? s.connection : s.app;
	int64_t longest = op->now + BUDGET_SHUT_MOST_MS;

	if (!subject || until <= op->now)
		return true;
	if (!op->process->quota)
		return no_store(err_r);
	if (until > longest)
		until = longest;
	if (!store_budget_shut(op->process->quota, subject, until, longest, &later, err_r))
		return false;
	if (later)
		log_shut(call, own, until);
	return true;
}

static bool app_named(struct op *op, const char *named, struct provider_app *out, struct err *err_r)
{
	char id[UUID_TEXT];

	return uuid_parse(named, id) ? store_provider_app_by_id(op->db, id, op->arena, out, err_r)
				     : op_provider_app_get(op, scope_all(op), named, out, err_r);
}

bool op_budget_reopen(struct op *op, const char *named, struct provider_app *out,
		      struct err *err_r)
{
	struct budget_call call = { 0 };
	struct audit_event event;

	if (!op->process->quota)
		return no_store(err_r);
	if (!app_named(op, named, out, err_r))
		return false;
	call.app_id = out->id;
	event = op_audit_of(op, AUDIT_APP_REOPENED, out->id, &provider_app_schema, out);
	if (out->tenant_id)
		event.tenant_id = out->tenant_id;
	return store_budget_reopen(op->process->quota, subjects_of(op->arena, &call).app, err_r) &&
	       store_provider_app_reopen(op->db, &event, out->id, err_r);
}

/* --- shown ------------------------------------------------------------------------------- */

/* Of one application: a line for each of its own budgets, or one that has none. */
static size_t show(struct op *op, const struct provider_app *app, const struct provider *p,
		   const struct field_list *rows, struct budget_state *out)
{
	const struct budget_row *row = rows->items;
	struct budget_state blank = { .provider = app->provider, .client_id = app->client_id, .used = INT_NONE,
				      .resets_at = TIME_NONE, .shut_until = TIME_NONE };
	struct provider_budget b;
	size_t n = 0;

	for (size_t i = 0; i < rows->n; i++)
		if (is_shut(&row[i], op->now))
			blank.shut_until = row[i].ends_at;
	out[0] = blank;
	for (size_t i = 0; i < p->budgets.n; i++) {
		struct budget_part part;

		if (!provider_budget_read(p->budgets.items[i], &b) || is_of_connection(&b))
			continue;
		part = part_of(&b, "", op->now);
		out[n] = blank;
		out[n].budget = p->budgets.items[i];
		out[n].used = 0;
		out[n].resets_at = part.row.ends_at;
		for (size_t k = 0; k < rows->n; k++) {
			part.row.subject = row[k].subject;
			if (is_window(&row[k], &part))
				out[n].used = row[k].used;
		}
		n++;
	}
	return n > 0 ? n : 1;
}

bool op_budget_list(struct op *op, const struct providers *providers, struct field_list *out,
		    struct err *err_r)
{
	const struct provider_app *app;
	struct field_list apps, rows;
	struct budget_state *all;
	size_t n = 0;

	if (!op_provider_app_list(op, scope_all(op), &apps, err_r))
		return false;
	app = apps.items;
	all = arena_alloc(op->arena, (apps.n * PARTS_MAX + 1) * sizeof(*all));
	for (size_t i = 0; i < apps.n; i++) {
		struct provider p = { .id = app[i].provider };   /* it stood in a file of providers once */
		struct budget_call call = { .p = &p, .app_id = app[i].id };
		struct err unknown;

		provider_get(providers, app[i].provider, op->now, &p, &unknown);
		if (!store_budget_list(op->process->quota, subjects_of(op->arena, &call).app, NULL, op->now, op->arena,
				       &rows, err_r))
			return false;
		n += show(op, &app[i], &p, &rows, &all[n]);
	}
	*out = (struct field_list){ all, n };
	return true;
}
