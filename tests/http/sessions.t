#!/usr/bin/perl
# Tokens: refresh and its replay rules, expiry, list, logout.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Digest::SHA qw(hmac_sha256 sha256_hex);
use MIME::Base64 qw(decode_base64 decode_base64url encode_base64url);
use Time::HiRes qw(sleep);
use Pierre::Check;
use Pierre::Resource;
use Process qw(children);

my $offset = 0;

# The service's clock moves on; sessions stay in the database.
sub later {
	my ($p, $seconds) = @_;
	$p->{env}{PIERRE_CLOCK_OFFSET} = $offset += $seconds;
	$p->restart;
}

sub refresh {
	my ($p, $token, %more) = @_;
	return $p->post('/api/auth/refresh', { refresh_token => $token, %more });
}

sub good {
	my ($p, $r) = @_;
	return $p->expect(200, $r)->{json};
}

# Sc 11.
sub rotation {
	my ($p, $user) = @_;
	my $one = $p->login($user);
	my $r = status_is(refresh($p, $one->{refresh_token}), 200, 'refresh');
	my $two = $r->{json};
	is($two->{jwt_token}, $two->{access_token}, 'answers as login');
	is($two->{user}{user_id}, $user->{user_id}, 'user');
	isnt($two->{refresh_token}, $one->{refresh_token}, 'a new refresh token');
	isnt($two->{access_token}, $one->{token}, 'a new access token');
	status_is($p->get('/verify', token => $two->{access_token}), 200, 'which is good');
	status_is($p->get('/verify', token => $one->{token}), 200, 'beside the old one') for 1 .. 4;

	my $three = good($p, refresh($p, $one->{refresh_token}));
	is_deeply([ @$three{qw(access_token refresh_token expires_at)} ], [ @$two{qw(access_token refresh_token expires_at)} ],
		'replay while the successor is unused: the same pair');
	my $four = good($p, refresh($p, $three->{refresh_token}));
	problem_is(refresh($p, $one->{refresh_token}), 401, {}, 'replay once the successor was used');
	problem_is($p->get('/verify', token => $_->{access_token}), 401, {}, 'ends the session') for $four, $three;
	problem_is(refresh($p, $four->{refresh_token}), 401, {}, 'for good');
}

sub aliases {
	my ($p, $user) = @_;
	my $one = $p->login($user);
	my $two = good($p, $p->post('/api/auth/refresh', { token => $one->{refresh_token} }));
	my $three = good($p, $p->post('/api/auth/refresh',
		{ token => $two->{refresh_token}, user_id => uc $user->{user_id} }));
	problem_is(refresh($p, $three->{refresh_token}, user_id => '00000000-0000-4000-8000-000000000000'), 401,
		{ code => 'AuthInvalid' }, 'another user_id');
	my $four = status_is(refresh($p, $three->{refresh_token}), 200, 'which costs the owner nothing')->{json};
	problem_is(refresh($p, $four->{refresh_token}, token => 'prt_other'), 422, { field => 'token' }, 'two that differ');
	problem_is($p->post('/api/auth/refresh', {}), 422, { field => 'refresh_token' }, 'none');
	problem_is($p->post('/api/auth/refresh', undef), 422, { field => 'refresh_token' }, 'no body');
	problem_is(refresh($p, $_), 401, { code => 'AuthInvalid' }, "garbage '" . substr($_, 0, 12) . "'")
		for '', 'x', 'prt_', 'prt_' . 'A' x 86, $four->{access_token}, substr($four->{refresh_token}, 0, -1),
		$four->{refresh_token} . 'A', 'x' x 5000;
	my $forged = $four->{refresh_token};
	substr $forged, -10, 1, substr($forged, -10, 1) eq 'A' ? 'B' : 'A';
	problem_is(refresh($p, $forged), 401, {}, 'a forged one');
}

# "ACCESS REFRESH expires_in" of a refresh, or its status.
sub pair {
	my ($r) = @_;
	return $r->{status} == 200 ? join ' ', $r->{json}->@{qw(access_token refresh_token expires_in)} : $r->{status};
}

sub count { my ($p, $what, $where) = @_; return $p->sql("SELECT count(*) FROM $what WHERE $where") }

