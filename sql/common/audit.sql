-- The audit trail: rows are only ever added.

-- name: audit_insert
INSERT INTO audit_events (id, event_type, severity, message, source, result,
	tenant_id, user_id, target, ip_address, user_agent, request_id, metadata,
	timestamp)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);
