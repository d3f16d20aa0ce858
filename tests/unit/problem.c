/*
 * tests/unit/problem.c - every kind of error as problem+json.
 */
#include "config.h"

#include "base/str.h"
#include "http/json.h"
#include "http/problem.h"
#include "header.h"
#include "tap.h"

static const struct { enum err_kind kind; int status; const char *code; } want[] = {
	{ ERR_MALFORMED, 400, "InvalidFormat" }, { ERR_INVALID, 422, "InvalidInput" },
	{ ERR_REQUIRED, 422, "MissingRequiredField" }, { ERR_RANGE, 422, "ValueOutOfRange" },
	{ ERR_AUTH_REQUIRED, 401, "AuthRequired" }, { ERR_AUTH_INVALID, 401, "AuthInvalid" },
	{ ERR_AUTH_EXPIRED, 401, "AuthExpired" }, { ERR_FORBIDDEN, 403, "PermissionDenied" },
	{ ERR_NOT_FOUND, 404, "ResourceNotFound" }, { ERR_METHOD, 405, "MethodNotAllowed" },
	{ ERR_CONFLICT, 409, "ResourceAlreadyExists" },
	{ ERR_PRECONDITION, 412, "PreconditionFailed" }, { ERR_TOO_LARGE, 413, "PayloadTooLarge" },
	{ ERR_MEDIA_TYPE, 415, "UnsupportedMediaType" }, { ERR_RATE, 429, "RateLimitExceeded" },
	{ ERR_UNAVAILABLE, 503, "ResourceUnavailable" }, { ERR_UNCERTAIN, 503, "ResourceUnavailable" },
	{ ERR_DATABASE, 500, "DatabaseError" }, { ERR_CONFIG, 500, "ConfigInvalid" },
	{ ERR_INTERNAL, 500, "InternalError" },
};

static void test_kinds(struct arena *arena)
{
	is_int(sizeof(want) / sizeof(want[0]), ERR__COUNT - 1, "every kind is here");
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct response r;
		struct err err, bad;
		err_set(&err, want[i].kind, "The \"sentence\"");
		response_init(&r, arena);
		r.is_public = true;
		problem_reply(&r, "id-1", &err);
		is_int(r.status, want[i].status, want[i].code);
		is_str(problem_kind_of(want[i].kind)->code, want[i].code, "  code");
		is_int(problem_kind_of(want[i].kind)->kind, want[i].kind, "  its row");
		ok(strstr(r.body, arena_printf(arena, "\"code\":\"%s\"", want[i].code)) != NULL,
		   "  in the body");
		ok(json_check(r.body, r.body_len, &bad), "  which is JSON");
		is_str(r.content_type, "application/problem+json", "  type");
		ok(!r.is_public, "  never to be kept");
		ok(!strstr(r.body, "sentence") == (want[i].status >= 500),
		   "  the sentence of a failure of ours is for the log only");
		ok(!header(&r, "WWW-Authenticate") == (want[i].status != 401), "  challenge");
	}
	is_int(problem_kind_of(ERR_NONE)->status, 500, "no error is our error");
	is_int(problem_kind_of(ERR__COUNT)->status, 500, "so is one that does not exist");
}

static void test_members(struct arena *arena)
{
	struct response r;
	struct err err;
	err_field(&err, ERR_RATE, "email", "Wait a \"while\"");
	err.retry_after = 30;
	memcpy(err.reason, "slow", 5);
	response_init(&r, arena);
	problem_reply(&r, "id-1", &err);
	is_str(r.body, "{\"type\":\"about:blank\",\"title\":\"Too Many Requests\",\"status\":429,"
	       "\"detail\":\"Wait a \\\"while\\\"\",\"code\":\"RateLimitExceeded\",\"reason\":\"slow\","
	       "\"field\":\"email\",\"retry_after\":30,\"request_id\":\"id-1\"}", "all members");
	is_str(header(&r, "Retry-After"), "30", "Retry-After");
	err_reason(&err, ERR_UNAVAILABLE, "changed", "Try again");
	response_init(&r, arena);
	problem_reply(&r, "id-1", &err);
	ok(strstr(r.body, "\"detail\":\"Try again\"") != NULL,
	   "a 503 that a rule gave a reason for keeps its sentence");
	err_set(&err, ERR_NOT_FOUND, "No");
	response_init(&r, arena);
	problem_reply(&r, NULL, &err);
	is_str(r.body, "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
	       "\"detail\":\"No\",\"code\":\"ResourceNotFound\"}", "no more than needed");
	is_str(header(&r, "Retry-After"), NULL, "no Retry-After");
}

static void test_challenge(struct arena *arena)
{
	static const struct { enum err_kind kind; const char *reason, *challenge; } cases[] = {
		{ ERR_AUTH_REQUIRED, "", "Bearer realm=\"pierre\"" },
		{ ERR_AUTH_INVALID, "", "Bearer realm=\"pierre\"" },
		{ ERR_AUTH_INVALID, "revoked", "Bearer realm=\"pierre\", error=\"invalid_token\"" },
		{ ERR_AUTH_EXPIRED, "expired", "Bearer realm=\"pierre\", error=\"invalid_token\"" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct response r;
		struct err err;
		err_reason(&err, cases[i].kind, cases[i].reason, "No");
		response_init(&r, arena);
		problem_reply(&r, "id", &err);
		is_str(header(&r, "WWW-Authenticate"), cases[i].challenge, "challenge (RFC 6750)");
	}
}

int main(void)
{
	struct arena *arena = arena_new();
	test_kinds(arena);
	test_members(arena);
	test_challenge(arena);
	arena_free(&arena);
	return tap_done();
}
