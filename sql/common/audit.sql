-- The audit trail: rows are only ever added. Its links are in audit_chain.sql.

-- columns: event = target, id, event_type, severity, message, source, result, tenant_id,
--	user_id, ip_address, user_agent, request_id, metadata, timestamp,
--	pii_salt, pii_hash

-- name: audit_insert
INSERT INTO audit_events ({event}) VALUES (:{event});

-- With the link of each, when it has one. A filter that is NULL lets all pass.
-- name: audit_list
-- row: AuditEntry
SELECT {event}, chain, seq, event_id, hash
FROM audit_events LEFT JOIN audit_links ON event_id = id
WHERE :scope_all AND (CAST(:by_user AS UUID) IS NULL OR user_id = :by_user)
	AND (CAST(:by_tenant AS UUID) IS NULL OR tenant_id = :by_tenant)
	AND (CAST(:by_type AS TEXT) IS NULL OR event_type = :by_type)
	AND (CAST(:by_severity AS TEXT) IS NULL OR severity = :by_severity)
	AND (CAST(:by_target AS TEXT) IS NULL OR target = :by_target)
	AND (CAST(:by_result AS TEXT) IS NULL OR result = :by_result)
	AND timestamp >= :from_at AND timestamp < :to_at
	AND (timestamp, id) < (:before_at, :before_id)
ORDER BY timestamp DESC, id DESC
LIMIT :limit;

-- What a user did.
-- name: audit_list_own
-- row: AuditEntry
SELECT {event}, chain, seq, event_id, hash
FROM audit_events LEFT JOIN audit_links ON event_id = id
WHERE user_id = :scope_user
	AND (CAST(:by_tenant AS UUID) IS NULL OR tenant_id = :by_tenant)
	AND (CAST(:by_type AS TEXT) IS NULL OR event_type = :by_type)
	AND (CAST(:by_severity AS TEXT) IS NULL OR severity = :by_severity)
	AND (CAST(:by_target AS TEXT) IS NULL OR target = :by_target)
	AND (CAST(:by_result AS TEXT) IS NULL OR result = :by_result)
	AND timestamp >= :from_at AND timestamp < :to_at
	AND (timestamp, id) < (:before_at, :before_id)
ORDER BY timestamp DESC, id DESC
LIMIT :limit;

-- What happened in a tenant; of who is no member, as an administrator, not who it was.
-- name: audit_list_tenant
-- row: AuditEntry
SELECT e.target, e.id, e.event_type, e.severity, e.message, e.source, e.result, e.tenant_id,
	m.user_id, CASE WHEN m.user_id IS NOT NULL THEN e.ip_address END AS ip_address,
	CASE WHEN m.user_id IS NOT NULL THEN e.user_agent END AS user_agent, e.request_id,
	e.metadata, e.timestamp, e.pii_salt, e.pii_hash, chain, seq, event_id, hash
FROM audit_events e LEFT JOIN audit_links ON event_id = e.id
	LEFT JOIN tenant_users m ON m.tenant_id = e.tenant_id AND m.user_id = e.user_id
WHERE e.tenant_id = :scope_tenant
	AND (CAST(:by_user AS UUID) IS NULL OR m.user_id = :by_user)
	AND (CAST(:by_type AS TEXT) IS NULL OR event_type = :by_type)
	AND (CAST(:by_severity AS TEXT) IS NULL OR severity = :by_severity)
	AND (CAST(:by_target AS TEXT) IS NULL OR target = :by_target)
	AND (CAST(:by_result AS TEXT) IS NULL OR result = :by_result)
	AND timestamp >= :from_at AND timestamp < :to_at
	AND (timestamp, e.id) < (:before_at, :before_id)
ORDER BY timestamp DESC, e.id DESC
LIMIT :limit;
