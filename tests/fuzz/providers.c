/*
 * tests/fuzz/providers.c - an operator's file of providers: it is refused with a sentence,
 * or each of its rows can be used, at any moment.
 */
#include "config.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/str.h"
#include "fuzz.h"
#include "provider/providers.h"

static void judge_url(const char *url)
{
	assert(!url || (str_starts(url, "https://") && url[strcspn(url, " \t\r\n#@")] == '\0'));
}

static void judge(const struct provider *p)
{
	struct provider_budget b;
	struct err err;

	assert(p->id && *p->id && p->title && p->margin > 0);
	assert(!p->ok_field == !p->ok_value);
	assert(!p->revoke_url || (p->revoke_method && p->revoke_auth));
	assert(!p->revoke_url || !str_eq(p->revoke_auth, "body") || str_eq(p->revoke_method, "POST"));
	assert(!p->identity_url || p->identity_field);
	judge_url(p->token_url);
	judge_url(p->refresh_url);
	judge_url(p->api_url);
	for (size_t i = 0; i < p->budgets.n; i++)
		assert(provider_budget_read(p->budgets.items[i], &b) && b.limit > 0 && b.window > 0);
	assert(!provider_open(p, TIME_LAST, &err) || (p->authorize_url && p->token_url));
}

static void judge_all(const struct providers *list, int64_t now, struct arena *arena)
{
	const struct field_list all = providers_all(list, now, arena);

	for (size_t i = 0; i < all.n; i++)
		judge((const struct provider *)all.items + i);
}

static void read_it(const char *path)
{
	struct arena *arena = arena_new();
	struct err err = { 0 };
	const struct providers *list = providers_read(arena, path, &err);

	if (list) {
		judge_all(list, 0, arena);
		judge_all(list, INT64_C(1800000000000), arena);
		judge_all(list, TIME_LAST, arena);
	} else {
		assert(err.kind == ERR_CONFIG && *err.message && !strchr(err.message, '\n'));
	}
	arena_free(&arena);
}

int FUZZ(providers)(const uint8_t *data, size_t size)
{
	int fd = memfd_create("providers", MFD_CLOEXEC);
	char path[64];

	if (fd >= 0 && write(fd, data, size) == (ssize_t)size) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		read_it(path);
	}
	if (fd >= 0)
		close(fd);
	return 0;
}
