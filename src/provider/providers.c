/*
 * provider/providers.c - the entries of the built-in file and of the operator's, in order;
 * a row is what they say up to a moment.
 */
#include "config.h"

#include <string.h>

#include "base/json_slice.h"
#include "base/str.h"
#include "http/json.h"
#include "provider/builtin.h"
#include "provider/providers.h"

#define ENTRIES_MAX 500
#define MARGIN_S 300

struct entry {
	struct provider row;
	struct field_given given;
	bool adds;                  /* the first with its id */
};

struct providers {
	struct entry *entries;      /* ENTRIES_MAX */
	size_t n;
};

/* A file that is being read. */
struct source {
	struct providers *list;
	struct arena *arena;
	const char *name, *text;
	size_t n;
	struct err *err_r;
};

/* --- what is wrong, and where --------------------------------------------------------------- */

static size_t line_of(const struct source *s, const char *at)
{
	size_t line = 1;

	for (const char *p = s->text; p < at; p++)
		line += *p == '\n';
	return line;
}

static bool wrong(const struct source *s, const char *at, const char *sentence)
{
	return err_field(s->err_r, ERR_CONFIG, "PROVIDERS_FILE", "%s, line %zu: %s", s->name,
			 line_of(s, at), sentence);
}

/* The member of an entry that an error names, or the entry. */
static const char *place_of(struct json_slice entry, const char *member)
{
	struct json_slice at = { 0 }, name;
	size_t n = strlen(member);

	while (n > 0 && json_slice_next(entry, &at, &name))
		if (name.n >= n + 2 && memcmp(name.s + 1, member, n) == 0)
			return name.s;
	return entry.s;
}

static bool wrong_member(const struct source *s, struct json_slice entry, const struct err *err)
{
	return wrong(s, place_of(entry, err->field), err->message);
}

/* --- what only the whole row shows ------------------------------------------------------------ */

static bool no_ok_value(const struct provider *p) { return !p->ok_field != !p->ok_value; }
static bool no_revoke_method(const struct provider *p) { return p->revoke_url && !p->revoke_method; }
static bool no_revoke_auth(const struct provider *p) { return p->revoke_url && !p->revoke_auth; }
/* A body that is not sent goes into the URL: src/provider/request.c. */
static bool shows_secret(const struct provider *p)
{
	return p->revoke_url && str_eq(p->revoke_auth, "body") && !str_eq(p->revoke_method, "POST");
}
static bool no_refresh(const struct provider *p) { return p->token_url && !p->refresh; }
static bool no_identity(const struct provider *p) { return p->identity_url && !p->identity_field; }
static bool no_after_body(const struct provider *p) { return !p->after_connect_url != !p->after_connect_body; }
static bool ends_first(const struct provider *p)
{
	return p->starts_on != TIME_NONE && p->retired_on != TIME_NONE && p->retired_on <= p->starts_on;
}

static const struct {
	bool (*broken)(const struct provider *p);
	const char *field, *sentence;
} rules[] = {
	{ no_ok_value, "ok_field", "ok_field and ok_value go together" },
	{ no_revoke_method, "revoke_url", "revoke_url needs revoke_method" },
	{ no_revoke_auth, "revoke_url", "revoke_url needs revoke_auth" },
	{ shows_secret, "revoke_auth", "revoke_auth body needs revoke_method POST: with another one the secret would "
	  "stand in the URL" },
	{ no_refresh, "token_url", "token_url needs refresh (rotates, same, extends or none)" },
	{ no_identity, "identity_url", "identity_url needs identity_field" },
	{ no_after_body, "after_connect_url", "after_connect_url and after_connect_body go together" },
	{ ends_first, "retired_on", "retired_on must be later than starts_on" },
};

static bool judge(const struct source *s, struct json_slice entry, const struct provider *row)
{
	struct err err;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].broken(row)) {
			err_field(&err, ERR_CONFIG, rules[i].field, "%s", rules[i].sentence);
			return wrong_member(s, entry, &err);
		}
	return true;
}

/* --- rows --------------------------------------------------------------------------------------- */

static bool is_known(const struct providers *list, const char *id)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->entries[i].row.id, id))
			return true;
	return false;
}

static bool row_at(const struct providers *list, const char *id, int64_t now, struct provider *out)
{
	bool found = false;

	for (size_t i = 0; i < list->n; i++) {
		const struct entry *e = &list->entries[i];
		int64_t starts_on = found ? out->starts_on : TIME_NONE;

		if (!str_eq(e->row.id, id) || (e->row.starts_on != TIME_NONE && e->row.starts_on > now))
			continue;
		if (e->adds)
			*out = e->row;
		else if (found)
			field_patch(&e->given, &e->row, out);
		found |= e->adds;
		if (!e->adds)   /* that of a change says when the change began */
			out->starts_on = starts_on;
	}
	if (found && out->margin == INT_NONE)
		out->margin = MARGIN_S;
	if (found && !out->title)
		out->title = out->id;
	return found;
}

