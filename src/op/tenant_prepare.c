/* op/tenant_prepare.c - the row of a new team. */
#include "config.h"

#include "auth/auth.h"
#include "base/str.h"
#include "model/check.h"
#include "op/key.h"
#include "op/tenant_prepare.h"

#define SLUG_END 6       /* random characters: 36^6 = 2e9 */

const char *tenant_name_cut(const struct op *op, const char *name)
{
	size_t n = 0, bytes = 0;

	while (name[bytes] && n < NAME_MAX_CHARS) {
		bytes++;
		while (((unsigned char)name[bytes] & 0xc0) == 0x80)
			bytes++;
		n++;
	}
	return arena_strndup(op->arena, name, bytes);
}

/* A slug from any text, with a random end that makes it unique. */
static const char *slug_from(struct arena *arena, const char *text)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	const size_t most = SLUG_MAX - SLUG_END - 1;
	char *slug = arena_alloc(arena, SLUG_MAX + 1), *copy = arena_strdup(arena, text);
	unsigned char bytes[SLUG_END];
	size_t n = 0;

	str_lower(copy);
	for (const char *p = copy; *p && n < most; p++) {
		if (((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9')))
			slug[n++] = *p;
		else if (n > 0 && slug[n - 1] != '-')
			slug[n++] = '-';
	}
	if (n == 0)
		slug[n++] = 't';
	if (slug[n - 1] != '-')
		slug[n++] = '-';
	random_bytes(bytes, sizeof(bytes));
	for (size_t i = 0; i < SLUG_END; i++)
		slug[n++] = set[bytes[i] % (sizeof(set) - 1)];
	slug[n] = '\0';
	return slug;
}

int64_t tenant_plan_limit(const char *plan)
{
	const struct tier *tier = tier_find(plan);

	return tier ? tier->monthly_limit : INT_NONE;
}

struct tenant tenant_prepare(const struct op *op, const struct tenant *in)
{
	struct tenant t = *in;
	char id[UUID_TEXT];

	random_uuid(id);
	t.id = arena_strdup(op->arena, id);
	t.name = tenant_name_cut(op, in->name);
	t.slug = in->slug ? in->slug : slug_from(op->arena, in->name);
	t.kind = TENANT_TEAM;
	t.is_active = true;
	t.rate_limit_requests = tenant_plan_limit(t.plan);
	t.rate_limit_period = NULL;
	t.limit_mode = LIMIT_ENFORCE;
	t.deleted_at = TIME_NONE;
	t.version = 1;
	t.created_at = t.updated_at = op->now;
	return t;
}