sub races {
	my ($p, $user, $n) = @_;
	my $one = $p->login($user);
	my @words = at_once(map { sub { pair(refresh($p, $one->{refresh_token})) } } 1 .. $n);
	my @pairs = map { [ split / / ] } @words;
	is(scalar(grep { $_->[0] =~ /^pat_/ } @pairs), $n, "$n refreshes at once: each has its pair") or return diag("@words");
	is(scalar(grep { $_->[2] < 3590 || $_->[2] > 3600 } @pairs), 0, 'for about an hour');
	my @once = at_once(map { my $token = $_->[0]; sub { $p->get('/verify', token => $token)->{status} } } @pairs);
	is(join(' ', @once), join(' ', (200) x $n), 'each access token is good');
	my @next = at_once(map { my $token = $_->[1]; sub { pair(refresh($p, $token)) } } @pairs);
	is(scalar(grep { /^pat_/ } @next), $n, 'each refresh token refreshes');
	my ($id) = map { $_->{id} } grep { $_->{current} }
		$p->get('/api/auth/sessions', token => (split / /, $next[0])[0])->{json}{sessions}->@*;
	is(count($p, 'audit_events', "event_type = 'TokenRefreshed' AND target = '$id'"), 2 * $n, 'of one session');
	problem_is(refresh($p, $one->{refresh_token}), 401, { reason => 'reused' }, 'the spent token, once its successor was used');
	problem_is($p->get('/verify', token => (split / /)[0]), 401, {}, 'ends it for all of them') for @next[ 0, -1 ];
	is(count($p, 'sessions', "id = '$id'"), 0, 'the row is gone');
}

# A pair says what the README says of it: nothing of it is in the database.
sub made_of {
	my ($p, $user) = @_;
	my $one = $p->login($user);
	my $two = good($p, refresh($p, $one->{refresh_token}));
	my $hash = sha256_hex($two->{access_token});
	my ($id) = map { $_->{id} } grep { $_->{current} }
		$p->get('/api/auth/sessions', token => $two->{access_token})->{json}{sessions}->@*;
	my $seed = $p->sql("SELECT pair_seed FROM sessions WHERE id = '$id' AND access_hash = '$hash'");
	like($seed, qr/^[0-9a-f]{64}$/, 'the row has a seed, and the hash of the access token');
	my $key = hmac_sha256("pierre session pair\x01", decode_base64($p->{env}{ENCRYPTION_KEY}));
	is('pat_' . encode_base64url(hmac_sha256("$id|$seed|access", $key)), $two->{access_token}, 'with the key they make it');
	is(substr(decode_base64url(substr $two->{refresh_token}, 4), 32), hmac_sha256("$id|$seed|refresh", $key), 'and the refresh token');
}

# Workers are killed while clients refresh and ask again: each has the one pair.
sub killed {
	my ($p, $user) = @_;
	my $one = $p->login($user);
	# the old token is good for ten seconds from the first answer on; until there is one, all wait
	my ($first, $until) = ("$p->{dir}/first", time + 60);
	my @words = at_once(map({ sub {
		my $r;
		do { $r = refresh($p, $one->{refresh_token}) }
			while ($r->{status} >= 500 && time < (-e $first ? (stat _)[9] + 5 : $until));
		Pierre::rewrite($first, '') unless $r->{status} >= 500 || -e $first;
		return pair($r) =~ s/ \d+$//r;
	} } 1 .. 6), sub {
		for (1 .. 5) {
			my %child = children($p);
			kill 'KILL', grep { $child{$_} =~ /slow/ } keys %child;
			sleep 0.1;
		}
		return 'killed';
	});
	is(pop @words, 'killed', 'the slow workers are killed five times meanwhile');
	like($words[0], qr/^pat_\S+ prt_\S+$/, 'a client gets a pair all the same');
	is(scalar(grep { $_ ne $words[0] } @words), 0, 'and all the same one') or diag("@words");
	status_is($p->get('/verify', token => (split / /, $words[0])[0]), 200, 'which is good');
}

# The id of a session that begins.
sub begun {
	my ($p, $user) = @_;
	my $sessions = $p->get('/api/auth/sessions', token => $p->login($user)->{token})->{json}{sessions};
	return (map { $_->{id} } grep { $_->{current} } @$sessions)[0];
}

