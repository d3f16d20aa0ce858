/*
 * cmd/audit.c - pierre audit ...: read the audit trail, and see that nobody changed it.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cmd/context.h"
#include "cmd/fail.h"
#include "cmd/print.h"
#include "cmd/tables.h"
#include "op/audit_read.h"
#include "op/audit_verify.h"
#include "op/data_key.h"
#include "op/scope.h"

/* --- list, head --------------------------------------------------------------------- */

static const char *const columns[] = {
	"timestamp", "event_type", "result", "source", "user_id", "target", "ip_address", "chain",
	"seq", NULL,
}, *const head_columns[] = { "chain", "seq", "hash", "updated_at", NULL };
static const struct cmd_list lists[] = { { &audit_entry_schema, columns, NULL }, { 0 } };
static const struct cmd_list head_lists[] = { { &audit_head_schema, head_columns, NULL }, { 0 } };

static bool list(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct audit_query query = *(const struct audit_query *)in;
	struct cmd_page *page = out;

	query.page = page->in;
	return op_audit_list(&c->op, scope_all(&c->op), &query, &page->out, err_r);
}

static bool head(struct context *c, const void *in, void *out, struct err *err_r)
{
	struct cmd_page *page = out;

	(void)in;
	return op_audit_heads(&c->op, &page->out.rows, err_r);
}

/* --- heads that were kept ------------------------------------------------------------- */

struct verify_options {
	const char *expect;
};
static const struct field verify_fields[] = {
	FIELD(struct verify_options, expect, TEXT, FIELD_NULLABLE,
	      "What 'pierre audit head' or the log (audit_head) said at an earlier time; - is "
	      "standard input", .value_word = "FILE"),
	{ 0 },
};
static const struct field_schema verify_schema =
	FIELD_SCHEMA("AuditVerify", struct verify_options, verify_fields);

static bool is_chain(const char *text)
{
	char id[UUID_TEXT];

	return str_eq(text, AUDIT_SYSTEM) || uuid_parse(text, id);
}

/* "CHAIN SEQ HASH ..." of the command, or "... chain=CHAIN seq=SEQ hash=HASH" of the log. */
static bool read_head(const char *line, struct arena *arena, struct audit_head *out)
{
	const char *logged = strstr(line, " chain=");
	char chain[UUID_TEXT], hash[SHA256_HEX];
	int n = logged ? sscanf(logged, " chain=%36s seq=%" SCNd64 " hash=%64s", chain, &out->seq, hash)
		       : sscanf(line, "%36s %" SCNd64 " %64s", chain, &out->seq, hash);
	unsigned char bytes[SHA256_BYTES];

	if (n != 3 || !is_chain(chain) || out->seq < 1 || !hex_decode(hash, bytes, sizeof(bytes)))
		return false;
	out->chain = arena_strdup(arena, chain);
	out->hash = arena_strdup(arena, hash);
	return true;
}

static bool is_heading(const char *line)
{
	return str_starts(line, "chain ") || line[strspn(line, " \t\r\n")] == '\0';
}

static bool read_lines(struct context *c, FILE *f, const char *name, struct field_list *out,
		       struct err *err_r)
{
	struct strbuf heads = { .arena = c->arena };   /* of struct audit_head, one behind the other */
	struct audit_head head = { 0 };
	char line[1024];

	*out = (struct field_list){ 0 };
	for (int n = 1; fgets(line, sizeof(line), f); n++) {
		if (is_heading(line))
			continue;
		if (!read_head(line, c->arena, &head))
			return err_set(err_r, ERR_CONFIG, "%s: line %d is no head: CHAIN SEQ HASH, as 'pierre "
				       "audit head' prints it", name, n);
		strbuf_add(&heads, (const char *)&head, sizeof(head));
		out->n++;
	}
	out->items = heads.s;
	return out->n > 0 || err_set(err_r, ERR_CONFIG, "%s has no head in it", name);
}

static bool read_expected(struct context *c, const char *name, struct field_list *out,
			  struct err *err_r)
{
	bool standard = name && str_eq(name, "-"), good;
	FILE *f = !name ? NULL : standard ? stdin : fopen(name, "re");

	*out = (struct field_list){ 0 };
	if (!name)
		return true;
	if (!f)
		return err_set(err_r, ERR_CONFIG, "cannot read %s: %s", name, strerror(errno));
	good = read_lines(c, f, name, out, err_r);
	if (!standard)
		fclose(f);
	return good;
}

/* --- verify --------------------------------------------------------------------------- */

static void tell(const struct audit_fault *fault)
{
	struct err err;

	err_set(&err, ERR_DATABASE, "%s", fault->sentence);
	if (fault->event_id)
		err_prefix(&err, "event %s", fault->event_id);
	if (fault->seq != INT_NONE)
		err_prefix(&err, "link %" PRId64, fault->seq);
	err_prefix(&err, "chain %s", fault->chain);
	fail_tell(&err);
}

static bool tell_all(const struct audit_verified *v, struct err *err_r)
{
	const struct audit_fault *found = v->found.items;

	for (size_t i = 0; i < v->found.n; i++)
		tell(&found[i]);
	return fail_told(err_r);
}

static bool verify(struct context *c, const void *in, void *out, struct err *err_r)
{
	const struct verify_options *options = in;
	struct audit_verified verified;
	struct field_list expected;
	struct subkey key;

	(void)out;
	if (!read_expected(c, options->expect, &expected, err_r) ||
	    !op_master_subkey(&c->op, SUBKEY_AUDIT_HEAD, &key, err_r))
		return false;
	if (!op_audit_verify(&c->op, &key, &expected, &verified, err_r))
		return false;
	print_record(c->args, &audit_verified_schema, &verified);
	return verified.faults == 0 || tell_all(&verified, err_r);
}

const struct cmd audit_commands[] = {
	{ .words = "audit list", .operands = "", .needs = NEEDS_SCHEMA, .fn = list,
	  .in = &audit_shell_query_schema, .lists = lists,
	  .sentence = "List what happened, newest first.",
	  .detail = "Options together narrow the list. --json has all columns of each event. A moment is "
		    "a date or RFC 3339, as 2026-11-29T12:00:00Z." },
	{ .words = "audit verify", .operands = "", .needs = NEEDS_SCHEMA, .fn = verify,
	  .in = &verify_schema,
	  .sentence = "See that no event of the audit trail was changed, removed or inserted.",
	  .detail = "Reads the whole trail beside the running service. Each event is linked by a hash to "
		    "the one before it, in a chain for each tenant and one for the system, at most a moment "
		    "after it was written; the end of a chain has a MAC that needs ENCRYPTION_KEY. Events "
		    "older than the chain are counted as unchained. Who owns the database can still cut off "
		    "the end of a chain and put back an older state: that is found with --expect and heads "
		    "that were kept elsewhere. The exit status is 1 when something is wrong." },
	{ .words = "audit head", .operands = "", .needs = NEEDS_SCHEMA, .fn = head,
	  .lists = head_lists,
	  .sentence = "Show where each chain of the audit trail ends, to be kept elsewhere.",
	  .detail = "Keep what it prints on another machine for 'pierre audit verify --expect'. The "
		    "service logs the same each hour (audit_head), of the chains that have grown." },
	{ 0 },
};
