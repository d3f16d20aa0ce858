/*
 * cmd/nginx_conf.c - reads what `nginx -T` prints. nginx itself has found the
 * text to be sound, so this only follows its grammar: words, quotes, blocks.
 */
#include "config.h"

#include <fnmatch.h>
#include <string.h>

#include "base/str.h"
#include "cmd/nginx_conf.h"

#define FILES_MAX 512
#define ARGS_MAX 512
#define DEPTH_MAX 32      /* of includes and blocks */

static const char mark[] = "# configuration file ";

struct file {
	const char *name, *text;
};

struct parse {
	struct arena *arena;
	struct file files[FILES_MAX];
	size_t n_files;
	struct directive *last;
	unsigned depth;
	struct err *err_r;
};

/* --- the files of the dump -------------------------------------------------------- */

/* "# configuration file /etc/nginx/nginx.conf:" -> the name, else NULL */
static const char *file_name(struct arena *arena, const char *line, size_t n)
{
	size_t skip = sizeof(mark) - 1;

	if (n <= skip + 1 || strncmp(line, mark, skip) != 0 || line[n - 1] != ':')
		return NULL;
	return arena_strndup(arena, line + skip, n - skip - 1);
}

/* A text without marks is one file. */
static bool split_files(struct parse *p, const char *dump)
{
	const char *begin = dump, *name = "the configuration";

	for (const char *line = dump; *line;) {
		size_t n = strcspn(line, "\n");
		const char *next = line + n + (line[n] == '\n');
		const char *found = file_name(p->arena, line, n);

		if (p->n_files + 1 == FILES_MAX)
			return err_set(p->err_r, ERR_INVALID, "more than %d files", FILES_MAX - 1);
		if (found) {
			if (line > dump && name[0] == '/')   /* else: what came before the first */
				p->files[p->n_files++] = (struct file){
					name, arena_strndup(p->arena, begin, (size_t)(line - begin)) };
			name = found;
			begin = next;
		}
		line = next;
	}
	p->files[p->n_files++] = (struct file){ name, begin };
	return true;
}

/* --- words ------------------------------------------------------------------------- */

static const char *skip_space(const char *s)
{
	for (;;) {
		s += strspn(s, " \t\r\n");
		if (*s != '#')
			return s;
		s += strcspn(s, "\n");
	}
}

static const char *read_quoted(struct strbuf *b, const char *s)
{
	char quote = *s++;

	strbuf_adds(b, "");
	for (; *s && *s != quote; s++) {
		if (*s == '\\' && s[1])
			s++;
		strbuf_add(b, s, 1);
	}
	return *s ? s + 1 : s;
}

/* "${name}" holds braces that are no block. */
static const char *read_plain(struct strbuf *b, const char *s)
{
	while (*s && !strchr(" \t\r\n;{}", *s)) {
		size_t n = 1;

		if (*s == '\\' && s[1])
			n = 2;
		else if (s[0] == '$' && s[1] == '{')
			n = strcspn(s, "}") + 1;
		if (strnlen(s, n) < n)
			n = strlen(s);
		strbuf_add(b, s, n);
		s += n;
	}
	return s;
}

static const char *read_word(struct parse *p, const char *s, const char **word_r)
{
	struct strbuf b = { .arena = p->arena };

	s = *s == '"' || *s == '\'' ? read_quoted(&b, s) : read_plain(&b, s);
	*word_r = b.s ? b.s : "";
	return s;
}

/* --- directives ---------------------------------------------------------------------- */

static bool parse_text(struct parse *p, const struct file *f, const char **s,
		       const struct directive *block);

static bool matches(struct parse *p, const char *pattern, const char *name)
{
	const char *main_file = p->files[0].name, *slash = strrchr(main_file, '/');

	if (pattern[0] != '/' && slash)
		pattern = arena_printf(p->arena, "%.*s/%s", (int)(slash - main_file), main_file,
				       pattern);
	return fnmatch(pattern, name, FNM_PATHNAME) == 0;
}

