/*
 * tests/unit/openapi.c - the document of two small tables, and that it is
 * JSON, complete and always the same.
 */
#include "config.h"

#include "base/str.h"
#include "http/json.h"
#include "http/route.h"
#include "tap.h"

static struct arena *arena;

static bool handler(struct call *call, struct err *err_r)
{
	(void)call;
	(void)err_r;
	return true;
}

static const char *const words[] = { "one", "two", NULL };
static const struct field part_fields[] = {
	{ .name = "n", .type = FIELD_INT, .min = -1, .max = 5 },
	{ 0 },
};
static const struct field_schema part_schema = { "Part", 8, part_fields, 0 };
static const struct field in_fields[] = {
	{ .name = "name", .type = FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 100,
	  .sentence = "A \"name\"." },
	{ .name = "password", .type = FIELD_TEXT, .flags = FIELD_SECRET },
	{ .name = "word", .type = FIELD_TEXT, .flags = FIELD_NULLABLE, .values = words },
	{ .name = "tags", .type = FIELD_STRINGS, .max = 3 },
	{ 0 },
};
static const struct field_schema in_schema = { "ThingIn", 8, in_fields, 0 };
static const struct field out_fields[] = {
	{ .name = "id", .type = FIELD_UUID },
	{ .name = "when", .type = FIELD_TIME, .flags = FIELD_NULLABLE },
	{ .name = "on", .type = FIELD_BOOL },
	{ .name = "hash", .type = FIELD_TEXT, .flags = FIELD_PRIVATE },
	{ .name = "part", .type = FIELD_OBJECT, .schema = &part_schema },
	{ .name = "maybe", .type = FIELD_OBJECT, .flags = FIELD_NULLABLE, .schema = &part_schema },
	{ .name = "parts", .type = FIELD_LIST, .schema = &part_schema },
	{ 0 },
};
static const struct field_schema out_schema = { "Thing", 8, out_fields, 0 };
struct query {
	int64_t limit;
	const char *word;
};
static const struct field query_fields[] = {
	FIELD(struct query, limit, INT, FIELD_NULLABLE, "Most rows", .min = 1, .max = 200),
	FIELD(struct query, word, TEXT, FIELD_NULLABLE, "Of two", .values = words),
	{ 0 },
};
static const struct field_schema query = FIELD_SCHEMA("Query", struct query, query_fields);

static const struct route first[] = {
	{ .method = HTTP_GET, .pattern = "/things", .label = "thing_list", .guard = GUARD_SESSION,
	  .fn = handler, .query = &query, .status = 200, .out = &out_schema, .summary = "List." },
	{ .method = HTTP_GET, .pattern = "/things/{id}/{other}", .label = "thing_show",
	  .guard = GUARD_CREDENTIAL, .fn = handler, .status = 200, .out = &out_schema,
	  .etag = ETAG_BODY },
	{ 0 },
};
static const struct route second[] = {
	{ .method = HTTP_POST, .pattern = "/things", .label = "thing_create", .guard = GUARD_ADMIN,
	  .permission = "make_things",
	  .fn = handler, .body_max = BODY_SMALL, .in = &in_schema, .status = 201,
	  .out = &out_schema, .idempotent = true, .summary = "Create." },
	{ .method = HTTP_DELETE, .pattern = "/all", .label = "all_delete", .fn = handler,
	  .guard = GUARD_PUBLIC, .status = 204, .problems = ERR_BIT(ERR_CONFLICT), .if_match = true },
	{ 0 },
};
static const struct route *const tables[] = { first, second, NULL };
static const struct route *const swapped[] = { second, first, NULL };

