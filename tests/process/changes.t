#!/usr/bin/perl
# What others change in the database (another host, psql, sqlite3) ends what is
# cached here, within five seconds; until then nothing is read again.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre;
use Process qw(await await_change children);

sub status_of { my ($p, $key) = @_; return $p->get('/verify', headers => { 'X-API-Key' => $key })->{status} }

sub seen_in_time {
	my ($p, $key, $status, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	cmp_ok(await_change($name, sub { status_of($p, $key) == $status }, $p), '<', 5, "$name: seen within five seconds");
}

# Keys that nobody uses, copies of this one.
sub more_keys {
	my ($p, $key, $n) = @_;
	my ($numbers, $uuid) = $p->{backend} eq 'postgresql'
		? ("generate_series(1, $n) AS c(n)", 'gen_random_uuid()')
		: ("(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < $n) SELECT n FROM c) AS c",
			"printf('%08x-0000-4000-8000-000000000000', c.n)");
	$p->sql("INSERT INTO api_keys (id, user_id, name, key_prefix, key_hash, tier, scopes, is_active, created_at, updated_at)"
		. " SELECT $uuid, user_id, name, 'pk_' || c.n, key_hash, tier, scopes, is_active, created_at, updated_at"
		. " FROM $numbers CROSS JOIN api_keys WHERE key_prefix = '${\ substr $key, 0, 16 }'");
}

for my $backend (Pierre::backends()) {
	my $p = Pierre->start(backend => $backend, env => { MAX_KEYS_PER_USER => 10000 });
	my $user = $p->approved_user;
	my @keys = map { $p->new_key($user)->{api_key} } 1 .. 4;
	subtest $backend => sub {
		is(status_of($p, $_), 200, 'a key is good') for @keys;
		$p->sql("UPDATE api_keys SET is_active = FALSE WHERE key_prefix = '${\ substr $keys[0], 0, 16 }'");
		seen_in_time($p, $keys[0], 401, 'a key that is not active any more');
		$p->sql("DELETE FROM api_keys WHERE key_prefix = '${\ substr $keys[1], 0, 16 }'");
		seen_in_time($p, $keys[1], 401, 'a key that is gone');
		my %c = children($p);
		kill 'KILL', grep { $c{$_} =~ /^schedule/ } keys %c;
		$p->sql("UPDATE users SET user_status = 'suspended' WHERE id = '$user->{user_id}'");
		seen_in_time($p, $keys[2], 403, 'a user who is suspended while nobody follows');
		$p->sql("UPDATE users SET user_status = 'active' WHERE id = '$user->{user_id}'");
		seen_in_time($p, $keys[2], 200, 'and active again');
		more_keys($p, $keys[2], 1500);
		is(status_of($p, $keys[3]), 200, 'a key');
		$p->sql('UPDATE api_keys SET is_active = FALSE');
		seen_in_time($p, $keys[3], 401, 'all keys at once');
		cmp_ok($p->sql('SELECT count(*) FROM changes'), '>', 1500, 'each is noted');
		if ($backend eq 'sqlite') {
			my $replaced = $p->new_key($user);
			is(status_of($p, $replaced->{api_key}), 200, 'a key');
			$p->sql("CREATE TEMP TABLE row AS SELECT * FROM api_keys WHERE id = '$replaced->{key_info}{id}';"
				. 'UPDATE row SET is_active = 0; REPLACE INTO api_keys SELECT * FROM row');
			seen_in_time($p, $replaced->{api_key}, 401, 'its row is replaced');
		}
		my $last = $p->new_key($user)->{api_key};
		is(status_of($p, $last), 200, 'a key');
		$p->sql($backend eq 'postgresql' ? 'TRUNCATE api_keys, admin_provisioned_keys' : 'DELETE FROM api_keys');
		seen_in_time($p, $last, 401, 'no key is left');
		$p->sql("UPDATE changes SET changed_at = '2020-01-01T00:00:00.000Z'");
		$p->restart;
		await('the sweep', sub { $p->sql('SELECT count(*) FROM changes') <= 1 }, $p);
	};
	$p->stop;
}
done_testing;