/* A file that is not in the dump (of a snippet checked by itself) is passed over. */
static bool include(struct parse *p, const char *pattern, const struct directive *block)
{
	for (size_t i = 0; i < p->n_files; i++) {
		const char *s = p->files[i].text;

		if (matches(p, pattern, p->files[i].name) && !parse_text(p, &p->files[i], &s, block))
			return false;
	}
	return true;
}

static struct directive *new_directive(struct parse *p, const struct file *f,
				       const struct directive *block, bool is_block,
				       const char **words, size_t n)
{
	struct directive *d = arena_new_struct(p->arena, struct directive);
	const char **args = arena_alloc(p->arena, n * sizeof(*args));

	for (size_t i = 1; i < n; i++)
		args[i - 1] = words[i];
	*d = (struct directive){ .name = words[0], .args = args, .n_args = n - 1, .parent = block,
				 .is_block = is_block, .file = f->name };
	p->last->next = d;
	p->last = d;
	return d;
}

static bool parse_directive(struct parse *p, const struct file *f, const char **s,
			    const struct directive *block)
{
	const char *words[ARGS_MAX];
	const struct directive *d;
	size_t n = 0;

	while (**s && !strchr(";{}", **s) && n < ARGS_MAX) {
		*s = read_word(p, *s, &words[n++]);
		*s = skip_space(*s);
	}
	if (n == 0 || (**s != ';' && **s != '{'))
		return err_set(p->err_r, ERR_INVALID, "%s: a directive does not end: %s", f->name,
			       n ? words[0] : "(none)");
	if (*(*s)++ == ';') {
		if (str_eq(words[0], "include") && n == 2)
			return include(p, words[1], block);
		new_directive(p, f, block, false, words, n);
		return true;
	}
	d = new_directive(p, f, block, true, words, n);
	if (!parse_text(p, f, s, d))
		return false;
	if (**s != '}')
		return err_set(p->err_r, ERR_INVALID, "%s: the block %s does not end", f->name, d->name);
	(*s)++;
	return true;
}

/* Until the end of the text, or the brace that ends the block. */
static bool parse_text(struct parse *p, const struct file *f, const char **s,
		       const struct directive *block)
{
	bool good = true;

	if (++p->depth > DEPTH_MAX)
		return err_set(p->err_r, ERR_INVALID, "%s: blocks or includes go too deep", f->name);
	for (*s = skip_space(*s); good && **s && **s != '}'; *s = skip_space(*s))
		good = parse_directive(p, f, s, block);
	p->depth--;
	return good;
}

const struct directive *nginx_conf_parse(struct arena *arena, const char *dump,
					 struct err *err_r)
{
	struct parse *p = arena_new_struct(arena, struct parse);
	struct directive *root = arena_new_struct(arena, struct directive);
	const char *s;

	*root = (struct directive){ .name = "", .file = "", .is_block = true };
	p->arena = arena;
	p->last = root;
	p->err_r = err_r;
	if (!split_files(p, dump))
		return NULL;
	s = p->files[0].text;
	if (!parse_text(p, &p->files[0], &s, root))
		return NULL;
	if (!*s)
		return root;
	err_set(err_r, ERR_INVALID, "%s: a } too many", p->files[0].name);
	return NULL;
}

/* --- looking things up ----------------------------------------------------------------- */

const struct directive *nginx_child(const struct directive *block, const char *name,
				    const struct directive *last)
{
	for (const struct directive *d = last ? last->next : block->next; d; d = d->next)
		if (d->parent == block && strcmp(d->name, name) == 0)
			return d;
	return NULL;
}

const struct directive *nginx_scope(const struct directive *block, const char *name)
{
	for (; block; block = block->parent)
		if (nginx_child(block, name, NULL))
			return block;
	return NULL;
}

const char *nginx_arg(const struct directive *d, size_t i)
{
	return d && i < d->n_args ? d->args[i] : "";
}

const char *nginx_setting(const struct directive *block, const char *name)
{
	const struct directive *scope = nginx_scope(block, name);

	return scope ? nginx_arg(nginx_child(scope, name, NULL), 0) : "";
}
