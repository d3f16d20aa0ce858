/* cmd/provider_app.c - pierre provider app ...: the server's own applications at providers. */
#include "config.h"

#include "base/clock.h"
#include "cmd/secret.h"
#include "cmd/tables.h"
#include "cmd/vault.h"
#include "op/budget.h"
#include "op/provider_app.h"
#include "provider/providers.h"
#include "store/quota.h"

static bool named(struct context *c, struct provider *out, struct err *err_r)
{
	const struct providers *all = providers_read(c->arena, c->args->conf->providers_file, err_r);

	return all && provider_get(all, c->args->operands[0], clock_now(), out, err_r);
}

static bool set(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct provider_app app = *(const struct provider_app *)in;
	struct provider p;
	bool done;

	done = named(c, &p, err_r) && secret_read(c->args, c->password_fd, &app.client_secret, err_r) &&
	       vault_begin(c, err_r) &&
	       op_provider_app_put(&c->op, scope_all(&c->op), &p, &app, out, err_r);
	vault_end(c);
	return done;
}

static const char *const columns[] = {
	"provider", "client_id", "redirect_uri", "state", "state_since", "updated_at", NULL,
};
static const struct cmd_list lists[] = { { &provider_app_schema, columns, NULL }, { 0 } };

static bool list(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct cmd_page *page = out;

	(void)in;
	return op_provider_app_list(&c->op, scope_all(&c->op), &page->out.rows, err_r);
}

static const char *const budget_columns[] = {
	"provider", "client_id", "budget", "used", "resets_at", "shut_until", NULL,
};
static const struct cmd_list budget_lists[] = { { &budget_state_schema, budget_columns, NULL }, { 0 } };

static bool budgets(struct context *c, const void *in, void *out, struct err *err_r)
{
	const struct providers *all = providers_read(c->arena, c->args->conf->providers_file, err_r);
	struct cmd_page *page = out;
	bool done;

	(void)in;
	if (!all)
		return false;
	c->process.quota = store_quota_open(c->op.db);
	done = op_budget_list(&c->op, all, &page->out.rows, err_r);
	store_quota_close(&c->process.quota, c->op.db);
	return done;
}

static bool reopen(struct context *c, const void *in, void *out, struct err *err_r)
{
	bool done;

	(void)in;
	c->process.quota = store_quota_open(c->op.db);
	done = op_budget_reopen(&c->op, c->args->operands[0], out, err_r);
	store_quota_close(&c->process.quota, c->op.db);
	return done;
}

static bool delete(struct context *c, const void *in, void *out, struct err *err_r)
{
	const char *provider = c->args->operands[0];

	(void)in;
	return op_provider_app_get(&c->op, scope_all(&c->op), provider, out, err_r) &&
	       op_provider_app_delete(&c->op, scope_all(&c->op), provider, err_r);
}

#define OF_APP .min_operands = 1, .max_operands = 1, .needs = NEEDS_SCHEMA, .record = &provider_app_schema, \
	.stuck = ERR_NOT_FOUND
#define ON_APP .operands = "PROVIDER", OF_APP

const struct cmd provider_app_commands[] = {
	{ .words = "provider app set", ON_APP, .fn = set, .in = &provider_app_shell_schema, .value = true,
	  .next_step = "'pierre provider list' shows all providers",
	  .sentence = "Set the server's own application at a provider, for all users who have none.",
	  .detail = "The application's secret is asked for on the terminal, or is the first line of "
		    "--value-file. The service uses it from the next call on. One that is there is changed, as after a new "
		    "secret; another client id only while no connection needs it. Without --redirect-uri "
		    "PUBLIC_URL must be set. An application of a user, or of a tenant, goes before this one." },
	{ .words = "provider app list", .operands = "", .needs = NEEDS_SCHEMA, .fn = list, .lists = lists,
	  .sentence = "List the server's own applications, without their secrets." },
	{ .words = "provider app budgets", .operands = "", .needs = NEEDS_SCHEMA, .fn = budgets,
	  .lists = budget_lists,
	  .sentence = "Show what the server's own applications have asked for in the windows that run.",
	  .detail = "Counted for all hosts together. shut_until: the provider has refused more before it. "
		    "Budgets of each user or token are not listed." },
	{ .words = "provider app reopen", .operands = "PROVIDER|ID", OF_APP, .fn = reopen,
	  .next_step = "'pierre provider app list' shows the server's own; provider_shut in the log has the id of each",
	  .sentence = "Ask a provider again before the moment to which its refusal has shut an application.",
	  .detail = "PROVIDER: the server's own application there. ID: any application, as provider_shut in the log "
		    "names it. Refreshes that wait for it are tried at once. Requests in our own budgets stay counted, "
		    "and the next refusal shuts it again." },
	{ .words = "provider app delete", ON_APP, .fn = delete,
	  .next_step = "'pierre provider app list' shows them",
	  .sentence = "Delete the server's own application; not while connections need it." },
	{ 0 },
};
