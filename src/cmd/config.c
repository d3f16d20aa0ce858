/*
 * cmd/config.c - pierre config ...: judge the configuration without starting
 * anything, and show what every option is and where its value came from.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "cmd/config_check.h"
#include "cmd/context.h"
#include "cmd/fail.h"
#include "cmd/nginx_check.h"
#include "cmd/print.h"
#include "cmd/spool_check.h"
#include "cmd/tables.h"
#include "db/admin.h"
#include "master/master.h"

/* --- config check ----------------------------------------------------------- */

static bool check_database(struct check *c, struct err *err_r)
{
	return db_url_check(c->conf->database_url, err_r);
}

static bool check_key(struct check *c, struct err *err_r)
{
	return c->conf->encryption_key.set ||
	       err_field(err_r, ERR_CONFIG, "ENCRYPTION_KEY",
			 "ENCRYPTION_KEY is not set: the systemd unit gives it by LoadCredential; in a "
			 "shell set ENCRYPTION_KEY_FILE=FILE (made with 'openssl rand -base64 32')");
}

static bool is_reported(const struct check *c, const char *name)
{
	return c->reported.s && strstr(c->reported.s, arena_printf(c->args->arena, " %s ", name));
}

static const char *directory(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return ".";
	return slash == path ? "/" : arena_strndup(arena, path, (size_t)(slash - path));
}

/* systemd makes the directory of the default path when the service starts. */
static bool is_made_by_unit(const struct check *c, const char *name, const char *dir)
{
	for (const struct conf_option *o = conf_options; o->name; o++)
		if (str_eq(o->name, name))
			return str_eq(dir, directory(c->args->arena, o->fallback));
	return false;
}

static bool check_socket(struct check *c, const char *name, const char *path, struct err *err_r)
{
	const char *dir = directory(c->args->arena, path);
	struct stat st;

	if (strlen(path) > SOCKET_PATH_MAX)
		return err_field(err_r, ERR_CONFIG, name, "%s is %zu bytes long; a socket path has at most %zu",
				 name, strlen(path), SOCKET_PATH_MAX);
	if (stat(dir, &st) == 0 && !S_ISDIR(st.st_mode))
		return err_field(err_r, ERR_CONFIG, name, "%s: %s is not a directory", name, dir);
	if (stat(dir, &st) == 0)
		return true;
	if (errno != ENOENT || !is_made_by_unit(c, name, dir))
		return err_field(err_r, ERR_CONFIG, name, "%s: the directory %s: %s; make it: "
				 "mkdir -p %s, owned by the service's user", name, dir, strerror(errno), dir);
	if (is_reported(c, dir))
		return true;
	strbuf_addf(&c->reported, " %s ", dir);
	note_tell(name, "the directory %s is not there yet: systemd makes it; by hand: mkdir %s, owned by the "
		  "service's user", dir, dir);
	return true;
}

static bool check_fast_socket(struct check *c, struct err *err_r)
{
	return check_socket(c, "FAST_SOCKET", c->conf->fast_socket, err_r);
}

static bool check_slow_socket(struct check *c, struct err *err_r)
{
	return check_socket(c, "SLOW_SOCKET", c->conf->slow_socket, err_r);
}

static bool check_two_sockets(struct check *c, struct err *err_r)
{
	return !str_eq(c->conf->fast_socket, c->conf->slow_socket) ||
	       err_field(err_r, ERR_CONFIG, "SLOW_SOCKET", "FAST_SOCKET and SLOW_SOCKET are the same path");
}

static bool check_spool(struct check *c, struct err *err_r)
{
	return spool_check(c->conf->spool_dir, c->args->arena, err_r);
}

static const struct config_check own_checks[] = {
	{ "DATABASE_URL", check_database },
	{ "ENCRYPTION_KEY", check_key },
	{ "FAST_SOCKET", check_fast_socket },
	{ "SLOW_SOCKET", check_slow_socket },
	{ "SLOW_SOCKET", check_two_sockets },
	{ "SPOOL_DIR", check_spool },
	{ 0 },
};
static const struct config_check *const checks[] = { own_checks, outbound_checks, NULL };

struct check_out {
	bool sound;
};
static const struct field check_fields[] = {
	FIELD(struct check_out, sound, BOOL, 0, NULL),
	{ 0 },
};
static const struct field_schema check_schema =
	FIELD_SCHEMA("ConfigCheck", struct check_out, check_fields);