/* With an entry, the row must be sound when that begins, and at last. */
static bool add(const struct source *s, struct json_slice slice, struct entry *e)
{
	const int64_t moments[] = { e->row.starts_on == TIME_NONE ? 0 : e->row.starts_on, TIME_LAST };
	struct providers *list = s->list;
	struct provider row;

	e->adds = !is_known(list, e->row.id);
	list->entries[list->n++] = *e;
	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++)
		if (row_at(list, e->row.id, moments[i], &row) && !judge(s, slice, &row))
			return false;
	return true;
}

/* --- files ---------------------------------------------------------------------------------------- */

static bool read_entry(const struct source *s, struct json_slice slice)
{
	struct entry e;
	struct err err;

	if (*slice.s != '{')
		return wrong(s, slice.s, "an entry is an object");
	if (s->list->n == ENTRIES_MAX)
		return wrong(s, slice.s, "there are too many entries");
	return json_read(slice.s, slice.n, &provider_entry_schema, s->arena, &e.row, &e.given, &err) ?
	       add(s, slice, &e) : wrong_member(s, slice, &err);
}

static bool read_text(const struct source *s)
{
	struct json_slice root, list = { 0 }, at = { 0 }, name;
	struct err err;

	if (!json_check_file(s->text, s->n, &err))
		return err_field(s->err_r, ERR_CONFIG, "PROVIDERS_FILE", "%s, %s", s->name, err.message);
	if (!json_slice_read(s->text, s->n, &root) || *root.s != '{')
		return wrong(s, s->text, "the file is an object with the member \"providers\"");
	while (json_slice_next(root, &at, &name)) {
		if (name.n != strlen("\"providers\"") || memcmp(name.s, "\"providers\"", name.n) != 0)
			return wrong(s, name.s, "the only member beside is \"providers\"");
		list = at;
	}
	if (!list.s || *list.s != '[')
		return wrong(s, list.s ? list.s : s->text, "\"providers\" is a list of entries");
	for (at = (struct json_slice){ 0 }; json_slice_next(list, &at, NULL);)
		if (!read_entry(s, at))
			return false;
	return true;
}

static const struct providers *read_both(struct arena *arena, const char *file,
					 const struct conf_file *own, struct err *err_r)
{
	struct providers *list = arena_new_struct(arena, struct providers);
	struct source builtin = { .list = list, .arena = arena, .name = "providers.json",
				  .text = provider_builtin, .n = strlen(provider_builtin), .err_r = err_r };
	struct source more = { .list = list, .arena = arena, .name = file,
			       .text = own->text, .n = own->n, .err_r = err_r };

	list->entries = arena_alloc(arena, ENTRIES_MAX * sizeof(*list->entries));
	return read_text(&builtin) && (!own->text || read_text(&more)) ? list : NULL;
}

const struct providers *providers_read(struct arena *arena, const char *file, struct err *err_r)
{
	struct conf_file own = { 0 };

	if (file && *file && !conf_file_read(arena, "PROVIDERS_FILE", file, &own, err_r))
		return NULL;
	return read_both(arena, file, &own, err_r);
}

const struct providers *providers_kept(struct arena *arena, const struct conf *conf, struct err *err_r)
{
	if (!*conf->providers_file || conf->providers.text)
		return read_both(arena, conf->providers_file, &conf->providers, err_r);
	err_set(err_r, ERR_INTERNAL, "PROVIDERS_FILE was not read with the configuration");
	return NULL;
}

bool provider_get(const struct providers *list, const char *id, int64_t now, struct provider *out,
		  struct err *err_r)
{
	return row_at(list, id, now, out) ||
	       err_set(err_r, ERR_NOT_FOUND, "There is no provider with that id");
}

int64_t providers_change(const struct providers *list, int64_t now)
{
	int64_t next = TIME_NONE;

	for (size_t i = 0; i < list->n; i++) {
		const int64_t moments[] = { list->entries[i].row.starts_on, list->entries[i].row.retired_on };

		for (size_t m = 0; m < sizeof(moments) / sizeof(moments[0]); m++)
			if (moments[m] != TIME_NONE && moments[m] > now && (next == TIME_NONE || moments[m] < next))
				next = moments[m];
	}
	return next;
}

struct field_list providers_all(const struct providers *list, int64_t now, struct arena *arena)
{
	struct provider *rows = arena_alloc(arena, (list->n + 1) * sizeof(*rows));
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		if (list->entries[i].adds && row_at(list, list->entries[i].row.id, now, &rows[n]))
			n++;
	return (struct field_list){ rows, n };
}
