/*
 * base/conf.c - reads options by their table (conf_table.c): defaults, then
 * the file, then the environment. Knows no option by name.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf_private.h"
#include "base/str.h"

#define VALUE_MAX ((size_t)65536)

/* Values as found, one per row of the table; NULL = not given. */
struct found {
	const char **value;
	const char **file;   /* of NAME_FILE */
};

/* One reading of all options; goes on after a mistake. */
struct reader {
	struct conf *c;
	struct arena *texts;             /* of files; wiped when all is read */
	struct found found;
	conf_report_fn *report;
	void *arg;
};

static bool has_file_form(const struct conf_option *o)
{
	return o->type == CONF_TEXT || o->type == CONF_KEY;
}

/* Where NAME or NAME_FILE (n characters) keeps its value; NULL = no such option. */
static const char **place(struct found *found, const char *name, size_t n)
{
	for (size_t i = 0; conf_options[i].name; i++) {
		const struct conf_option *o = &conf_options[i];
		size_t len = strlen(o->name);

		if (n < len || strncmp(name, o->name, len) != 0)
			continue;
		if (n == len)
			return &found->value[i];
		if (has_file_form(o) && n == len + 5 && strncmp(name + len, "_FILE", 5) == 0)
			return &found->file[i];
	}
	return NULL;
}

/* Up to the end; false: an error, or VALUE_MAX bytes and no end. Not by stdio,
 * whose buffer would keep a secret. */
static bool read_whole(int fd, char *text, size_t *n_r)
{
	ssize_t got = 1;

	for (*n_r = 0; got > 0 && *n_r < VALUE_MAX; *n_r += got > 0 ? (size_t)got : 0)
		do
			got = read(fd, text + *n_r, VALUE_MAX - *n_r);
		while (got < 0 && errno == EINTR);
	return got == 0;
}

/* Whole file as text; a secret's file is read with the same bound. */
static char *read_file(struct arena *a, const char *path, struct err *err_r)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text;
	size_t n;
	bool whole;

	if (fd < 0) {
		err_set(err_r, ERR_CONFIG, "cannot read %s: %s", path, strerror(errno));
		return NULL;
	}
	text = arena_alloc(a, VALUE_MAX + 1);
	whole = read_whole(fd, text, &n);
	close(fd);
	if (!whole || memchr(text, '\0', n)) {
		err_set(err_r, ERR_CONFIG, "cannot read %s: not a text file under 64 KiB", path);
		return NULL;
	}
	return text;
}

/* "NAME=value", value in single or double quotes or bare, as EnvironmentFile. */
static bool parse_line(struct found *found, char *line, const char *path, int number,
		       struct err *err_r)
{
	char *name = line + strspn(line, " \t"), *equals = strchr(name, '='), *value, *end;
	const char **slot;

	if (!*name || *name == '#' || *name == ';')
		return true;
	if (!equals)
		return err_set(err_r, ERR_CONFIG, "%s:%d: a line is NAME=value", path, number);
	slot = place(found, name, (size_t)(equals - name));
	if (!slot)
		return err_set(err_r, ERR_CONFIG, "%s:%d: no option is called %.*s", path, number,
			       (int)(equals - name), name);
	value = equals + 1 + strspn(equals + 1, " \t");
	for (end = value + strlen(value); end > value && strchr(" \t\r", end[-1]); end--)
		end[-1] = '\0';
	if (end - value >= 2 && (*value == '"' || *value == '\'') && end[-1] == *value) {
		end[-1] = '\0';
		value++;
	}
	*slot = value;
	return true;
}

static void parse_file(struct reader *r, const char *path)
{
	struct err err = { 0 };
	char *text = read_file(r->texts, path, &err), *line, *rest;
	int number = 1;

	if (!text)
		r->report(r->arg, &err);
	for (line = text; line; line = rest, number++) {
		rest = strchr(line, '\n');
		if (rest)
			*rest++ = '\0';
		if (!parse_line(&r->found, line, path, number, &err))
			r->report(r->arg, &err);
	}
}

/* The environment wins over the file; naming one form there drops both forms
 * that the file gave. */
static void take_environment(struct reader *r)
{
	struct found *found = &r->found;

	for (size_t i = 0; conf_options[i].name; i++) {
		const struct conf_option *o = &conf_options[i];
		const char *value = getenv(o->name), *file = NULL;

		if (has_file_form(o))
			file = getenv(arena_printf(r->texts, "%s_FILE", o->name));
		if (value || file) {
			found->value[i] = value;
			found->file[i] = file;
		}
	}
}

