/*
 * Health, version and the OpenAPI document: what monitors and client
 * generators read. Only /health/ready touches the database.
 */
#include "config.h"

#include "op/ready.h"
#include "resource/call.h"
#include "resource/routes.h"

#define READY_TIMEOUT_MS 250

struct health_out {
	const char *status, *service, *database;
};

static const struct field health_fields[] = {
	{ .name = "status", .type = FIELD_TEXT, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct health_out, status), .sentence = "Always ok" },
	{ .name = "service", .type = FIELD_TEXT, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct health_out, service), .sentence = "Name of the service" },
	{ 0 },
};
static const struct field_schema health_schema = {
	"Health", sizeof(struct health_out), health_fields, 0,
};

static const struct field ready_fields[] = {
	{ .name = "status", .type = FIELD_TEXT, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct health_out, status), .sentence = "Always ok" },
	{ .name = "database", .type = FIELD_TEXT, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct health_out, database),
	  .sentence = "Always ok: the database answered" },
	{ 0 },
};
static const struct field_schema ready_schema = {
	"Ready", sizeof(struct health_out), ready_fields, 0,
};

struct version_out {
	const char *name, *version;
};

static const struct field version_fields[] = {
	{ .name = "name", .type = FIELD_TEXT, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct version_out, name), .sentence = "Name of the program" },
	{ .name = "version", .type = FIELD_TEXT, .flags = FIELD_REQUIRED,
	  .offset = FIELD_AT(struct version_out, version),
	  .sentence = "Version of the program" },
	{ 0 },
};
static const struct field_schema version_schema = {
	"Version", sizeof(struct version_out), version_fields, 0,
};

static bool health_show(struct call *call, struct err *err_r)
{
	(void)err_r;
	return call_reply(call, &(struct health_out){
		.status = "ok", .service = "pierre-mcp-server",
	});
}

static bool health_ready(struct call *call, struct err *err_r)
{
	if (!op_ready(call->op, READY_TIMEOUT_MS, err_r))
		return false;
	return call_reply(call, &(struct health_out){ .status = "ok", .database = "ok" });
}

static bool version_show(struct call *call, struct err *err_r)
{
	(void)err_r;
	return call_reply(call, &(struct version_out){ PACKAGE_NAME, PACKAGE_VERSION });
}

static bool openapi_show(struct call *call, struct err *err_r)
{
	struct strbuf b = { .arena = call->req->arena };

	(void)err_r;
	openapi_write(route_tables, PACKAGE_VERSION, &b);
	call->res->status = call->route->status;
	call->res->is_public = true;
	response_header(call->res, "Cache-Control", "no-cache");
	response_body(call->res, "application/json", b.s, b.len);
	response_etag(call->res, call->req);
	return true;
}

const struct route health_routes[] = {
	{ .method = HTTP_GET, .pattern = "/health", .label = "health", .pool = POOL_FAST,
	  .guard = GUARD_PUBLIC, .fn = health_show, .status = 200, .out = &health_schema,
	  .summary = "Say that the service runs; touches no database" },
	{ .method = HTTP_GET, .pattern = "/health/live", .label = "health_live",
	  .pool = POOL_FAST, .guard = GUARD_PUBLIC, .fn = health_show, .status = 200,
	  .out = &health_schema, .summary = "Say that this process answers" },
	{ .method = HTTP_GET, .pattern = "/health/ready", .label = "health_ready",
	  .pool = POOL_FAST, .guard = GUARD_PUBLIC, .fn = health_ready, .status = 200,
	  .out = &ready_schema,
	  .summary = "Ask the database within a quarter of a second; 503 with the reason when it fails" },
	{ .method = HTTP_GET, .pattern = "/version", .label = "version", .pool = POOL_FAST,
	  .guard = GUARD_PUBLIC, .fn = version_show, .status = 200, .out = &version_schema,
	  .summary = "Name and version of the program" },
	{ .method = HTTP_GET, .pattern = "/openapi.json", .label = "openapi",
	  .pool = POOL_FAST, .guard = GUARD_PUBLIC, .fn = openapi_show, .status = 200,
	  .summary = "This document" },
	{ 0 },
};
