// The README's tour by a client that openapi-typescript made of /openapi.json:
// what does not fit the types does not compile.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./client.js";

const { BASE_URL: baseUrl, SETUP_TOKEN: setup_token } = process.env;
assert(baseUrl && setup_token);
const client = createClient<paths>({ baseUrl });
const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });
const password = "a long enough one";

// the first admin spends the token
const setup = await client.POST("/admin/setup", {
	body: { setup_token, email: "ada@example.org", password: "correct horse battery", display_name: "Ada" },
});
assert(setup.data, "an admin");
const admin = bearer(setup.data.admin_token);

// a user registers and waits for approval
const registered = await client.POST("/api/auth/register", { body: { email: "bob@example.org", password } });
assert(registered.data?.user_status === "pending", "registered");
const path = { id: registered.data.user_id };
const early = await client.POST("/api/auth/login", { body: { email: "bob@example.org", password } });
const refused: components["schemas"]["Problem"] | undefined = early.error;
assert(early.response.status === 403 && refused?.reason === "pending", "not yet approved");
const approved = await client.POST("/admin/approve-user/{id}", {
	...admin, params: { path }, body: { create_default_tenant: true },
});
assert(approved.data?.tenant_created?.tenant_id, "approved, with a tenant");

// he logs in and makes an API key
const login = await client.POST("/api/auth/login", { body: { email: "Bob@example.org", password } });
assert(login.data, "logged in");
const bob = bearer(login.data.access_token);
const made = await client.POST("/api/keys", { ...bob, body: { name: "watch", scopes: ["read"] } });
assert(made.data, "a key");
const key = { headers: { "X-API-Key": made.data.api_key } };

// lists go by page: limit is a number
const list = await client.GET("/api/keys", { ...bob, params: { query: { limit: 1 } } });
assert.equal(list.data?.api_keys[0]?.id, made.data.key_info.id, "the key is in the list");
const tier: "trial" | "starter" | "professional" | "enterprise" = made.data.key_info.tier;
assert.equal(tier, "starter");
// @ts-expect-error a text is none
await client.GET("/api/keys", { ...bob, params: { query: { limit: "1" } } });

// who is this?
const good = await client.GET("/verify", key);
assert(good.data?.auth === "key" && good.data.user_id === path.id, "verified");
assert.equal(good.response.headers.get("X-Pierre-Scopes"), "read");
assert(good.response.headers.get("RateLimit"), "its limits");

// suspended: refused from the next request on
await client.POST("/admin/suspend-user/{id}", { ...admin, params: { path }, body: { reason: "lost his watch" } });
const out = await client.GET("/verify", key);
assert(out.response.status === 403 && out.error?.code === "PermissionDenied", "suspended");
console.log("the tour is done");
