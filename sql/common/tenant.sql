-- Tenants and their members.

-- name: tenant_insert
INSERT INTO tenants (id, name, slug, plan, is_active, created_at, updated_at)
VALUES (:id, :name, :slug, :plan, TRUE, :created_at, :created_at);

-- name: tenant_user_insert
INSERT INTO tenant_users (tenant_id, user_id, role, joined_at)
VALUES (:tenant_id, :user_id, :role, :now);
