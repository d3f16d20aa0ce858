#!/usr/bin/perl
# Tokens are refreshed when they are needed, by one call however many need it, and what a
# provider says ends no connection that lives. src/worker/caller_refresh.c; the provider is
# tests/support/Provider.pm. What dies meanwhile is in refresh_killed.t, what comes late in
# refresh_late.t.
# PIERRE_TEST_ROUNDS: reloads, 1.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Ledger ();
use POSIX ();
use Test::More;
use Pierre;
use Pierre::Check;
use Process qw(await await_log count_log hold_writes);
use Refresh;

my @rows = (row('acme'), row('safe', refresh => 'same', replay => 'safe'), row('used', replay => 'safe_until_used'),
	row('early', keepalive => 'yes'),
	row('extends', refresh => 'extends', replay => 'safe', ok_field => 'result', ok_value => '0000'));

# --- what a request sees -----------------------------------------------------------------

sub usual {
	my ($p) = @_;
	my $user = user_at($p, 'acme');
	my ($refresh, $access) = bring($p, $user, 'acme', 3000);
	my $r = lend($p, $user, 'acme');
	is("$r->{status} $r->{json}{access_token}", "200 $access", 'a token with time left is given');
	is(calls_with($refresh), 0, 'and the provider is not asked');
	($refresh) = bring($p, $user, 'acme');
	my $new = lent($p, $user, 'acme');
	isnt($new->{access_token}, $access, 'one that has ended is refreshed');
	is("$new->{state} " . calls_with($refresh), 'ok 1', 'by one call');
	ok($new->{scope} eq 'read write', 'with its scopes');
	is(of($p, $user, 'phase'), 'idle', 'the claim is over');
	is_deeply([ spool($p) ], [], 'the spool is empty');
	my ($early, $old) = bring($p, $user, 'acme', 200);
	set_row($p, $user, "refreshed_at = '$PAST'");
	is(lend($p, $user, 'acme')->{json}{access_token}, $old, 'inside its margin a token is given at once');
	await('the refresh', sub { calls_with($early) == 1 && of($p, $user, 'phase') eq 'idle' }, $p);
	isnt(lend($p, $user, 'acme')->{json}{access_token}, $old, 'and refreshed meanwhile');
	is($p->sql("SELECT count(*) FROM audit_events WHERE event_type = 'ProviderTokensRefreshed'"), 2, 'each is in the audit trail');

	my $e = user_at($p, 'early');
	my ($ahead) = bring($p, $e, 'early', 200);
	set_row($p, $e, "last_used_at = '$PAST', refreshed_at = '$PAST'");
	lend($p, user_at($p, 'early'), 'early');
	is(calls_with($ahead), 0, 'what nobody uses is left alone');
	set_row($p, $e, 'last_used_at = updated_at');
	await('the one that is in use', sub { calls_with($ahead) == 1 }, $p);
	pass('what was used lately is refreshed without a request');
}

sub extends {
	my ($p) = @_;
	$fake->set(mode => 'extends');
	my $user = user_at($p, 'extends');
	my (undef, $access) = bring($p, $user, 'extends');
	is(lent($p, $user, 'extends')->{access_token}, $access, 'a refresh that only extends keeps the tokens');
	$fake->set(mode => 'same');
	$user = user_at($p, 'safe');
	my ($refresh) = bring($p, $user, 'safe');
	lent($p, $user, 'safe');
	set_row($p, $user, "expires_at = '$PAST'");
	lent($p, $user, 'safe');
	is(calls_with($refresh), 2, 'a refresh token that the reply leaves out stays');
	$fake->set;
}

# It is run again each 250 ms while it waits, and is one request to its key all the same.
sub by_key {
	my ($p, $user) = @_;
	my $key = $p->new_key($user, scopes => ['tokens:read']);
	my $charged = sub { my ($h) = $_[0]{headers}; return $h->{'x-ratelimit-limit'} - $h->{'x-ratelimit-remaining'} };
	my $by = sub { return $p->get('/api/oauth/tokens/acme', headers => { 'X-API-Key' => $key->{api_key} }) };
	my ($refresh, $old) = bring($p, $user, 'acme');
	my $r = $by->();
	is($r->{status}, 200, 'a key with tokens:read waits too') or diag($r->{text});
	isnt($r->{json}{access_token}, $old, 'and is given the new token');
	is($charged->($r), 1, 'it was charged once');
	is($charged->($by->()), 2, 'and so is the next');
	my @rows;
	await('the usage rows', sub { (@rows = Ledger::routes($p, $key->{key_info}{id})) >= 2 }, $p);
	is(join(' ', @rows), 'pierre:oauth_tokens_show pierre:oauth_tokens_show', 'each is one usage row');
}

