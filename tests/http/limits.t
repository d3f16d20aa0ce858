#!/usr/bin/perl
# Limits as a client sees them: header fields, 429, where they stand, and what
# administrators may set. Counting exactly is tests/process/limits.t.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Time::HiRes qw(sleep time);
use Time::Local qw(timegm);
use POSIX qw(strftime);
use Pierre::Check;
use Limit qw(offset_to limited_key set_limit ask);

# The 15th of a month of 31 days, ten past noon.
my $NOW = timegm(0, 10, 12, 15, 0, 2031);
my $MONTH_END = timegm(0, 0, 0, 1, 1, 2031);

# Sc 26, 27, 33.
sub headers {
	my ($p, $user) = @_;
	my $key = limited_key($p, $user, 3, 'hour');
	my $h = status_is($p->get('/verify', token => $key->{api_key}), 200, 'the first of three')->{headers};
	is($h->{'ratelimit-policy'}, '"key-hour";q=3;w=3600, "user-month";q=10000;w=2678400', 'RateLimit-Policy');
	like($h->{ratelimit}, qr/^"key-hour";r=2;t=(\d+), "user-month";r=\d+;t=(\d+)$/, 'RateLimit');
	my ($hour, $month) = $h->{ratelimit} =~ /t=(\d+).*t=(\d+)/;
	cmp_ok($hour, '<=', 3600, 'seconds to the end of the hour');
	cmp_ok($month, '>', $hour, 'and of the month');
	is($h->{'x-ratelimit-limit'}, 3, 'X-RateLimit-Limit is that of the tightest');
	is($h->{'x-ratelimit-remaining'}, 2, 'X-RateLimit-Remaining');
	is($h->{'x-ratelimit-reset'}, timegm(0, 0, 13, 15, 0, 2031), 'X-RateLimit-Reset');
	is($h->{'x-ratelimit-tier'}, 'starter', 'X-RateLimit-Tier');
	for my $left (1, 0) {
		is($p->get('/verify', token => $key->{api_key})->{headers}{'x-ratelimit-remaining'}, $left, "then $left");
	}
	my $r = problem_is($p->get('/verify', token => $key->{api_key}), 429,
		{ code => 'RateLimitExceeded', reason => 'key-hour' }, 'the fourth');
	is_deeply([ @{ $r->{json} }{qw(type title violated-policies)} ],
		[ 'https://iana.org/assignments/http-problem-types#quota-exceeded', 'Quota Exceeded', ['key-hour'] ],
		'the problem of the draft');
	is_deeply([ @{ $r->{json} }{qw(limit window tier remaining)} ], [ 3, 'hour', 'starter', 0 ], 'limit, window, tier, remaining');
	like($r->{json}{detail}, qr/^Rate limit reached for API key: 3 requests per hour \(tier starter\) until 2031-01-15T13:00:00.000Z$/, 'a sentence');
	like($r->{headers}{ratelimit}, qr/^"key-hour";r=0;t=(\d+)$/, 'RateLimit of the one that is reached');
	my ($t) = $r->{headers}{ratelimit} =~ /t=(\d+)/;
	is($r->{headers}{'retry-after'}, $t, 'Retry-After is the same moment');
	is($r->{json}{retry_after}, $t, 'also in the body');
	like($r->{headers}{'ratelimit-policy'}, qr/"user-month"/, 'all policies');
	is($r->{headers}{'x-pierre-key-id'}, undef, 'nobody is let through');

	my $enterprise = $p->approved_user;
	$p->sql("UPDATE users SET tier = 'enterprise' WHERE id = '$enterprise->{user_id}'");
	my $unlimited = $p->new_key($enterprise, tier => 'enterprise');
	$h = status_is($p->get('/verify', token => $unlimited->{api_key}), 200, 'enterprise')->{headers};
	is(join(',', grep { /ratelimit/ } keys %$h), '', 'no limit, no header');
	$h = status_is($p->get('/verify', token => $user->{token}), 200, 'a session')->{headers};
	is($h->{'ratelimit-policy'}, '"user-month";q=10000;w=2678400', "has the user's limit");
	$h = $p->get('/verify', token => $p->new_key($user)->{api_key})->{headers};
	is($h->{'ratelimit-policy'}, '"key-month";q=10000;w=2678400, "user-month";q=10000;w=2678400', "a key has its tier's");
}

