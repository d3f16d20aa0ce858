-- Who belongs to a tenant, and who is invited to. Changes: under tenant_lock.

-- columns: invitation = id, tenant_id, email_key, role, token_hash, invited_by, expires_at,
--	accepted_at, accepted_by, created_at

-- --- members ---------------------------------------------------------------------

-- name: member_insert
INSERT INTO tenant_users (tenant_id, user_id, role, invited_by, joined_at)
VALUES (:tenant_id, :user_id, :role, :invited_by, :joined_at);

-- name: member_role
SELECT role
FROM tenant_users
WHERE tenant_id = :tenant_id AND (tenant_id = :scope_tenant OR :scope_all) AND user_id = :user_id;

-- Of one's own.
-- name: member_own_role
SELECT role
FROM tenant_users
WHERE user_id = :scope_user AND tenant_id = :tenant_id;

-- Is the user a member of it, and it active?
-- name: member_count_active
SELECT count(*) AS n
FROM tenant_users m JOIN tenants t ON t.id = m.tenant_id
WHERE m.tenant_id = :tenant_id AND (m.tenant_id = :scope_tenant OR :scope_all)
	AND m.user_id = :user_id AND t.is_active AND t.deleted_at IS NULL;

-- Owners who can still act, but this one; and members but this one.
-- name: member_owners_but
SELECT count(*) AS n
FROM tenant_users m JOIN users u ON u.id = m.user_id
WHERE m.tenant_id = :tenant_id AND (m.tenant_id = :scope_tenant OR :scope_all)
	AND m.role = 'owner' AND u.user_status = 'active' AND m.user_id <> :user_id;

-- name: member_others
SELECT count(*) AS n
FROM tenant_users
WHERE tenant_id = :tenant_id AND (tenant_id = :scope_tenant OR :scope_all) AND user_id <> :user_id;

-- name: member_get
-- row: Member
SELECT m.tenant_id, m.user_id, u.email, u.display_name, u.user_status, m.role, m.invited_by, m.joined_at
FROM tenant_users m JOIN users u ON u.id = m.user_id
WHERE m.tenant_id = :tenant_id AND (m.tenant_id = :scope_tenant OR :scope_all) AND m.user_id = :user_id;

-- name: member_list
-- row: Member
SELECT m.tenant_id, m.user_id, u.email, u.display_name, u.user_status, m.role, m.invited_by, m.joined_at
FROM tenant_users m JOIN users u ON u.id = m.user_id
WHERE m.tenant_id = :tenant_id AND (m.tenant_id = :scope_tenant OR :scope_all)
	AND (m.joined_at, m.user_id) < (:before_at, :before_id)
ORDER BY m.joined_at DESC, m.user_id DESC
LIMIT :limit;

-- name: member_set_role
UPDATE tenant_users SET role = :role
WHERE tenant_id = :tenant_id AND (tenant_id = :scope_tenant OR :scope_all) AND user_id = :user_id;

-- name: member_delete
DELETE FROM tenant_users
WHERE tenant_id = :tenant_id AND (tenant_id = :scope_tenant OR :scope_all) AND user_id = :user_id;

-- name: member_end_sessions
DELETE FROM sessions
WHERE user_id = :user_id AND tenant_id = :tenant_id AND (tenant_id = :scope_tenant OR :scope_all);

-- name: member_revoke_keys
UPDATE api_keys SET revoked_at = :now, is_active = FALSE, revoked_reason = :reason, updated_at = :now
WHERE user_id = :user_id AND tenant_id = :tenant_id AND (tenant_id = :scope_tenant OR :scope_all)
	AND revoked_at IS NULL;

-- name: member_leave
UPDATE users SET tenant_id = CASE WHEN tenant_id = :tenant_id THEN NULL ELSE tenant_id END,
	updated_at = :now
WHERE id = :user_id AND EXISTS (SELECT 1 FROM tenant_users m
	WHERE m.tenant_id = :tenant_id AND (m.tenant_id = :scope_tenant OR :scope_all)
		AND m.user_id = users.id);

-- --- invitations -------------------------------------------------------------------

-- name: invitation_insert
INSERT INTO tenant_invitations ({invitation}) VALUES (:{invitation});

-- Has a member this address?
-- name: invitation_is_member
SELECT count(*) AS n
FROM tenant_users m JOIN users u ON u.id = m.user_id
WHERE m.tenant_id = :tenant_id AND (m.tenant_id = :scope_tenant OR :scope_all)
	AND u.email_key = :email_key;

-- name: invitation_list
-- row: Invitation
SELECT {invitation}
FROM tenant_invitations
WHERE tenant_id = :tenant_id AND (tenant_id = :scope_tenant OR :scope_all)
	AND (created_at, id) < (:before_at, :before_id)
ORDER BY created_at DESC, id DESC
LIMIT :limit;

-- name: invitation_delete
DELETE FROM tenant_invitations
WHERE id = :id AND tenant_id = :tenant_id AND (tenant_id = :scope_tenant OR :scope_all);

-- What a member has offered, and what was offered to his address.
-- name: invitation_end_by
DELETE FROM tenant_invitations
WHERE tenant_id = :tenant_id AND (tenant_id = :scope_tenant OR :scope_all)
	AND accepted_at IS NULL AND invited_by = :user_id;

-- name: invitation_end_to
DELETE FROM tenant_invitations
WHERE tenant_id = :tenant_id AND (tenant_id = :scope_tenant OR :scope_all)
	AND accepted_at IS NULL AND email_key = (SELECT email_key FROM users WHERE id = :user_id);

-- name: invitation_by_token
-- row: Invitation
SELECT {invitation}
FROM tenant_invitations
WHERE token_hash = :token_hash;

-- name: invitation_accept
UPDATE tenant_invitations SET accepted_at = :now, accepted_by = :user_id
WHERE token_hash = :token_hash AND accepted_at IS NULL AND expires_at > :now;

-- name: invitation_sweep
DELETE FROM tenant_invitations
WHERE expires_at <= :before AND id IN (SELECT id FROM tenant_invitations
	WHERE expires_at <= :before ORDER BY expires_at LIMIT 500);

-- Is there anything to sweep?
-- name: invitation_old
SELECT count(*) AS n
FROM (SELECT id FROM tenant_invitations WHERE expires_at <= :before LIMIT 1) i;