/* Parts that must stand in it, word for word. */
static const char *const parts[] = {
	"{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Pierre\",\"version\":\"1.2.3\",",
	"\"servers\":[{\"url\":\"/\",",
	"\"paths\":{\"/things\":{\"get\":{\"operationId\":\"thing_list\",\"summary\":\"List.\","
	"\"description\":\"It needs the access token of an active user.\","
	"\"security\":[{\"bearer\":[]}],\"parameters\":[{\"name\":\"limit\",\"in\":\"query\","
	"\"description\":\"Most rows\",\"required\":false,\"schema\":{\"type\":\"integer\","
	"\"format\":\"int64\",\"minimum\":1,\"maximum\":200}},{\"name\":\"word\",\"in\":\"query\","
	"\"description\":\"Of two\",\"required\":false,\"schema\":{\"type\":\"string\",\"enum\":[\"one\",\"two\"]}}]",
	"\"post\":{\"operationId\":\"thing_create\",\"summary\":\"Create.\","
	"\"description\":\"It needs the access token of an administrator, or an admin token with the permission that stands in its security requirement (any: none in particular).\",\"security\":[{\"bearer\":[\"admin\"]},{\"admin_token\":[\"make_things\"]}],"
	"\"parameters\":[{\"name\":\"Idempotency-Key\",\"in\":\"header\",",
	"\"requestBody\":{\"required\":true,\"content\":"
	"{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/ThingIn\"}}}},"
	"\"responses\":{\"201\":{\"description\":\"Create.\",\"headers\":{\"X-Request-Id\":"
	"{\"$ref\":\"#/components/headers/X-Request-Id\"},\"Cache-Control\":"
	"{\"$ref\":\"#/components/headers/Cache-Control\"},\"Idempotency-Replayed\":"
	"{\"$ref\":\"#/components/headers/Idempotency-Replayed\"}},\"content\":{\"application/json\":"
	"{\"schema\":{\"$ref\":\"#/components/schemas/Thing\"}}}},\"400\":{\"$ref\":"
	"\"#/components/responses/400.InvalidFormat.InvalidInput\"},\"401\":{\"$ref\":"
	"\"#/components/responses/401.AuthRequired.AuthInvalid.AuthExpired\"},",
	/* what the rules of a row refuse, where the guard does not */
	"\"409\":{\"$ref\":\"#/components/responses/409.ResourceAlreadyExists\"}",
	"\"304\":{\"description\":\"It is still what If-None-Match names.\",\"headers\":",
	"\"ETag\":{\"$ref\":\"#/components/headers/ETag\"}",
	"\"429.RateLimitExceeded.Limits\":{\"description\":\"Too Many Requests\",",
	"{\"status\":{\"const\":401},\"code\":{\"enum\":[\"AuthRequired\",\"AuthInvalid\",\"AuthExpired\"]}}",
	"\"/things/{id}/{other}\":{\"get\":{\"operationId\":\"thing_show\","
	"\"description\":\"It needs an API key, or the access token of an active user.\","
	"\"security\":[{\"api_key\":[]},{\"bearer\":[]}],"
	"\"parameters\":[{\"name\":\"id\",\"in\":\"path\",\"description\":\"Id, as it was given "
	"when the thing was made\",\"required\":true,\"schema\":"
	"{\"type\":\"string\",\"format\":\"uuid\"}},{\"name\":\"other\",\"in\":\"path\","
	"\"description\":\"Its name, such as strava\",\"required\":true,\"schema\":{\"type\":\"string\"}},{\"name\":\"If-None-Match\",\"in\":\"header\",",
	"\"/all\":{\"delete\":{\"operationId\":\"all_delete\",\"description\":\"Anybody may call it.\","
	"\"security\":[],\"parameters\":[{\"name\":\"If-Match\",\"in\":\"header\",",
	"\"412\":{\"$ref\":\"#/components/responses/412.PreconditionFailed\"}",
	"\"responses\":{\"204\":{\"description\":\"Done.\",\"headers\":",
	"\"ThingIn\":{\"type\":\"object\",\"required\":[\"name\"],\"additionalProperties\":false,"
	"\"properties\":{\"name\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":100,"
	"\"description\":\"A \\\"name\\\".\"},\"password\":{\"type\":\"string\",\"format\":\"password\"},"
	"\"word\":{\"type\":[\"string\",\"null\"],\"enum\":[\"one\",\"two\",null]},"
	"\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"maxItems\":3}}}",
	"\"Thing\":{\"type\":\"object\",\"required\":[\"id\",\"when\",\"on\",\"part\",\"maybe\","
	"\"parts\"],\"properties\":{\"id\":{\"type\":\"string\",\"format\":\"uuid\"},"
	"\"when\":{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"},"
	"\"on\":{\"type\":\"boolean\"},\"part\":{\"$ref\":\"#/components/schemas/Part\"},"
	"\"maybe\":{\"oneOf\":[{\"$ref\":\"#/components/schemas/Part\"},{\"type\":\"null\"}]},"
	"\"parts\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Part\"}}}}",
	("\"Part\":{\"type\":\"object\",\"required\":[\"n\"],\"properties\":{\"n\":"
	 "{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":-1,\"maximum\":5}}}"),
	"\"securitySchemes\":{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"",
	"\"api_key\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-API-Key\"",
	"\"Problem\":{\"type\":\"object\"",
};

