-- The audit trail: rows are only ever added.

-- columns: event = id, event_type, severity, message, source, result, tenant_id,
--	user_id, target, ip_address, user_agent, request_id, metadata, timestamp

-- name: audit_insert
INSERT INTO audit_events ({event}) VALUES (:{event});
