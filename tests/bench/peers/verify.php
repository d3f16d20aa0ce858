<?php
// What /verify does, as one would write it with PDO: the key by its hash, key
// and user good, both limits counted exactly, a usage row; one transaction.
// BENCH_DSN says which database; nothing there: an empty handler.
declare(strict_types=1);

const TAKE = 'INSERT INTO counters (subject, month, used) VALUES (?, ?, 1)
	ON CONFLICT (subject, month) DO UPDATE SET used = counters.used + 1 WHERE counters.used < ? RETURNING used';

function answer(int $status, array $body): never {
	http_response_code($status);
	header('Content-Type: application/json');
	echo json_encode($body), "\n";
	exit;
}

function take(PDO $db, string $subject, string $month, int $limit): ?int {
	$s = $db->prepare(TAKE);
	$s->execute([$subject, $month, $limit]);
	$used = $s->fetchColumn();
	return $used === false ? null : (int)$used;
}

function open(string $dsn): PDO {
	$db = new PDO($dsn, null, null, [PDO::ATTR_PERSISTENT => true, PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
	if (str_starts_with($dsn, 'sqlite:')) {
		// of the connection, which may be new
		$db->exec('PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000');
	} else {
		// one round trip a statement: a prepared one would not outlive the request
		$db->setAttribute(PDO::PGSQL_ATTR_DISABLE_PREPARES, true);
	}
	return $db;
}

function verify(PDO $db, string $key): void {
	$s = $db->prepare('SELECT k.id, k.user_id, k.tier, k.is_active, k.expires_at, k.monthly_limit, u.status,
		u.monthly_limit AS user_limit FROM api_keys k JOIN users u ON u.id = k.user_id WHERE k.key_hash = ?');
	$s->execute([hash('sha256', $key)]);
	$row = $s->fetch(PDO::FETCH_ASSOC);
	$now = (int)(microtime(true) * 1000);
	$s->closeCursor();
	if (!$row || !$row['is_active'] || $row['status'] !== 'active' || ($row['expires_at'] !== null && $row['expires_at'] <= $now)) {
		$db->exec('ROLLBACK');
		answer(401, ['code' => 'AuthInvalid']);
	}
	$month = gmdate('Y-m');
	$used = take($db, 'k' . $row['id'], $month, (int)$row['monthly_limit']);
	if ($used === null || take($db, 'u' . $row['user_id'], $month, (int)$row['user_limit']) === null) {
		$db->exec('ROLLBACK');
		answer(429, ['code' => 'RateLimitExceeded']);
	}
	$db->prepare('INSERT INTO usage_rows VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?)')->execute([$_SERVER['REQUEST_ID'], $row['id'],
		$row['user_id'], $now, 'verify', $_SERVER['REQUEST_METHOD'], $_SERVER['REMOTE_ADDR'], $_SERVER['HTTP_USER_AGENT'] ?? '']);
	$db->exec('COMMIT');
	header('X-RateLimit-Limit: ' . $row['monthly_limit']);
	header('X-RateLimit-Remaining: ' . ((int)$row['monthly_limit'] - $used));
	answer(200, ['auth' => 'key', 'key_id' => $row['id'], 'user_id' => $row['user_id'], 'tenant_id' => null,
		'tier' => $row['tier'], 'scopes' => []]);
}

if (($_SERVER['BENCH_DSN'] ?? '') === '') {
	answer(200, ['auth' => 'key', 'key_id' => '00000000-0000-4000-8000-000000000001',
		'user_id' => '00000000-0000-4000-8000-000000000002', 'tenant_id' => null, 'tier' => 'professional', 'scopes' => []]);
}
$db = open($_SERVER['BENCH_DSN']);
// a deferred transaction of SQLite that comes to write fails where another has written
$db->exec(str_starts_with($_SERVER['BENCH_DSN'], 'sqlite:') ? 'BEGIN IMMEDIATE' : 'BEGIN');
try {
	verify($db, $_SERVER['HTTP_X_API_KEY'] ?? '');
} catch (Throwable $e) {
	$db->exec('ROLLBACK');   // the connection outlives this request
	throw $e;
}
