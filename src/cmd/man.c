/*
 * cmd/man.c - pierre.1, and two tables in Markdown, made from the tables of
 * commands, options, rules and labels, so that none can be out of date.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "auth/subkey.h"
#include "cmd/args.h"
#include "cmd/help.h"
#include "cmd/man_notes.h"
#include "cmd/nginx_rules.h"
#include "cmd/options.h"

/* Text for roff: hyphens that can be copied, nothing read as a request. */
static void roff(FILE *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	for (; *text; text++) {
		if (*text == '-')
			fputs("\\-", out);
		else if (*text == '\\')
			fputs("\\e", out);
		else
			fputc(*text, out);
	}
}

static void roff_line(FILE *out, const char *text)
{
	roff(out, text);
	fputc('\n', out);
}

static void man_options(FILE *out, struct arena *arena, const struct field_schema *schema)
{
	for (const struct field *o = options_of(arena, schema).rows; o->name; o++) {
		fputs(".TP\n\\fB", out);
		roff(out, o->name);
		fputs("\\fR", out);
		if (o->value_word)
			fprintf(out, " \\fI%s\\fR", o->value_word);
		fputc('\n', out);
		roff_line(out, o->sentence);
	}
}

static void man_command(FILE *out, struct arena *arena, const struct cmd *c)
{
	fprintf(out, ".SS pierre %s", c->words);
	if (*c->operands) {
		fputc(' ', out);
		roff(out, c->operands);
	}
	fputc('\n', out);
	roff_line(out, c->sentence);
	if (c->detail) {
		fputs(".PP\n", out);
		roff_line(out, c->detail);
	}
	man_options(out, arena, c->in);
	if (args_secret(c))
		man_options(out, arena, args_secret(c));
}

static void man_commands(FILE *out, struct arena *arena, const struct cmd *const *tables)
{
	fputs(".SH COMMANDS\n", out);
	for (; *tables; tables++)
		for (const struct cmd *c = *tables; c->words; c++)
			man_command(out, arena, c);
}

static void man_nginx(FILE *out)
{
	fputs(".SH NGINX\n\\fBnginx \\-T | pierre config check \\-\\-nginx \\-\\fR finds:\n", out);
	for (const struct nginx_rule *r = nginx_rules; r->finds; r++) {
		fputs(".TP\n", out);
		roff_line(out, r->finds);
		roff_line(out, r->sentence);
	}
}

static void man_master(FILE *out)
{
	fputs(".SH MASTER KEY\nENCRYPTION_KEY seals and signs nothing itself: a key is derived from it for each use.\n"
	      "Each with what \\fBpierre keys master\\fR does to what was made with it:\n", out);
	for (size_t i = SUBKEY_UNSET + 1; i < SUBKEY__COUNT; i++) {
		fputs(".TP\n", out);
		roff_line(out, subkey_rows[i].sentence);
		roff_line(out, subkey_rows[i].after);
	}
}

/* "yes or no", "a number from 1 to 256", ... */
static void option_type(FILE *out, const struct conf_option *o)
{
	switch (o->type) {
	case CONF_TEXT:
	case CONF_KEY:
		fputs("text", out);
		return;
	case CONF_INT:
		fprintf(out, "number, %" PRId64 " to %" PRId64, o->min, o->max);
		return;
	case CONF_BOOL:
		fputs("yes or no", out);
		return;
	case CONF_WORD:
		for (size_t i = 0; o->words[i]; i++)
			fprintf(out, "%s%s", i ? ", " : "", o->words[i]);
		return;
	}
}

static void man_configuration(FILE *out)
{
	fputs(".SH CONFIGURATION\n"
	      "Options are environment variables. \\fB\\-\\-config\\fR reads the same NAME=value\n"
	      "lines from a file; the environment wins. A text option NAME can also be read\n"
	      "from a file that NAME_FILE names. Options marked with * take effect on reload\n"
	      "(SIGHUP), the others on restart.\n", out);
	for (const struct conf_option *o = conf_options; o->name; o++) {
		fprintf(out, ".TP\n\\fB%s\\fR%s (", o->name, o->flags & CONF_RELOAD ? " *" : "");
		option_type(out, o);
		fputs("; default ", out);
		roff(out, *o->fallback ? o->fallback : "none");
		fputs(")\n", out);
		roff_line(out, o->sentence);
	}
}

