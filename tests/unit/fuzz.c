/*
 * tests/unit/fuzz.c - each file of tests/fuzz/corpus through its target, whole and
 * cut at each byte. A target that finds a fault aborts.
 */
#include "config.h"

#include <dirent.h>
#include <stdlib.h>

#include "fuzz.h"
#include "tap.h"

#define INPUT_MAX 4096

static const struct target {
	const char *name;
	int (*run)(const uint8_t *data, size_t size);
} targets[] = {
	{ "conf", fuzz_conf },
	{ "fcgi_peek", fuzz_fcgi_peek },
	{ "json_check", fuzz_json_check },
	{ "provider_reply", fuzz_provider_reply },
	{ "providers", fuzz_providers },
	{ "request", fuzz_request },
	{ "url", fuzz_url },
};

/* In memory of just that size, so that a sanitizer sees a byte too far. */
static void run(const struct target *t, const unsigned char *data, size_t size)
{
	unsigned char *copy = malloc(size > 0 ? size : 1);

	memcpy(copy, data, size);
	t->run(copy, size);
	free(copy);
}

static void replay(const struct target *t, const char *path)
{
	unsigned char data[INPUT_MAX];
	FILE *f = fopen(path, "rb");
	size_t n = f ? fread(data, 1, sizeof(data), f) : 0;

	for (size_t cut = 0; cut <= n; cut++)
		run(t, data, cut);
	ok(n > 0 && n < sizeof(data), "%s", strrchr(path, '/') + 1);
	if (f)
		fclose(f);
}

static void replay_all(const struct target *t)
{
	const char *source = getenv("PIERRE_SOURCE");
	char dir[4096], path[4096 + 256];
	const struct dirent *e;
	size_t n = 0;
	DIR *d;

	snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/%s", source ? source : ".", t->name);
	d = opendir(dir);
	while (d && (e = readdir(d))) {
		if (*e->d_name == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		replay(t, path);
		n++;
	}
	ok(n > 0, "there are inputs for %s", t->name);
	if (d)
		closedir(d);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		replay_all(&targets[i]);
	return tap_done();
}