sub where_they_stand {
	my ($p, $user) = @_;
	my $key = limited_key($p, $user, 10, 'day');
	my $path = "/api/keys/$key->{api_key_id}/limits";
	my $before = $p->get($path, token => $user->{token})->{json}{limits}[1];
	ask($p->{fast_socket}, $key->{api_key}, cost => 3) for 1 .. 2;
	my $r = status_is($p->get($path, token => $user->{token}), 200, 'limits of a key');
	is($r->{json}{api_key_id}, $key->{api_key_id}, 'of this one');
	is_deeply($r->{json}{limits}[0], { name => 'key-day', window => 'day', tier => 'starter', limit => 10,
		used => 6, remaining => 4, starts_at => '2031-01-15T00:00:00.000Z', resets_at => '2031-01-16T00:00:00.000Z' },
		'its own');
	is($r->{json}{limits}[1]{name}, 'user-month', "then the user's");
	is($r->{json}{limits}[1]{used}, $before->{used} + 6, 'which was used as much');
	is(scalar @{ $r->{json}{limits} }, 2, 'no other');
	is($p->get($path, token => $user->{token})->{json}{limits}[0]{used}, 6, 'asking costs nothing');
	my $other = $p->approved_user;
	problem_is($p->get($path, token => $other->{token}), 404, { code => 'ResourceNotFound' }, "nobody else's key");
	problem_is($p->get($path), 401, { reason => 'missing' }, 'without a token');
}

sub not_charged {
	my ($p, $user) = @_;
	my $key = limited_key($p, $user, 5, 'day');
	my $used = sub { $p->get("/api/keys/$key->{api_key_id}/limits", token => $user->{token})->{json}{limits}[0]{used} };
	my $text = $key->{api_key};
	my $wrong = substr($text, 0, -1) . (substr($text, -1) eq 'a' ? 'b' : 'a');
	status_is($p->get('/verify', token => $text), 200, 'one request');
	problem_is($p->get('/verify', token => $wrong), 401, { reason => 'unknown' }, 'a wrong secret behind the right public id');
	problem_is($p->get('/verify', headers => { Authorization => "Bearer $text", 'X-API-Key' => $wrong }), 401,
		{ reason => 'ambiguous' }, 'two credentials');
	is($p->post('/verify', {}, token => $text)->{status}, 405, 'a method that is none');
	is($p->get('/verify?x=1', token => $text)->{status}, 422, 'a query');
	is(ask($p->{fast_socket}, $text, cost => $_)->{status}, 503, "cost '$_' is the operator's mistake")
		for 0, 1001, -1, 'many', 1.5;
	is(ask($p->{fast_socket}, $text, params => { PIERRE_SCOPE => 'write' })->{status}, 403, 'a scope it lacks');
	is(ask($p->{fast_socket}, $text, params => { HTTP_PIERRE_COST => 4, HTTP_PIERRE_ROUTE => 'x' })->{status}, 204,
		'a header is no parameter');
	is($used->(), 2, 'only what was let through is charged');
	is(ask($p->{fast_socket}, $text, cost => 4)->{status}, 429, 'four more are too many');
	is($used->(), 2, 'and not charged');
	is(ask($p->{fast_socket}, $text, cost => 3)->{status}, 204, 'three are not');
	is($used->(), 5, 'all is used');
}

