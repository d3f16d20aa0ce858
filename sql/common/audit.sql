-- The audit trail: rows are only ever added. Its links are in audit_chain.sql.

-- columns: event = id, event_type, severity, message, source, result, tenant_id,
--	user_id, target, ip_address, user_agent, request_id, metadata, timestamp,
--	pii_salt, pii_hash

-- name: audit_insert
INSERT INTO audit_events ({event}) VALUES (:{event});
