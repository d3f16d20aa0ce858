// better-auth's API-key plugin behind one route of node's own server: its
// verifyApiKey, its rate limiting on, keys in SQLite through better-sqlite3.
//
//     node better-auth.mjs SOCKET [DATABASE KEYS COUNT]   without: an empty handler
//
// Makes COUNT keys and writes them to the file KEYS before it listens.
import { createServer } from 'node:http';
import { writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import Database from 'better-sqlite3';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { apiKey } from '@better-auth/api-key';

const [socket, file, keysFile, count] = process.argv.slice(2);
const MONTH_MS = 30 * 24 * 3600 * 1000;
const LIMIT = 1000000000;

async function door() {
	const database = new Database(file);
	database.pragma('journal_mode = WAL');
	database.pragma('synchronous = NORMAL');
	const auth = betterAuth({
		database, secret: randomBytes(32).toString('hex'), baseURL: 'http://localhost', telemetry: { enabled: false },
		plugins: [apiKey({ rateLimit: { enabled: true, timeWindow: MONTH_MS, maxRequests: LIMIT } })],
	});
	await (await getMigrations(auth.options)).runMigrations();
	const context = await auth.$context;
	const keys = [];
	let user;
	for (let i = 0; i < Number(count); i++) {
		if (i % 2 === 0)
			user = await context.internalAdapter.createUser({ email: `user${i}@example.org`, name: 'Bench', emailVerified: true });
		keys.push((await auth.api.createApiKey({ body: { name: 'bench', userId: user.id } })).key);
	}
	writeFileSync(keysFile, keys.join('\n') + '\n');
	return auth;
}

function send(res, status, value) {
	res.writeHead(status, { 'Content-Type': 'application/json' });
	res.end(JSON.stringify(value));
}

let handler = (req, res) => send(res, 200, { auth: 'key', key_id: '00000000-0000-4000-8000-000000000001',
	user_id: '00000000-0000-4000-8000-000000000002', tenant_id: null, tier: 'professional', scopes: [] });
if (file) {
	const auth = await door();
	handler = async (req, res) => {
		const r = await auth.api.verifyApiKey({ body: { key: req.headers['x-api-key'] ?? '' } });
		if (!r.valid)
			return send(res, r.error.code === 'RATE_LIMITED' ? 429 : 401, r.error);
		send(res, 200, { auth: 'key', key_id: r.key.id, user_id: r.key.referenceId, tenant_id: null, tier: 'professional', scopes: [] });
	};
}
createServer((req, res) => handler(req, res)).listen(socket);