static struct strbuf document(const struct route *const *of)
{
	struct strbuf b = { .arena = arena };
	openapi_write(of, "1.2.3", &b, NULL);
	return b;
}

static int count(const char *text, const char *what)
{
	int n = 0;
	for (const char *p = text; (p = strstr(p, what)); p++)
		n++;
	return n;
}

/* Every "$ref" names a member that is there. */
static void test_refs(const char *text)
{
	int missing = 0, n = 0;
	for (const char *p = text; (p = strstr(p, "\"$ref\":\"#/components/")); n++) {
		p = strchr(p + 8, '/') + 12;
		const char *name = strchr(p, '/') + 1;
		const char *key = arena_printf(arena, "\"%.*s\":{", (int)strcspn(name, "\""), name);
		missing += !strstr(text, key);
	}
	ok(n > 10 && missing == 0, "%d references, all there", n);
}

/* More schemas than any cap, each named once and described once. */
static void test_many(void)
{
	enum { MANY = 300 };
	struct field fields[MANY][2];
	struct field_schema schemas[MANY];
	struct route rows[MANY + 1];
	const struct route *const of[] = { rows, NULL };
	struct strbuf b;

	memset(fields, 0, sizeof(fields));
	memset(rows, 0, sizeof(rows));
	for (size_t i = 0; i < MANY; i++) {
		fields[i][0] = part_fields[0];
		schemas[i] = (struct field_schema){
			.name = arena_printf(arena, "Many%zu", i), .size = 8, .fields = fields[i],
		};
		rows[i] = first[0];
		rows[i].pattern = arena_printf(arena, "/many/%zu", i);
		rows[i].label = rows[i].pattern + 1;
		rows[i].out = &schemas[i];
		rows[i].problems = (unsigned)i << 4 & ~(~0U << ERR__COUNT);
	}
	b = document(of);
	for (size_t i = 0; i < MANY; i += 37)
		ok(count(b.s, arena_printf(arena, "\"Many%zu\":{", i)) == 1, "schema %zu is there", i);
	test_refs(b.s);
}

/* Two tables with one name: neither may be described as the other. */
static void test_same_name(void)
{
	static const struct field other_fields[] = {
		{ .name = "m", .type = FIELD_BOOL },
		{ 0 },
	};
	static const struct field_schema other = { "Thing", 8, other_fields, 0 };
	struct route rows[] = { first[0], first[1], { 0 } };
	const struct route *const of[] = { rows, NULL };
	struct strbuf b = { .arena = arena };
	struct err err;

	rows[1].out = &other;
	ok(!openapi_write(of, "1.2.3", &b, &err) && err.kind == ERR_INTERNAL &&
	   strstr(err.message, "Thing"), "%s", err.message);
}

int main(void)
{
	struct err err;
	arena = arena_new();
	struct strbuf b = document(tables);
	if (!ok(json_check(b.s, b.len, &err), "the document is strict JSON"))
		printf("# %s\n# %s\n", err.message, b.s);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!ok(strstr(b.s, parts[i]) != NULL, "part %zu", i))
			printf("# %s\n", b.s);
	is_int(count(b.s, "\"/things\":"), 1, "one path object for rows of two tables");
	is_int(count(b.s, "\"operationId\""), 4, "every row is an operation");
	is_int(count(b.s, "\"Part\":{"), 1, "a schema reached three times is there once");
	is_int(count(b.s, "hash"), 0, "private fields are not");
	test_refs(b.s);
	is_str(document(tables).s, b.s, "the same tables, the same bytes");
	ok(json_check(document(swapped).s, document(swapped).len, &err), "in another order, too");
	const struct route *const none[] = { NULL };
	ok(json_check(document(none).s, document(none).len, &err), "and of no tables");
	test_many();
	test_same_name();
	arena_free(&arena);
	return tap_done();
}