struct check_options {
	const char *nginx;
};
static const struct field check_options_fields[] = {
	FIELD(struct check_options, nginx, TEXT, 0,
	      "Judge the output of `nginx -T` instead; - is standard input", .value_word = "FILE"),
	{ 0 },
};
static const struct field_schema check_options_schema =
	FIELD_SCHEMA("CheckOptions", struct check_options, check_options_fields);

static void report(void *arg, const struct err *err)
{
	struct check *c = arg;

	fail_tell(err);
	c->faults++;
	strbuf_addf(&c->reported, " %s ", err->field);
}

/* One sentence for each mistake; those of reading have been said. */
static void run_checks(struct check *c)
{
	struct err err;

	for (const struct config_check *const *table = checks; *table; table++)
		for (const struct config_check *k = *table; k->name; k++)
			if (!is_reported(c, k->name) && !k->fn(c, &err))
				report(c, &err);
}

static bool check_config(struct context *c, const void *in, void *out, struct err *err_r)
{
	const struct check_options *options = in;
	struct check check = { .args = c->args, .reported = { .arena = c->arena } };
	struct conf *conf = conf_check(c->args->config_file, report, &check);
	struct cmd_args with_conf = *c->args;
	struct check_out *result = out;

	check.conf = with_conf.conf = conf;
	if (!options->nginx)
		run_checks(&check);
	else if (check.faults == 0)
		check.faults += !nginx_check(&with_conf, options->nginx);
	conf_free(&conf);
	result->sound = check.faults == 0;
	if (!result->sound && c->args->json)
		print_record(c->args, &check_schema, result);
	return result->sound || fail_told(err_r);
}

/* --- config dump ------------------------------------------------------------ */

struct option_out {
	const char *name, *value, *source, *sentence;
	bool is_secret;
};
static const struct field option_fields[] = {
	FIELD(struct option_out, name, TEXT, 0, NULL),
	FIELD(struct option_out, value, TEXT, 0, NULL),
	FIELD(struct option_out, source, TEXT, 0, NULL),
	FIELD(struct option_out, sentence, TEXT, 0, NULL),
	{ 0 },
};
static const struct field_schema option_schema =
	FIELD_SCHEMA("Option", struct option_out, option_fields);

static const char *source(const struct cmd_args *a, const struct conf_option *o,
			  const char *value)
{
	if (getenv(o->name) || getenv(arena_printf(a->arena, "%s_FILE", o->name)))
		return "environment";
	return str_eq(value, o->fallback) || !a->config_file ? "default" : a->config_file;
}

static struct option_out option_of(const struct cmd_args *a, const struct conf_option *o)
{
	char buf[256];
	const char *value = arena_strdup(a->arena, conf_value(a->conf, o, buf, sizeof(buf)));

	return (struct option_out){ o->name, value, source(a, o, value), o->sentence,
				    o->flags & CONF_SECRET };
}

static bool dump(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct cmd_page *page = out;
	struct option_out *options;
	size_t n = 0;

	(void)in;
	(void)err_r;
	while (conf_options[n].name)
		n++;
	options = arena_alloc(c->arena, n * sizeof(*options));
	for (size_t i = 0; i < n; i++)
		options[i] = option_of(c->args, &conf_options[i]);
	page->out.rows = (struct field_list){ options, n };
	return true;
}

/* Can be used as a --config file again: secrets stay comments. */
static void option_text(const void *item)
{
	const struct option_out *o = item;

	printf("# %s (%s)\n%s%s=%s\n", o->sentence, o->source, o->is_secret ? "# " : "", o->name,
	       o->value);
}

static const struct cmd_list dump_lists[] = { { &option_schema, NULL, option_text }, { 0 } };

const struct cmd config_commands[] = {
	{ .words = "config check", .operands = "", .needs = NEEDS_NOTHING, .fn = check_config,
	  .in = &check_options_schema, .record = &check_schema,
	  .sentence = "Check the configuration and print one sentence for each mistake.",
	  .detail = "Connects to nothing and makes nothing. A note names what is missing now and is made "
		    "later by the service, or what to know of calls to providers. nginx -T | pierre config check --nginx - finds what breaks Pierre behind nginx, or "
		    "lets requests past it, without an error message: the section NGINX of the man page lists it." },
	{ .words = "config dump", .operands = "", .needs = NEEDS_CONF, .fn = dump,
	  .lists = dump_lists,
	  .sentence = "Print every option with its value and the source of the value.",
	  .detail = "The output is a file for --config; ENCRYPTION_KEY is shown as (set) and DATABASE_URL "
		    "without its password, both in comments." },
	{ 0 },
};