# Sc 41.
sub provision {
	my ($p, $user) = @_;
	my $admin = $p->setup_admin;
	my @as = (token => $admin->{token});
	for my $tier (qw(trial starter professional enterprise)) {
		my $r = status_is($p->post('/admin/provision-api-key', { user_email => $user->{email}, tier => $tier }, @as), 201, "a $tier key");
		is($r->{json}{success}, JSON::PP::true, 'success');
		like($r->{json}{api_key}, $tier eq 'trial' ? qr/^pk_trial_/ : qr/^pk_live_/, 'the key');
		is($r->{json}{user_id}, $user->{user_id}, 'its owner');
		is_deeply($r->{json}{rate_limit}, { period => 'month',
			requests => { trial => 1000, starter => 10000, professional => 100000 }->{$tier} }, 'the limit of the tier');
		is(defined $r->{json}{expires_at}, $tier eq 'trial', 'only a trial ends');
		status_is($p->get('/verify', token => $r->{json}{api_key}), 200, 'and works');
	}
	for my $period (qw(hour day week month)) {
		my $key = limited_key($p, $user, 20000, $period, description => 'd', expires_in_days => 3, tier => 'trial');
		is_deeply($key->{rate_limit}, { requests => 20000, period => $period }, "$period: limits do not change the tier, nor does it bound them");
		is($key->{tier}, 'trial', 'the tier');
	}
	my %good = (user_email => $user->{email}, tier => 'starter');
	for ([ tier => { tier => 'gold' } ], [ tier => { tier => undef } ], [ user_email => { user_email => '' } ],
		[ rate_limit_period => { rate_limit_requests => 5, rate_limit_period => 'quarter' } ],
		[ rate_limit_period => { rate_limit_requests => 5, rate_limit_period => 'year' } ],
		[ rate_limit_requests => { rate_limit_period => 'hour' } ], [ rate_limit_requests => { rate_limit_requests => 0 } ],
		[ rate_limit_requests => { rate_limit_requests => 1000000001 } ], [ expires_in_days => { expires_in_days => 0 } ],
		[ name => { name => 'x' } ]) {
		my ($field, $in) = @$_;
		problem_is($p->post('/admin/provision-api-key', { %good, %$in }, @as), 422, { field => $field }, "refused: $field");
	}
	problem_is($p->post('/admin/provision-api-key', { %good, user_email => 'nobody@example.org' }, @as), 404, {}, 'nobody');
	problem_is($p->post('/admin/provision-api-key', \%good, token => $user->{token}), 403, {}, 'by a user');

	my $key = limited_key($p, $user, 1, 'day');
	is($p->get('/verify', token => $key->{api_key})->{status}, 200, 'one a day');
	is($p->get('/verify', token => $key->{api_key})->{status}, 429, 'is one');
	my $r = set_limit($p, $key, 3, 'day');
	is_deeply([ @{ $r->{key_info} }{qw(rate_limit_requests rate_limit_period)} ], [ 3, 'day' ], 'raised to three');
	is($p->get('/verify', token => $key->{api_key})->{status}, 200, 'the next request has it') for 1 .. 2;
	is($p->get('/verify', token => $key->{api_key})->{status}, 429, 'and no more');
	$r = set_limit($p, $key);
	is_deeply([ @{ $r->{key_info} }{qw(rate_limit_requests rate_limit_period)} ], [ undef, undef ], "the tier's again");
	is($p->get('/verify', token => $key->{api_key})->{headers}{'x-ratelimit-limit'}, 10000, 'at once');
	problem_is($p->post('/admin/update-key-limits', { api_key_id => '00000000-0000-4000-8000-000000000000',
		rate_limit_requests => 5 }, @as), 404, {}, 'no such key');
	problem_is($p->post('/admin/update-key-limits', { api_key_id => $key->{api_key_id}, rate_limit_requests => 5 },
		token => $user->{token}), 403, {}, 'by a user');
	$p->delete("/api/keys/$key->{api_key_id}", token => $user->{token});
	problem_is($p->post('/admin/update-key-limits', { api_key_id => $key->{api_key_id}, rate_limit_requests => 5 }, @as),
		404, {}, 'a revoked key');
}

