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
#include <sys/un.h>

#include "base/str.h"
#include "cmd/nginx_check.h"
#include "cmd/print.h"
#include "cmd/tables.h"
#include "db/db.h"
#include "op/instance.h"

/* --- config check ----------------------------------------------------------- */

typedef bool check_fn(const struct cmd_args *a, struct err *err_r);

static bool check_database(const struct cmd_args *a, struct err *err_r)
{
	enum db_backend backend;

	return db_url_backend(a->conf->database_url, &backend, err_r);
}

static bool check_key(const struct cmd_args *a, struct err *err_r)
{
	return op_encryption_key(a->conf->encryption_key, NULL, err_r);
}

static bool check_socket(const struct cmd_args *a, const char *name, const char *path,
			 struct err *err_r)
{
	const size_t longest = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
	const char *slash = strrchr(path, '/');
	const char *dir = slash ? arena_strndup(a->arena, path, (size_t)(slash - path)) : ".";
	struct stat st;

	if (strlen(path) > longest)
		return err_field(err_r, ERR_CONFIG, name, "%s is %zu bytes long; a socket path has at most %zu",
				 name, strlen(path), longest);
	if (stat(*dir ? dir : "/", &st) != 0)
		return err_field(err_r, ERR_CONFIG, name, "%s: the directory %s: %s", name, dir,
				 strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return err_field(err_r, ERR_CONFIG, name, "%s: %s is not a directory", name, dir);
	return true;
}

static bool check_fast_socket(const struct cmd_args *a, struct err *err_r)
{
	return check_socket(a, "FAST_SOCKET", a->conf->fast_socket, err_r);
}

static bool check_slow_socket(const struct cmd_args *a, struct err *err_r)
{
	return check_socket(a, "SLOW_SOCKET", a->conf->slow_socket, err_r);
}

static bool check_two_sockets(const struct cmd_args *a, struct err *err_r)
{
	return !str_eq(a->conf->fast_socket, a->conf->slow_socket) ||
	       err_field(err_r, ERR_CONFIG, "SLOW_SOCKET", "FAST_SOCKET and SLOW_SOCKET are the same path");
}

static check_fn *const checks[] = {
	check_database, check_key, check_fast_socket, check_slow_socket, check_two_sockets,
};

struct check_out {
	bool sound;
};
static const struct field check_fields[] = {
	{ .name = "sound", .type = FIELD_BOOL, .offset = FIELD_AT(struct check_out, sound) },
	{ 0 },
};
static const struct field_schema check_schema = {
	"ConfigCheck", sizeof(struct check_out), check_fields, 0,
};

static int check_run(const struct cmd_args *a)
{
	const char *nginx = cmd_option(a, "--nginx");
	struct check_out out = { !nginx || nginx_check(a, nginx) };
	struct err err;

	for (size_t i = 0; !nginx && i < sizeof(checks) / sizeof(checks[0]); i++)
		if (!checks[i](a, &err)) {
			cmd_fail(&err);
			out.sound = false;
		}
	if (out.sound || a->json)
		print_record(a, &check_schema, &out);
	return out.sound ? EXIT_OK : EXIT_FAILED;
}

/* --- config dump ------------------------------------------------------------ */

struct option_out {
	const char *name, *value, *source, *sentence;
};
static const struct field option_fields[] = {
	{ .name = "name", .type = FIELD_TEXT, .offset = FIELD_AT(struct option_out, name) },
	{ .name = "value", .type = FIELD_TEXT, .offset = FIELD_AT(struct option_out, value) },
	{ .name = "source", .type = FIELD_TEXT, .offset = FIELD_AT(struct option_out, source) },
	{ .name = "sentence", .type = FIELD_TEXT,
	  .offset = FIELD_AT(struct option_out, sentence) },
	{ 0 },
};
static const struct field_schema option_schema = {
	"Option", sizeof(struct option_out), option_fields, 0,
};

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

	return (struct option_out){ o->name, value, source(a, o, value), o->sentence };
}

/* Can be used as a --config file again: secrets stay comments. */
static void dump_text(const struct option_out *o, bool secret)
{
	printf("# %s (%s)\n%s%s=%s\n", o->sentence, o->source, secret ? "# " : "", o->name,
	       o->value);
}

static int dump_run(const struct cmd_args *a)
{
	struct print_rows rows = { 0 };

	for (const struct conf_option *o = conf_options; o->name; o++) {
		struct option_out out = option_of(a, o);

		if (!a->json)
			dump_text(&out, o->flags & CONF_SECRET);
		print_rows_add(&rows, a->arena, &(struct field_list){ &out, 1 }, sizeof(out));
	}
	if (a->json)
		print_list(a, &option_schema, &rows.list, NULL);
	return EXIT_OK;
}

static const struct cmd_option check_options[] = {
	{ "--nginx", "FILE", "Judge the output of `nginx -T` instead; - is standard input." },
	{ 0 },
};

const struct cmd config_commands[] = {
	{ .words = "config check", .operands = "", .needs_conf = true, .fn = check_run,
	  .options = check_options,
	  .sentence = "Say what is wrong with the configuration, one sentence each.",
	  .detail = "nginx -T | pierre config check --nginx - finds what breaks Pierre behind nginx without "
		    "an error message: kept connections to the slow pool, none to the fast one, a missing "
		    "sentinel, HTTP_PROXY passed on, a wrong fastcgi_next_upstream, and an add_header that "
		    "drops Pierre's." },
	{ .words = "config dump", .operands = "", .needs_conf = true, .fn = dump_run,
	  .sentence = "Print every option with its value and where that came from.",
	  .detail = "The output is a file for --config; secrets are shown as (set) in comments." },
	{ 0 },
};
