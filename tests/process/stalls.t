#!/usr/bin/perl
# Providers that do not answer hold up nobody else: /verify, logins and tokens of others are
# answered, and /metrics says what goes on. The times are measured by tests/bench/stalls.
use strict;
use warnings;
use File::Copy qw(copy);
use FindBin;
use lib "$FindBin::Bin/../support";
use JSON::PP ();
use Test::More;
use Pierre;
use FastCGI;
use Process qw(await count_log metric);
use Provider;

use constant { PROVIDERS => 9, USERS => 4, MOST => 32 };
my ($slow, $good);
my $json = JSON::PP->new->canonical->utf8;
my @stalled = map { "slow$_" } 1 .. PROVIDERS;

sub row {
	my ($id, $of) = @_;
	return { id => $id, title => $id, authorize_url => $of->url('/authorize'), token_url => $of->url('/token'),
		scope_separator => ' ', pkce => 'none', refresh => 'rotates', revoke_url => $of->url('/revoke'),
		revoke_method => 'POST', revoke_auth => 'none', revoke_token => 'token', revoke_kills => 'token' };
}

sub start {
	my ($backend) = @_;
	my $p = Pierre->start(backend => $backend, serve => 0, program => 'tests/support/pierre_refresh', env => { WORKERS => 2, SLOW_WORKERS => 2 });
	copy($good->ca, "$p->{dir}/ca.pem") or die "copy: $!";
	Pierre::rewrite("$p->{dir}/providers.json", $json->encode({ providers => [ row('good', $good), map { row($_, $slow) } @stalled ] }));
	@{ $p->{env} }{qw(OUTBOUND_ALLOW OUTBOUND_CA_FILE PROVIDERS_FILE METRICS_SOCKET PIERRE_TEST_FAULT)} =
		('127.0.0.0/8 ::1', "$p->{dir}/ca.pem", "$p->{dir}/providers.json", "$p->{dir}/run/metrics.sock", "$p->{dir}/state/fault");
	$p->serve;
	for ('good', @stalled) {
		my $r = $p->cli(qw(provider app set), $_, '--client-id', 'client', '--value-file', '-', stdin => "secret\n");
		die $r->{err} if $r->{status};
	}
	return $p;
}

sub bring {
	my ($p, $user, $provider, $of) = @_;
	my ($refresh, $access) = $of->token;
	$p->expect(200, $p->put("/api/oauth/tokens/$provider", { access_token => $access, refresh_token => $refresh,
		expires_at => '2020-01-01T00:00:00Z' }, token => $user->{token}));
	return $access;
}
sub lend { my ($p, $user, $provider) = @_; return $p->get("/api/oauth/tokens/$provider", token => $user->{token}) }
sub refreshed {
	my ($p, $user) = @_;
	return await('tokens of good', sub { my $r = lend($p, $user, 'good'); $r->{status} == 200 && $r->{json} }, $p);
}
# Asked, and not waited for.
sub parked {
	my ($p, $user, $provider) = @_;
	my $s = FastCGI::open_socket($p->{fast_socket}) or die "connect: $!";
	FastCGI::send_bytes($s, FastCGI::message('GET', "/api/oauth/tokens/$provider", '',
		params => { HTTP_AUTHORIZATION => "Bearer $user->{token}" }));
	return $s;
}
sub calls { my ($p, $result, %o) = @_; return metric($p, "pierre_calls_total{provider=\"$o{of}\",kind=\"$o{kind}\",result=\"$result\"}") }
sub phase_sent { my ($p) = @_; return $p->sql("SELECT count(*) FROM provider_connections WHERE phase = 'sent'") }

# What the provider does => how it is counted.
my @results = ([ ok => {} ], [ refused => { refuse => 1 } ], [ limited => { status => 429, headers => ['Retry-After: 1'] } ],
	[ failed => { status => 503 } ], [ failed => { html => 1, status => 403 } ]);

