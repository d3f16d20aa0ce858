/* resource/version.c - from versions to ETags, and from If-Match to versions. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "model/version.h"
#include "resource/version.h"

/* --- replies ------------------------------------------------------------------------ */

/* A word as its place in the list. */
static int64_t part(const struct field *f, const void *at)
{
	const char *word;
	int64_t i = 0;

	if (f->type == FIELD_INT)
		return *(const int64_t *)at;
	if (f->type == FIELD_BOOL)
		return *(const bool *)at;
	memcpy(&word, at, sizeof(word));
	while (f->values[i] && !str_eq(f->values[i], word))
		i++;
	return i;
}

/* Those of one type. */
static void add_versions(struct strbuf *b, const struct field_schema *schema, const void *record,
			 enum field_type type)
{
	for (const struct field *f = schema->fields; f->name; f++) {
		const void *at = field_cptr(f, record);

		if (!(f->flags & FIELD_VERSION))
			continue;
		if (f->type == FIELD_OBJECT) {
			memcpy(&at, at, sizeof(at));
			add_versions(b, f->schema, at, type);
		} else if (f->type == type) {
			strbuf_adds(b, b->len > 0 ? "." : "");
			strbuf_addi(b, part(f, at));
		}
	}
}

void version_reply(struct call *call, const void *out)
{
	struct strbuf b = { .arena = call->req->arena };

	if (call->route->etag != ETAG_VERSION)
		return;
	add_versions(&b, call->route->out, out, FIELD_INT);
	add_versions(&b, call->route->out, out, FIELD_BOOL);
	add_versions(&b, call->route->out, out, FIELD_TEXT);
	response_tag(call->res, call->req, arena_printf(b.arena, "\"%s\"", b.s));
}

/* --- If-Match ------------------------------------------------------------------------ */

/* Between double quotes, n bytes: the number, alone or before what else version_reply()
 * may have written: numbers of one digit. */
static bool version_of(struct arena *arena, const char *tag, size_t n, int64_t *out)
{
	const char *text = arena_strndup(arena, tag, n), *rest = text + strcspn(text, ".");
	const char *number = arena_strndup(arena, text, (size_t)(rest - text));

	if (!str_int(number, 0, INT64_MAX, out) || (number[0] == '0' && number[1]))
		return false;
	for (; *rest; rest += 2)
		if (rest[0] != '.' || rest[1] < '0' || rest[1] > '9')
			return false;
	return true;
}

/* One tag and what is behind it; false: it is none. *n_r grows when it is a version. */
static bool take_tag(struct arena *arena, const char **at, int64_t *items, size_t *n_r)
{
	bool weak = strncmp(*at, "W/", 2) == 0;
	const char *tag = *at + (weak ? 2 : 0);
	size_t n;

	if (*tag++ != '"' || !strchr(tag, '"'))
		return false;
	n = strcspn(tag, "\"");
	if (!weak && version_of(arena, tag, n, &items[*n_r]))
		(*n_r)++;
	*at = tag + n + 1;
	*at += strspn(*at, " \t");
	return !**at || **at == ',';
}

static bool read_tags(struct arena *arena, const char *text, struct versions *out)
{
	int64_t *items = arena_alloc(arena, (strlen(text) + 1) * sizeof(*items));

	*out = (struct versions){ .items = items };
	for (text += strspn(text, " \t,"); *text; text += strspn(text, " \t,"))
		if (!take_tag(arena, &text, items, &out->n))
			return false;
	return true;
}

bool version_asked(struct call *call, struct err *err_r)
{
	const char *text = route_changes(call->route)
		? params_find(call->req->params, "HTTP_IF_MATCH") : NULL;   /* "" too */
	struct versions *wanted;

	if (!text || str_eq(text, "*"))
		return true;
	if (!call->route->if_match)
		return err_reason(err_r, ERR_PRECONDITION, "version", "What this changes has no ETag, so "
				  "none matches; send it without If-Match");
	wanted = arena_new_struct(call->req->arena, struct versions);
	call->op->if_match = wanted;
	return (*text && read_tags(call->req->arena, text, wanted)) ||
	       err_field(err_r, ERR_INVALID, "If-Match", "If-Match must be * or ETags in double quotes");
}