# Every worker has the key in its cache; then it changes.
sub immediate {
	my ($p, $user) = @_;
	my @conn = map { FastCGI::open_socket($p->{fast_socket}) } 1 .. 24;
	my $all = sub {
		my ($key) = @_;
		my %status;
		$status{ ask($p->{fast_socket}, $key, conn => \$_)->{status} }++ for @conn, @conn;
		return join ' ', map { "$_:$status{$_}" } sort keys %status;
	};
	my $key = $p->new_key($user);
	is($all->($key->{api_key}), '204:48', 'a key, on connections to all workers');
	status_is($p->delete("/api/keys/$key->{key_info}{id}", token => $user->{token}), 200, 'revoked');
	is($all->($key->{api_key}), '401:48', 'the next request on each of them is refused');

	$key = $p->new_key($user);
	is($all->($key->{api_key}), '204:48', 'another');
	is($p->cli('key', 'revoke', $key->{key_info}{id})->{status}, 0, 'revoked by the shell');
	is($all->($key->{api_key}), '401:48', 'likewise');

	$key = $p->new_key($user, scopes => ['read']);
	is($all->($key->{api_key}), '204:48', 'a third');
	status_is($p->patch("/api/keys/$key->{key_info}{id}", { scopes => ['write'] }, token => $user->{token}), 200, 'changed');
	my %scopes = map { (FastCGI::get($p->{fast_socket}, '/verify', params => { HTTP_X_API_KEY => $key->{api_key} })
		->{headers}{'x-pierre-scopes'} // '') => 1 } 1 .. 12;
	is_deeply([ sort keys %scopes ], ['write'], 'everybody sees it');

	my $admin = $p->setup_admin;
	status_is($p->post("/admin/suspend-user/$user->{user_id}", {}, token => $admin->{token}), 200, 'the user is suspended');
	is($all->($key->{api_key}), '403:48', 'and refused at once');
	is(FastCGI::get($p->{fast_socket}, '/verify', params => { HTTP_AUTHORIZATION => "Bearer $user->{token}" })->{status}, 403,
		'also with his session');
	status_is($p->post("/admin/approve-user/$user->{user_id}", {}, token => $admin->{token}), 200, 'and let in again');
	is($all->($key->{api_key}), '204:48', 'at once');
	my $again = $p->login($user);
	my $session = sub { FastCGI::get($p->{fast_socket}, '/verify', params => { HTTP_AUTHORIZATION => "Bearer $again->{token}" })->{status} };
	is(join(' ', map { $session->() } 1 .. 12), join(' ', (200) x 12), 'a session in all caches');
	status_is($p->post('/api/auth/logout', {}, token => $again->{token}), 200, 'logged out');
	is(join(' ', map { $session->() } 1 .. 12), join(' ', (401) x 12), 'is over at once');
}

# What is asked after the end is refused, from the cache or not.
sub expiry {
	my ($p, $user) = @_;
	my $key = $p->new_key($user);
	my $skew = $p->{env}{PIERRE_CLOCK_OFFSET};
	my $ends = time + $skew + 10;
	my $text = strftime('%Y-%m-%dT%H:%M:%S', gmtime $ends) . sprintf '.%03dZ', int(($ends - int $ends) * 1000);
	status_is($p->patch("/api/keys/$key->{key_info}{id}", { expires_at => $text }, token => $user->{token}), 200, 'a key that ends soon');
	my ($early, $late, $wrong, $conn) = (0, 0, 0);
	while ($late < 50) {
		sleep 0.005;   # far from using up the user's month
		my $before = time + $skew;
		my $r = ask($p->{fast_socket}, $key->{api_key}, conn => \$conn);
		my $after = time + $skew;
		$early++ if $r->{allowed};
		$late++ if !$r->{allowed};
		$wrong++ if $r->{allowed} && $before > $ends + 0.001;
		$wrong++ if !$r->{allowed} && ($after < $ends - 0.001 || $r->{status} != 401);
	}
	cmp_ok($early, '>', 10, 'it was let through (and cached) before');
	is($wrong, 0, 'until its last millisecond, and never after');
}

for my $backend (Pierre::backends()) {
	my $p = Pierre->start(backend => $backend, env => { WORKERS => 4, PIERRE_CLOCK_OFFSET => offset_to($NOW),
		ACCESS_TOKEN_TTL => 86400 });
	my $user = $p->approved_user;
	subtest "$backend: headers and 429" => sub { headers($p, $user) };
	subtest "$backend: where they stand" => sub { where_they_stand($p, $user) };
	subtest "$backend: what is refused costs nothing" => sub { not_charged($p, $user) };
	subtest "$backend: provisioning" => sub { provision($p, $user) };
	subtest "$backend: changes hold from the next request on" => sub { immediate($p, $p->approved_user) };
	subtest "$backend: expiry to the second" => sub { expiry($p, $p->approved_user) };
	$p->stop;
}
done_testing;
