/*
 * cmd/provider.c - pierre provider ...: the services that users connect, as the built-in
 * rows and PROVIDERS_FILE make them.
 */
#include "config.h"

#include "base/clock.h"
#include "cmd/context.h"
#include "cmd/tables.h"
#include "provider/providers.h"

static const char *const columns[] = {
	"id", "title", "refresh", "replay", "keepalive", "retired_on", "successor", NULL,
};
static const struct cmd_list lists[] = { { &provider_schema, columns, NULL }, { 0 } };

static bool list(struct context *c, const void *in, void *out, struct err *err_r)
{
	const struct providers *all = providers_read(c->arena, c->args->conf->providers_file, err_r);
	struct cmd_page *page = out;

	(void)in;
	if (!all)
		return false;
	page->out.rows = providers_all(all, clock_now(), c->arena);
	return true;
}

static bool show(struct context *c, const void *in, void *out, struct err *err_r)
{
	const struct providers *all = providers_read(c->arena, c->args->conf->providers_file, err_r);

	(void)in;
	return all && provider_get(all, c->args->operands[0], clock_now(), out, err_r);
}

struct check_out {
	int64_t providers;
};
static const struct field check_fields[] = {
	FIELD(struct check_out, providers, INT, 0, NULL),
	{ 0 },
};
static const struct field_schema check_schema =
	FIELD_SCHEMA("ProviderCheck", struct check_out, check_fields);

static bool check(struct context *c, const void *in, void *out, struct err *err_r)
{
	const struct providers *all = providers_read(c->arena, c->args->operands[0], err_r);
	struct check_out *result = out;

	(void)in;
	if (!all)
		return false;
	result->providers = (int64_t)providers_all(all, TIME_LAST, c->arena).n;
	return true;
}

const struct cmd provider_commands[] = {
	{ .words = "provider list", .operands = "", .needs = NEEDS_CONF, .fn = list, .lists = lists,
	  .sentence = "List the services that users can connect, as they are now.",
	  .detail = "Built-in rows and those of PROVIDERS_FILE. --json shows every column." },
	{ .words = "provider show", .operands = "PROVIDER", .min_operands = 1, .max_operands = 1,
	  .needs = NEEDS_CONF, .fn = show, .record = &provider_schema, .stuck = ERR_NOT_FOUND,
	  .next_step = "'pierre provider list' shows all providers",
	  .sentence = "Show a provider with all its columns, as they are now.",
	  .detail = "What stands in unverified was read nowhere: the cautious value is used." },
	{ .words = "provider check", .operands = "FILE", .min_operands = 1, .max_operands = 1,
	  .needs = NEEDS_NOTHING, .fn = check, .record = &check_schema,
	  .sentence = "Check a file for PROVIDERS_FILE; a mistake is told with its line.",
	  .detail = "The file is {\"providers\": [ENTRY, ...]}. An entry with a new id adds a provider; one "
		    "whose id is known changes the columns that it names, with starts_on from that moment on. "
		    "providers.json, which is installed with Pierre, has the built-in entries." },
	{ 0 },
};
