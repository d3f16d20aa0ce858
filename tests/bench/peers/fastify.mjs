// What /verify does, with fastify and better-sqlite3: the key by its hash, key
// and user good, both limits counted exactly, a usage row; one transaction.
//
//     node fastify.mjs SOCKET [DATABASE FULL|NORMAL]      without: an empty handler
import { createHash } from 'node:crypto';
import fastify from 'fastify';
import Database from 'better-sqlite3';

const [socket, file, synchronous] = process.argv.slice(2);
const app = fastify();

function door(file, synchronous) {
	const db = new Database(file);
	db.pragma('journal_mode = WAL');
	db.pragma(`synchronous = ${synchronous}`);
	const find = db.prepare(`SELECT k.id, k.user_id, k.tier, k.is_active, k.expires_at, k.monthly_limit, u.status,
		u.monthly_limit AS user_limit FROM api_keys k JOIN users u ON u.id = k.user_id WHERE k.key_hash = ?`);
	const take = db.prepare(`INSERT INTO counters (subject, month, used) VALUES (?, ?, 1)
		ON CONFLICT (subject, month) DO UPDATE SET used = used + 1 WHERE used < ? RETURNING used`).pluck();
	const write = db.prepare('INSERT INTO usage_rows VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?)');
	const refuse = (status, code) => { throw Object.assign(new Error(code), { statusCode: status, code }); };

	return db.transaction((key, req) => {
		const row = find.get(createHash('sha256').update(key).digest('hex'));
		const now = Date.now();
		if (!row || !row.is_active || row.status !== 'active' || (row.expires_at !== null && row.expires_at <= now))
			refuse(401, 'AuthInvalid');
		const month = new Date(now).toISOString().slice(0, 7);
		const used = take.get('k' + row.id, month, row.monthly_limit);
		if (used === undefined || take.get('u' + row.user_id, month, row.user_limit) === undefined)
			refuse(429, 'RateLimitExceeded');
		write.run(req.headers['x-request-id'], row.id, row.user_id, now, 'verify', req.method,
			req.headers['x-real-ip'], req.headers['user-agent'] ?? '');
		return { row, remaining: row.monthly_limit - used };
	}).immediate;
}

if (file) {
	const verify = door(file, synchronous);
	app.get('/verify', (req, reply) => {
		const { row, remaining } = verify(req.headers['x-api-key'] ?? '', req);
		reply.header('X-RateLimit-Limit', row.monthly_limit).header('X-RateLimit-Remaining', remaining);
		reply.send({ auth: 'key', key_id: row.id, user_id: row.user_id, tenant_id: null, tier: row.tier, scopes: [] });
	});
} else {
	app.get('/verify', (req, reply) => reply.send({ auth: 'key', key_id: '00000000-0000-4000-8000-000000000001',
		user_id: '00000000-0000-4000-8000-000000000002', tenant_id: null, tier: 'professional', scopes: [] }));
}
await app.listen({ path: socket });
