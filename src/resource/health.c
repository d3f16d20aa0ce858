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

static const char *const ready_words[] = { "degraded", "ok", NULL };

static const struct field health_fields[] = {
	FIELD(struct health_out, status, TEXT, FIELD_REQUIRED, "Always ok",
	      .values = ready_words + 1),
	FIELD(struct health_out, service, TEXT, FIELD_REQUIRED, "Name of the service"),
	{ 0 },
};
static const struct field_schema health_schema =
	FIELD_SCHEMA("Health", struct health_out, health_fields);

static const struct field ready_fields[] = {
	FIELD(struct health_out, status, TEXT, FIELD_REQUIRED,
	      "ok, or degraded: the database answers, and not everything can be written",
	      .values = ready_words),
	FIELD(struct health_out, database, TEXT, FIELD_REQUIRED,
	      "ok, or a sentence that says what cannot be written, and why"),
	{ 0 },
};
static const struct field_schema ready_schema =
	FIELD_SCHEMA("Ready", struct health_out, ready_fields);

struct version_out {
	const char *name, *version;
};

static const struct field version_fields[] = {
	FIELD(struct version_out, name, TEXT, FIELD_REQUIRED, "Name of the program"),
	FIELD(struct version_out, version, TEXT, FIELD_REQUIRED, "Version of the program"),
	{ 0 },
};
static const struct field_schema version_schema =
	FIELD_SCHEMA("Version", struct version_out, version_fields);

struct openapi_server {
	const char *url, *description;
};

/* This document: its form is the specification's (OpenAPI 3.1.0, 4.8.1). */
struct openapi_out {
	const char *openapi;
	const void *info, *paths, *components;
	struct field_list servers;
};
static const struct field server_fields[] = {
	FIELD(struct openapi_server, url, TEXT, FIELD_REQUIRED, "Where it is, from here"),
	FIELD(struct openapi_server, description, TEXT, FIELD_REQUIRED, "Which it is"),
	{ 0 },
};
static const struct field_schema server_schema =
	FIELD_SCHEMA("OpenApiServer", struct openapi_server, server_fields);

static const struct field openapi_fields[] = {
	FIELD(struct openapi_out, openapi, TEXT, FIELD_REQUIRED, "Version of the specification"),
	FIELD(struct openapi_out, info, OBJECT, FIELD_REQUIRED, "What this is"),
	FIELD(struct openapi_out, servers, LIST, FIELD_REQUIRED, "Where it is",
	      .schema = &server_schema),
	FIELD(struct openapi_out, paths, OBJECT, FIELD_REQUIRED, "What can be called"),
	FIELD(struct openapi_out, components, OBJECT, FIELD_REQUIRED, "What paths refer to"),
	{ 0 },
};
static const struct field_schema openapi_schema =
	FIELD_SCHEMA("OpenApi", struct openapi_out, openapi_fields);

static bool health_show(struct call *call, struct err *err_r)
{
	(void)err_r;
	return call_reply(call, &(struct health_out){
		.status = "ok", .service = "pierre-mcp-server",
	});
}

static bool health_ready(struct call *call, struct err *err_r)
{
	const char *degraded;
	struct err why;

	if (!op_ready(call->op, READY_TIMEOUT_MS, &why, err_r)) {
		call->res->cause = arena_strdup(call->req->arena, why.message);
		return false;
	}
	degraded = op_degraded(call->op);
	return call_reply(call, &(struct health_out){
		.status = degraded ? "degraded" : "ok", .database = degraded ? degraded : "ok",
	});
}

static bool version_show(struct call *call, struct err *err_r)
{
	(void)err_r;
	return call_reply(call, &(struct version_out){ PACKAGE_NAME, PACKAGE_VERSION });
}

static bool openapi_show(struct call *call, struct err *err_r)
{
	struct strbuf b = { .arena = call->req->arena };

	if (!openapi_write(call->tables, PACKAGE_VERSION, &b, err_r))
		return false;
	call->res->status = call->route->status;
	call->res->is_public = true;
	response_header(call->res, "Cache-Control", "no-cache");
	response_body(call->res, "application/json", b.s, b.len);
	response_etag(call->res, call->req);
	return true;
}

const struct route health_routes[] = {
	{ .method = HTTP_GET, .pattern = "/health", .label = "health", .pool = POOL_FAST,
	  .guard = GUARD_PUBLIC, .without_database = true, .fn = health_show, .status = 200,
	  .out = &health_schema, .summary = "Say that the service runs; touches no database" },
	{ .method = HTTP_GET, .pattern = "/health/live", .label = "health_live",
	  .pool = POOL_FAST, .guard = GUARD_PUBLIC, .without_database = true, .fn = health_show,
	  .status = 200, .out = &health_schema, .summary = "Say that this process answers" },
	{ .method = HTTP_GET, .pattern = "/admin/health", .label = "admin_health",
	  .pool = POOL_FAST, .guard = GUARD_PUBLIC, .without_database = true, .fn = health_show,
	  .status = 200, .out = &health_schema,
	  .summary = "Say that the administrators' routes answer; touches no database" },
	{ .method = HTTP_GET, .pattern = "/health/ready", .label = "health_ready",
	  .pool = POOL_FAST, .guard = GUARD_PUBLIC, .fn = health_ready, .status = 200,
	  .out = &ready_schema,
	  .summary = "Ask the database within a quarter of a second; 503 with the reason when it fails" },
	{ .method = HTTP_GET, .pattern = "/version", .label = "version", .pool = POOL_FAST,
	  .guard = GUARD_PUBLIC, .without_database = true, .fn = version_show, .status = 200,
	  .out = &version_schema, .summary = "Name and version of the program" },
	{ .method = HTTP_GET, .pattern = "/openapi.json", .label = "openapi",
	  .pool = POOL_FAST, .guard = GUARD_PUBLIC, .without_database = true, .fn = openapi_show,
	  .status = 200, .out = &openapi_schema, .etag = ETAG_BODY, .summary = "This document" },
	{ 0 },
};