sub listing {
	my ($p, $user) = @_;
	my $me = $p->login($user, headers => { 'User-Agent' => 'test/1 "quoted"' });
	my $old = $p->login($user);
	my $stranger = $p->approved_user;
	my $r = status_is($p->get('/api/auth/sessions', token => $me->{token}), 200, 'list');
	my @sessions = @{ $r->{json}{sessions} };
	my ($current) = my @current = grep { $_->{current} } @sessions;
	is(scalar @current, 1, 'one is this one');
	is($current->{user_agent}, 'test/1 "quoted"', 'user_agent');
	is($current->{remote_addr}, '127.0.0.1', 'remote_addr');
	unlike($r->{body}, qr/pat_|prt_|[0-9a-f]{64}/, 'no token and no hash');
	my ($id) = map { $_->{id} } grep { $_->{current} }
		@{ $p->get('/api/auth/sessions', token => $old->{token})->{json}{sessions} };
	my $end = status_is($p->delete("/api/auth/sessions/$id", token => $me->{token}), 204, 'end another of mine');
	is($end->{body}, '', 'no body');
	problem_is($p->get('/verify', token => $old->{token}), 401, {}, 'is over') for 1 .. 4;
	problem_is(refresh($p, $old->{refresh_token}), 401, {}, 'no refresh either');

	$r = status_is($p->post('/api/auth/logout', undef, token => $me->{token}), 200, 'logout');
	ok($r->{json}{message}, 'message');
	problem_is($p->get('/verify', token => $me->{token}), 401, { reason => 'unknown' }, 'on every worker') for 1 .. 6;
	problem_is($p->post('/api/auth/logout', {}, token => $me->{token}), 401, {}, 'logout again');
	problem_is(refresh($p, $me->{refresh_token}), 401, {}, 'no refresh');
	status_is($p->post('/api/auth/logout', {}, token => $stranger->{token}), 200, 'logout with an empty object');
}

sub expiry {
	my ($p, $user) = @_;
	my ($late, $in_time, $expiring) = map { $p->login($user) } 1 .. 3;
	my $two = good($p, refresh($p, $late->{refresh_token}));
	good($p, refresh($p, $in_time->{refresh_token}));
	later($p, 11);
	problem_is(refresh($p, $late->{refresh_token}), 401, {}, 'replay after ten seconds');
	problem_is($p->get('/verify', token => $_), 401, {}, 'ends the session, with both access tokens') for $two->{access_token}, $late->{token};
	status_is($p->get('/verify', token => $expiring->{token}), 200, 'other sessions go on');
	status_is($p->get('/verify', token => $in_time->{token}), 200, 'and the access token from before the refresh');
	later($p, 50);
	problem_is($p->get('/verify', token => $in_time->{token}), 401, { reason => 'expired' }, 'which is over after a minute');
	status_is($p->get('/verify', token => $expiring->{token}), 200, 'but not where nothing was refreshed');
	later($p, 3550);
	problem_is($p->get('/verify', token => $expiring->{token}), 401, { code => 'AuthExpired', reason => 'expired' },
		'an hour later the access token is over');
	problem_is($p->get('/api/keys', token => $expiring->{token}), 401, { reason => 'expired' }, 'on other routes too');
	my $new = good($p, refresh($p, $expiring->{refresh_token}));
	status_is($p->get('/verify', token => $new->{access_token}), 200, 'but can be refreshed');
	later($p, 31 * 86400);
	problem_is(refresh($p, $new->{refresh_token}), 401, {}, 'a month without use ends the session');
	my $again = $p->login($user);
	is(scalar @{ $p->get('/api/auth/sessions', token => $again->{token})->{json}{sessions} }, 1, 'ended ones are not listed');
}

each_backend(sub {
	my ($p) = @_;
	$offset = 0;
	my $user = $p->approved_user;
	subtest rotation => sub { rotation($p, $user) };
	subtest aliases => sub { aliases($p, $user) };
	subtest "races of $_" => sub { races($p, $user, $_) } for 2, 16;
	subtest made_of => sub { made_of($p, $user) };
	subtest killed => sub { killed($p, $user) };
	resource_is($p, '/api/auth/sessions', routes => [qw(list delete)], pages => 0, gone => 1, make => sub { begun($p, @_) });
	subtest listing => sub { listing($p, $user) };
	subtest expiry => sub { expiry($p, $user) };
});
done_testing;
