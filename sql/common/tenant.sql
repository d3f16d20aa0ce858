-- Tenants and who belongs to them.

-- name: tenant_insert
INSERT INTO tenants (id, name, slug, plan, is_active, created_at, updated_at)
VALUES ($1, $2, $3, $4, TRUE, $5, $5);

-- name: tenant_user_insert
INSERT INTO tenant_users (tenant_id, user_id, role, joined_at)
VALUES ($1, $2, $3, $4);