sub counted {
	my ($p, @users) = @_;
	my %want;
	for my $i (0 .. $#results) {
		my ($result, $behaves) = $results[$i]->@*;
		$good->set(%$behaves);
		bring($p, $users[$i], 'good', $good);
		close parked($p, $users[$i], 'good');
		$want{$result}++;
		my $n = await("result $result", sub { my $n = calls($p, $result, of => 'good', kind => 'refresh'); $n >= $want{$result} && $n }, $p);
		cmp_ok($n, '>=', $want{$result}, "counted as $result");
	}
	$good->set;
	$p->expect(204, $p->delete('/api/oauth/tokens/good', token => $users[0]{token}));
	is(calls($p, 'ok', of => 'good', kind => 'revoke'), 1, 'one that ends a connection is of another kind');
	is(metric($p, 'pierre_call_seconds_count{provider="good",kind="revoke"}'), 1, 'with its time');
}

for my $backend (Pierre::backends()) {
	subtest $backend => sub {
		($slow, $good) = map { Provider->start } 1 .. 2;
		my $p = start($backend);
		my @users = map { $p->approved_user(email => "u$_\@example.org") } 1 .. USERS + 1;
		my $key = $p->new_key($users[0])->{api_key};
		counted($p, @users);
		for my $user (@users[ 0 .. USERS - 1 ]) { bring($p, $user, $_, $slow) for @stalled }
		bring($p, $users[-1], 'good', $good);
		refreshed($p, $users[-1]);   # has an hour left

		$slow->set(stall => 60);
		my @parked = map { my $of = $_; map { parked($p, $_, $of) } @users[ 0 .. USERS - 1 ] } @stalled;
		await('calls under way', sub { phase_sent($p) >= MOST }, $p);
		cmp_ok(metric($p, 'pierre_calls_under_way'), '>=', MOST - 2, 'each place is taken by a call that stalls');
		my @bad = map { $p->get('/verify', headers => { 'X-API-Key' => $key })->{status} } 1 .. 20;
		push @bad, map { $p->post('/api/auth/login', { map { $_ => $users[0]{$_} } qw(email password) })->{status} } 1 .. 4;
		push @bad, map { lend($p, $users[-1], 'good')->{status} } 1 .. 4;
		is(join(' ', grep { $_ != 200 } @bad), '', scalar(@bad) . ' other requests are answered meanwhile');
		cmp_ok(phase_sent($p), '>', 0, 'while calls stall') or diag('this machine was too slow to see it');
		my @answers = map { FastCGI::reply($_)->{status} } @parked;
		is(join(' ', grep { $_ != 503 } @answers), '', 'who waits for a stalled provider gets 503 in the end');
		bring($p, $users[-2], 'good', $good);
		is(refreshed($p, $users[-2])->{state}, 'ok', 'another provider has its turn');
		is(count_log($p, qr/ child_died /), 0, 'no process was killed');
		cmp_ok(calls($p, 'timeout', of => 'slow1', kind => 'refresh'), '>=', 1, 'calls that stalled are counted as such');
		my $before = $p->sql("SELECT count(*) FROM provider_connections WHERE state = 'uncertain'");
		cmp_ok($before, '>', 0, 'what was sent is uncertain');
		$_->stop for $slow, $good;
		$p->signal('HUP');   # the next caller counts at once
		ok(await('a count', sub { metric($p, 'pierre_connections{state="uncertain"}') >= $before }, $p), 'which /metrics says');
		is(metric($p, 'pierre_data_keys'), 1, 'and data keys');
		cmp_ok(metric($p, 'pierre_data_key_seals'), '>=', 1, 'with their seals');
		cmp_ok(metric($p, 'pierre_spool_files'), '>=', 0, 'and the spool');
		like($p->cli('stats')->{out}, qr/uncertain\W+[1-9]/, 'and pierre stats');
		$p->stop;
	};
}
done_testing;
