/* cmd/unit.c - the files of pierre.service. */
#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "cmd/unit.h"

#define UNIT "pierre.service"
#define SETTING "PrivateNetwork="

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

/* As systemd reads a boolean; others leave what was before. */
static const struct { const char *word; bool value; } booleans[] = {
	{ "yes", true }, { "y", true }, { "true", true }, { "t", true }, { "on", true }, { "1", true },
	{ "no", false }, { "n", false }, { "false", false }, { "f", false }, { "off", false }, { "0", false },
};

static void read_setting(const char *file, const char **set_by)
{
	FILE *f = fopen(file, "re");
	char line[1024];

	while (f && fgets(line, sizeof(line), f)) {
		char *at = line + strspn(line, " \t");

		if (!str_starts(at, SETTING))
			continue;
		at += strlen(SETTING) + strspn(at + strlen(SETTING), " \t");
		at[strcspn(at, " \t\r\n")] = '\0';
		for (size_t i = 0; i < sizeof(booleans) / sizeof(booleans[0]); i++)
			if (strcasecmp(at, booleans[i].word) == 0)
				*set_by = booleans[i].value ? file : NULL;
	}
	if (f)
		fclose(f);
}

const char *unit_without_network(struct arena *arena)
{
	struct unit_files files = { .arena = arena };
	const char *set_by = NULL;

	find(&files);
	for (size_t i = 0; i < files.n; i++)
		read_setting(files.of[i].path, &set_by);
	return set_by;
}