static const struct man_entry {
	const char *name, *text;
} files[] = {
	{ "/etc/pierre/pierre.conf", "Options, read by the systemd unit with --config." },
	{ "/etc/pierre/encryption.key", "The master key, for root only; the systemd unit hands it over "
	  "by LoadCredential and ENCRYPTION_KEY_FILE. Commands that need it (keys, secret, provider app, spool, "
	  "audit verify) are given by root, as below: such a command reads options and key, and then goes on as the "
	  "owner of the SQLite file, or with PostgreSQL as that of RUNTIME_DIR, who is the service's user. So it also reads "
	  "and writes other files as that user, but for those of --password-file and --value-file." },
	{ "/var/lib/pierre/pierre.db", "The data when DATABASE_URL in pierre.conf is "
	  "sqlite:/var/lib/pierre/pierre.db. Beside it lie pierre.db-wal and pierre.db-shm, which are "
	  "part of the data, and the locks pierre.db.writer and pierre.db.open. Remove none of them while the "
	  "service runs. All belong to the service's user." },
	{ "/run/pierre/fast.sock, /run/pierre/slow.sock", "Where nginx finds the two pools." },
	{ 0 },
}, signals[] = {
	{ "TERM, INT, QUIT", "Finish the requests under way within STOP_TIMEOUT_MS, and stop." },
	{ "HUP", "Read the configuration again and replace the workers without failing a request. When "
	  "the new configuration does not work, the old one stays and the log says why. The program stays "
	  "too: after an upgrade, restart." },
	{ 0 },
}, examples[] = {
	{ "pierre --config /etc/pierre/pierre.conf config check",
	  "Say all that is wrong with the configuration." },
	{ "ENCRYPTION_KEY_FILE=/etc/pierre/encryption.key pierre --config /etc/pierre/pierre.conf keys status",
	  "As root: which data keys there are." },
	{ "runuser -u pierre -- pierre --config /etc/pierre/pierre.conf admin setup-token",
	  "Print the token that makes the first administrator; run as the service's user, to whom "
	  "the SQLite file belongs." },
	{ "pierre user create me@example.org --admin", "Make an administrator; asks for the password." },
	{ "pierre user list --status pending", "Show who waits for approval." },
	{ "pierre key create me@example.org --name ci --scopes read,write",
	  "Make an API key with two scopes." },
	{ "DATABASE_URL=postgresql://pierre@db.example.org/pierre pierre db test",
	  "Try a connection; the password is in a .pgpass file." },
	{ 0 },
};

static void man_entries(FILE *out, const char *heading, const struct man_entry *e)
{
	fprintf(out, ".SH %s\n", heading);
	for (; e->name; e++) {
		fputs(".TP\n\\fB", out);
		roff(out, e->name);
		fputs("\\fR\n", out);
		roff_line(out, e->text);
	}
}

static void man_paragraphs(FILE *out)
{
	for (const struct man_note *n = man_notes; n->text; n++) {
		if (n->heading)
			fprintf(out, ".SH %s\n", n->heading);
		else
			fputs(".PP\n", out);
		roff_line(out, n->text);
	}
}

void man_write(FILE *out, struct arena *arena, const struct cmd *const *tables)
{
	fputs(".TH PIERRE 1 \"\" \"" PACKAGE_NAME " " PACKAGE_VERSION "\" \"Pierre\"\n"
	      ".SH NAME\npierre \\- accounts, sessions and API keys behind nginx\n"
	      ".SH SYNOPSIS\n.B pierre\n[\\fB\\-\\-config\\fR \\fIFILE\\fR] [\\fB\\-\\-json\\fR]\n"
	      ".I COMMAND\n\\&...\n"
	      ".SH DESCRIPTION\n"
	      "Pierre keeps users, tenants, sessions and API keys in SQLite or PostgreSQL and\n"
	      "answers REST as FastCGI workers behind nginx. The same program administers them\n"
	      "from the shell.\n"
	      ".SH OPTIONS\nEvery command takes:\n", out);
	man_options(out, arena, &args_global);
	man_commands(out, arena, tables);
	man_nginx(out);
	man_master(out);
	man_configuration(out);
	fputs(".SH EXIT STATUS\n.TP\n0\nDone.\n.TP\n1\nFailed; one sentence on standard error.\n"
	      ".TP\n2\nThe command line was wrong.\n", out);
	man_entries(out, "FILES", files);
	man_entries(out, "SIGNALS", signals);
	man_entries(out, "EXAMPLES", examples);
	man_paragraphs(out);
}

void man_options_markdown(FILE *out)
{
	fputs("| Option | Value | Default | Reload | |\n|---|---|---|---|---|\n", out);
	for (const struct conf_option *o = conf_options; o->name; o++) {
		fprintf(out, "| `%s` | ", o->name);
		option_type(out, o);
		fprintf(out, " | %s%s%s | %s | %s |\n", *o->fallback ? "`" : "", o->fallback,
			*o->fallback ? "`" : "", o->flags & CONF_RELOAD ? "yes" : "no",
			o->sentence);
	}
}

void man_nginx_markdown(FILE *out)
{
	fputs("| It finds | What is wrong: what to change |\n|---|---|\n", out);
	for (const struct nginx_rule *r = nginx_rules; r->finds; r++)
		fprintf(out, "| %s | %s |\n", r->finds, r->sentence);
}