# Held until there is a token, and no longer than 8 s; how many: tests/unit/held.c.
sub held {
	my ($p) = @_;
	my $user = user_at($p, 'acme');
	my ($refresh, $old) = bring($p, $user, 'acme');
	$fake->set(stall => 2);
	my $r = lend($p, $user, 'acme');
	is($r->{status}, 200, 'a request waits for the refresh') or diag($r->{text});
	isnt($r->{json}{access_token}, $old, 'and is given the new token');
	by_key($p, $user);
	$fake->set(stall => 9);
	($refresh) = bring($p, $user, 'acme');
	problem_is($r = lend($p, $user, 'acme'), 503, { reason => 'refresh_pending' }, 'but no longer than 8 s');
	is($r->{headers}{'retry-after'}, 2, 'it says when');
	lent($p, $user, 'acme');
	is(calls_with($refresh), 1, 'the refresh went on');
	$fake->set;
}

# What its owner sees while the provider has the refresh token and does not answer.
sub on_its_way {
	my ($p) = @_;
	my $user = user_at($p, 'acme');
	my ($refresh) = bring($p, $user, 'acme');
	my $seen = sub { my ($c) = @{ $p->get('/api/oauth/tokens', token => $user->{token})->{json}{connections} }; return $c };
	my $before = $seen->();
	set_row($p, $user, "state_since = '$PAST'");
	my $answer = hold();
	ask($p, $user, 'acme');
	await('the call', sub { calls_with($refresh) == 1 }, $p);
	my $c = $seen->();
	is("$c->{state} $c->{reason}", 'refreshing sent', 'a refresh that is not answered is seen, with the reason');
	cmp_ok($c->{state_since}, 'ge', $before->{updated_at}, 'and since when');
	$answer->();
	lent($p, $user, 'acme');
	$c = $seen->();
	is("$c->{state} " . ($c->{reason} // 'null'), 'ok null', 'then there is nothing to say');
	$fake->set;
}

# Nobody can write connections: what is there is given all the same, and the pool serves on.
sub busy {
	my ($p) = @_;
	my $user = user_at($p, 'acme');
	my ($refresh, $access) = bring($p, $user, 'acme', 200);
	set_row($p, $user, "refreshed_at = '$PAST'");
	my $thaw = hold_writes($p, 'provider_connections');
	for (1 .. 3) {
		my $r = lend($p, $user, 'acme');
		is("$r->{status} " . ($r->{json}{access_token} // $r->{text}), "200 $access", 'a token that has time is given');
		select undef, undef, undef, 1.1;
	}
	$thaw->();
	is(count_log($p, qr/ database_breaker /), 0, 'nobody is refused for what could not be written');
	await('the refresh', sub { lend($p, $user, 'acme'); calls_with($refresh) == 1 && of($p, $user, 'phase') eq 'idle' }, $p);
	isnt(lend($p, $user, 'acme')->{json}{access_token}, $access, 'then it is refreshed');
}

# The reply of one that was held may have to wait for its usage row too.
sub sync {
	my ($p) = @_;
	$p->stop_serve;
	$p->{env}{USAGE_DURABILITY} = 'sync';
	$p->serve;
	$fake->set(stall => 1);
	by_key($p, user_at($p, 'acme'));
	$fake->set;
}

sub many {
	my (@hosts) = @_;
	my $user = user_at($hosts[0], 'acme');
	my ($refresh) = bring($hosts[0], $user, 'acme');
	$fake->set(stall => 1);
	my @pids = map {
		my $i = $_;
		my $pid = fork // die "fork: $!";
		if (!$pid) {
			my $p = $hosts[ $i % @hosts ];
			for (1 .. 25) { lend($p, $user, 'acme') }
			POSIX::_exit(0);
		}
		$pid;
	} 1 .. 8;
	waitpid $_, 0 for @pids;
	lent($_, $user, 'acme') for @hosts;
	is(calls_with($refresh), 1, '200 requests of 8 processes: one call');
	is(of($hosts[0], $user, 'tokens_gen - refresh_gen'), 0, 'whose answer is stored');
	$fake->set;
}

# A caller that is told to end finishes its calls.
sub reloads {
	my ($p) = @_;
	$fake->set(stall => 2);
	for (1 .. $ROUNDS) {
		my $user = user_at($p, 'acme');
		my ($refresh) = bring($p, $user, 'acme');
		my $n = count_log($p, qr/ reloaded /);
		ask($p, $user, 'acme');
		await('the call', sub { calls_with($refresh) == 1 }, $p);
		$p->signal('HUP');
		lent($p, $user, 'acme');
		await_log($p, qr/ reloaded /, $n + 1);
		is(calls_with($refresh) . ' ' . of($p, $user, 'state'), '1 ok', 'a reload during the call');
	}
	$fake->set;
}

# --- what providers say --------------------------------------------------------------------

sub refusals {
	my ($p) = @_;
	my $user = user_at($p, 'acme');
	my ($refresh) = bring($p, $user, 'acme');
	$fake->set(refuse => 1);
	ask($p, $user, 'acme');
	await('a refusal', sub { of($p, $user, 'refusals') == 1 && of($p, $user, 'phase') eq 'idle' }, $p);
	is(of($p, $user, 'state') . ' ' . of($p, $user, 'reason'), 'degraded invalid_grant', 'a refusal is no death');
	set_row($p, $user, "first_refused_at = '$PAST', refusals = 2, retry_at = NULL");
	$p->sql("UPDATE provider_apps SET last_success_at = created_at WHERE user_id = '$user->{user_id}'");
	await('the third', sub { of($p, $user, 'state') eq 'reauth_required' }, $p);
	is(lend($p, $user, 'acme')->{status}, 409, 'the third in an hour is, while others succeed');
	is($p->sql("SELECT count(*) FROM notifications WHERE user_id = '$user->{user_id}' AND message LIKE 'Acme does not renew%'"), 1,
		'the user is told');
	$fake->set(status => 401, json => { error => 'invalid_client' });
	bring($p, $user, 'acme');
	ask($p, $user, 'acme');
	await('a broken application', sub { $p->sql("SELECT state FROM provider_apps WHERE user_id = '$user->{user_id}'") eq 'broken' }, $p);
	await('the end', sub { of($p, $user, 'phase') eq 'idle' }, $p);
	is(of($p, $user, 'state'), 'ok', 'an application that is not accepted leaves the connection as it was');
	$fake->set;
	$p->expect(200, $p->put('/api/users/oauth-apps/acme', { client_id => $p->sql("SELECT client_id FROM provider_apps WHERE user_id = '$user->{user_id}'"),
		client_secret => 'another' }, token => $user->{token}));
	set_row($p, $user, 'retry_at = NULL');
	lent($p, $user, 'acme');
	pass('set anew, all goes on');
}

for my $backend (Pierre::backends()) {
	subtest $backend => sub {
		my $p = start($backend, \@rows);
		subtest 'as a request sees it' => sub { usual($p) };
		subtest 'what replies leave out' => sub { extends($p) };
		subtest 'who waits' => sub { held($p) };
		subtest 'as its owner sees it' => sub { on_its_way($p) };
		subtest 'a database that is busy' => sub { busy($p) };
		subtest 'many at once' => sub { many($p) };
		subtest 'reloads' => sub { reloads($p) };
		subtest 'refusals' => sub { refusals($p) };
		subtest 'usage rows are committed first' => sub { sync($p) } if $backend eq 'sqlite';
		if ($backend eq 'postgresql') {
			my $q = start($backend, \@rows, url => $p->{url}, env => { ENCRYPTION_KEY => $p->{env}{ENCRYPTION_KEY} });
			subtest 'two hosts' => sub { many($p, $q) };
			$q->stop;
		}
		is($p->stop_serve, 0, 'stops');
		$p->stop;
	};
}
$fake->stop;
done_testing;
