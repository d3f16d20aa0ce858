/* cmd/unit.c - the files of pierre.service. */
#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "base/strings.h"
#include "cmd/unit.h"

#define UNIT "pierre.service"
#define BLANKS " \t\r\n"

/* The first has a file of the same name before the others (systemd.unit(5), UNIT FILE LOAD
 * PATH); of systemd 252. */
static const char usual_path[] =
	"/etc/systemd/system.control:/run/systemd/system.control:/run/systemd/transient:"
	"/etc/systemd/system:/run/systemd/system:/usr/local/lib/systemd/system:"
	"/usr/lib/systemd/system:/lib/systemd/system";

#define FILES_MAX 64
struct unit_files {
	struct arena *arena;
	size_t n;
	struct { const char *name, *path; } of[FILES_MAX];   /* in the order in which they count */
};

static bool is_conf(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 5 && strcmp(e->d_name + n - 5, ".conf") == 0;
}

/* By name, from whatever directory. */
static void add(struct unit_files *f, const char *name, const char *path)
{
	size_t at = 0;

	while (at < f->n && strcmp(f->of[at].name, name) < 0)
		at++;
	if (f->n == FILES_MAX || (at < f->n && str_eq(f->of[at].name, name)))
		return;
	memmove(&f->of[at + 1], &f->of[at], (f->n - at) * sizeof(f->of[0]));
	f->of[at].name = arena_strdup(f->arena, name);
	f->of[at].path = path;
	f->n++;
}

static void find_in(struct unit_files *f, const char *dir)
{
	const char *unit = arena_printf(f->arena, "%s/" UNIT, dir), *drop_ins = arena_printf(f->arena, "%s.d", unit);
	DIR *d = opendir(drop_ins);
	const struct dirent *e;

	if (access(unit, R_OK) == 0)
		add(f, "", unit);   /* drop-ins change it */
	while (d && (e = readdir(d)))
		if (is_conf(e))
			add(f, e->d_name, arena_printf(f->arena, "%s/%s", drop_ins, e->d_name));
	if (d)
		closedir(d);
}

static void find(struct unit_files *f)
{
	const char *path = getenv("SYSTEMD_UNIT_PATH");

	for (path = path ? path : usual_path; *path; path += *path == ':') {
		size_t n = strcspn(path, ":");

		if (n > 0)
			find_in(f, arena_strndup(f->arena, path, n));
		path += n;
	}
}

/* --- what they set (systemd.exec(5), systemd.resource-control(5)) ----------------------- */

/* The file that took the network away in each of these ways; NULL = none did. */
struct taken {
	const char *by_private, *by_families, *by_deny;
	bool lists_inet;             /* RestrictAddressFamilies= allows some, and AF_INET is one */
	bool allows;                 /* addresses beyond this host, in spite of IPAddressDeny= */
};

/* As systemd reads a boolean; others leave what was before. */
static const struct { const char *word; bool value; } booleans[] = {
	{ "yes", true }, { "y", true }, { "true", true }, { "t", true }, { "on", true }, { "1", true },
	{ "no", false }, { "n", false }, { "false", false }, { "f", false }, { "off", false }, { "0", false },
};

static void read_private(struct taken *t, struct strings words, const char *file)
{
	for (size_t i = 0; words.n == 1 && i < sizeof(booleans) / sizeof(booleans[0]); i++)
		if (strcasecmp(words.items[0], booleans[i].word) == 0)
			t->by_private = booleans[i].value ? file : NULL;
}

/* Lists add up, "~" in front takes words away, and an empty one begins anew. */
static void read_families(struct taken *t, struct strings words, const char *file)
{
	bool less = words.n > 0 && words.items[0][0] == '~';
	bool inet = strings_have(words, "AF_INET") || strings_have(words, "AF_INET6") ||
		(less && (str_eq(words.items[0], "~AF_INET") || str_eq(words.items[0], "~AF_INET6")));

	if (less && !inet)
		return;
	t->lists_inet = words.n > 0 && !less && (inet || t->lists_inet);
	t->by_families = words.n == 0 || t->lists_inet ? NULL : file;
}

static void read_deny(struct taken *t, struct strings words, const char *file)
{
	if (words.n == 0)
		t->by_deny = NULL;
	if (strings_have(words, "any") || strings_have(words, "0.0.0.0/0"))
		t->by_deny = file;
}

/* What is allowed counts before what is denied. */
static void read_allow(struct taken *t, struct strings words, const char *file)
{
	(void)file;
	if (words.n == 0)
		t->allows = false;
	for (size_t i = 0; i < words.n; i++)
		t->allows |= !str_eq(words.items[i], "localhost") && !str_starts(words.items[i], "127.") &&
			!str_starts(words.items[i], "::1");
}

static const struct {
	const char *name;
	void (*read)(struct taken *t, struct strings words, const char *file);
} settings[] = {
	{ "PrivateNetwork=", read_private },
	{ "RestrictAddressFamilies=", read_families },
	{ "IPAddressDeny=", read_deny },
	{ "IPAddressAllow=", read_allow },
};

/* The words of a value, without the blanks between. */
static struct strings words_of(struct arena *arena, char *value)
{
	const char **words = arena_alloc(arena, strlen(value) * sizeof(*words) + 1);
	char *rest = NULL;
	size_t n = 0;

	for (char *w = strtok_r(value, BLANKS, &rest); w; w = strtok_r(NULL, BLANKS, &rest))
		words[n++] = arena_strdup(arena, w);
	return (struct strings){ words, n };
}

static void read_file(struct taken *t, struct arena *arena, const char *file)
{
	FILE *f = fopen(file, "re");
	char line[1024];

	while (f && fgets(line, sizeof(line), f)) {
		char *at = line + strspn(line, BLANKS);

		for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
			if (str_starts(at, settings[i].name))
				settings[i].read(t, words_of(arena, at + strlen(settings[i].name)), file);
	}
	if (f)
		fclose(f);
}

const char *unit_without_network(struct arena *arena)
{
	struct unit_files files = { .arena = arena };
	struct taken t = { 0 };

	find(&files);
	for (size_t i = 0; i < files.n; i++)
		read_file(&t, arena, files.of[i].path);
	return t.by_private ? t.by_private : t.by_families ? t.by_families : t.allows ? NULL : t.by_deny;
}
