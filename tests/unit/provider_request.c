/*
 * tests/unit/provider_request.c - the request that ends tokens, where the row names the user
 * in its address: what a provider has called him goes there as one segment, or not at all.
 */
#include "config.h"

#include "provider/providers.h"
#include "provider/request.h"
#include "tap.h"

#define NOW INT64_C(1800000000000)   /* 2027-01-15T08:00:00Z */
#define POLAR "https://www.polaraccesslink.com/v3/users/"

static const struct {
	const char *user_id, *url;   /* NULL: no request */
} rows[] = {
	{ "475", POLAR "475" },
	{ "a b/c?d#e%2e", POLAR "a%20b%2Fc%3Fd%23e%252e" },
	{ "../475", POLAR "..%2F475" },
	{ "a.b~c_d-e", POLAR "a.b~c_d-e" },
	{ "\xc3\xa9", POLAR "%C3%A9" },
	{ ".", NULL },
	{ "..", NULL },
	{ "", NULL },
	{ NULL, NULL },
};

int main(void)
{
	const struct provider_client client = { "client", "secret" };
	struct arena *arena = arena_new();
	struct err err = { 0 };
	const struct providers *all = providers_read(arena, "", &err);
	struct provider polar;

	if (!ok(all && provider_get(all, "polar", NOW, &polar, &err), "polar is shipped"))
		return tap_done();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct provider_ended ended = { .access_token = "at", .user_id = rows[i].user_id };
		struct provider_request r = { 0 };

		is_int(provider_revoke_request(&polar, &client, &ended, arena, &r), rows[i].url != NULL,
		       "a request, or none");
		is_str(r.url, rows[i].url, "its address");
	}
	arena_free(&arena);
	return tap_done();
}