static bool file_value(struct arena *a, const struct conf_option *o, const char *path,
		       const char **text_r, struct err *err_r)
{
	struct err why = { 0 };
	char *content = read_file(a, path, &why);

	if (!content)
		return err_field(err_r, ERR_CONFIG, o->name, "%s_FILE: %s", o->name, why.message);
	content[strcspn(content, "\r\n")] = '\0';
	*text_r = content;
	return true;
}

static bool apply(struct reader *r, size_t i, struct err *err_r)
{
	const struct conf_option *o = &conf_options[i];
	const char *text = r->found.value[i], *file = r->found.file[i];

	if (text && file)
		return err_field(err_r, ERR_CONFIG, o->name,
				 "%s and %s_FILE are both set; leave one out", o->name, o->name);
	if (file && !file_value(r->texts, o, file, &text, err_r))
		return false;
	return !text || conf_set_value(r->c, o, text, err_r);
}

/* What the row of one option cannot say: bounds between options. */
static bool consistent(const struct conf *c, struct err *err_r)
{
	const char *name = c->fast_workers > c->max_workers ? "WORKERS" :
			   c->slow_workers > c->max_workers ? "SLOW_WORKERS" : NULL;

	return !name || err_field(err_r, ERR_CONFIG, name, "%s is above MAX_WORKERS, which is %lld",
				  name, (long long)c->max_workers);
}

static size_t count_options(void)
{
	size_t n = 0;

	while (conf_options[n].name)
		n++;
	return n;
}

static void read_all(struct reader *r, const char *file)
{
	struct arena *a = arena_new();
	size_t bytes = count_options() * sizeof(char *);
	struct err err = { 0 };

	r->c = arena_new_struct(a, struct conf);
	r->c->arena = a;
	r->texts = arena_new();
	r->found = (struct found){ arena_alloc(r->texts, bytes), arena_alloc(r->texts, bytes) };
	if (file)
		parse_file(r, file);
	take_environment(r);
	for (size_t i = 0; conf_options[i].name; i++) {
		if (!conf_set_value(r->c, &conf_options[i], conf_options[i].fallback, &err) ||
		    !apply(r, i, &err))
			r->report(r->arg, &err);
	}
	if (!consistent(r->c, &err))
		r->report(r->arg, &err);
}

/* Nothing points to the texts any more. */
static void wipe_texts(struct reader *r)
{
	for (const struct conf_option *o = conf_options; o->name; o++) {
		char *value = o->type == CONF_KEY ? getenv(o->name) : NULL;

		if (value)
			explicit_bzero(value, strlen(value));
	}
	arena_free(&r->texts);
}

static void keep_first(void *arg, const struct err *err)
{
	struct err *first = arg;

	if (first->kind == ERR_NONE)
		*first = *err;
}

struct conf *conf_load(const char *file, struct err *err_r)
{
	struct err first = { 0 };
	struct reader r = { .report = keep_first, .arg = &first };

	read_all(&r, file);
	wipe_texts(&r);
	if (first.kind == ERR_NONE)
		return r.c;
	if (err_r)
		*err_r = first;
	conf_free(&r.c);
	return NULL;
}

/* Container systems mount secrets as files that everybody may read, so only
 * `config check` reports them. */
static void check_secret_files(const struct reader *r)
{
	struct err err = { 0 };
	struct stat st;

	for (size_t i = 0; conf_options[i].name; i++) {
		const struct conf_option *o = &conf_options[i];
		const char *file = r->found.file[i];

		if (!(o->flags & CONF_SECRET) || !file || stat(file, &st) != 0 ||
		    !(st.st_mode & S_IROTH))
			continue;
		err_field(&err, ERR_CONFIG, o->name,
			  "%s_FILE: everybody may read %s; run 'chmod o= %s'", o->name, file, file);
		r->report(r->arg, &err);
	}
}

struct conf *conf_check(const char *file, conf_report_fn *report, void *arg)
{
	struct reader r = { .report = report, .arg = arg };

	read_all(&r, file);
	check_secret_files(&r);
	wipe_texts(&r);
	return r.c;
}

void conf_free(struct conf **c)
{
	struct arena *a = *c ? (*c)->arena : NULL;

	*c = NULL;
	arena_free(&a);
}
