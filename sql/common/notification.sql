-- What users are told.

-- columns: notification = id, user_id, tenant_id, provider, success, message, expires_at, read_at,
--	created_at

-- name: notification_insert
INSERT INTO notifications ({notification}) VALUES (:{notification});

-- name: tenant_remove_notifications
DELETE FROM notifications
WHERE id IN (SELECT id FROM notifications WHERE tenant_id = :tenant_id LIMIT 500);
