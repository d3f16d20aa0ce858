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
use IO::Select ();
use Ledger ();
use Test::More;
use Time::HiRes qw(time);
use FastCGI;
use Pierre;
use Pierre::Check;
use Process qw(await await_log count_log hold_writes);
use Refresh;

my @rows = (row('acme'), row('safe', refresh => 'same', replay => 'safe'), row('used', replay => 'safe_until_used'),
	row('early', keepalive => 'yes'),
	row('nested', reply_root => 'body', ok_field => 'status', ok_value => '0', scope_separator => ','),
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
	ok(await('the spool to be empty', sub { !spool($p) }, $p), 'the spool is empty');
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

# {"status":0,"body":{...}}, and scopes with commas.
sub nested {
	my ($p) = @_;
	$fake->set(nested => 1, commas => 1);
	my $user = user_at($p, 'nested');
	my ($refresh, $access) = bring($p, $user, 'nested');
	my $new = lent($p, $user, 'nested');
	isnt($new->{access_token}, $access, 'tokens that stand in a member of the reply');
	is($new->{scope}, 'read write', 'with scopes between commas');
	is(of($p, $user, 'state') . calls_with($refresh) . of($p, $user, 'tokens_gen'), 'ok11', 'by one call');
	my ($brought) = bring($p, $user, 'nested');
	my $gen = of($p, $user, 'tokens_gen');
	$fake->set(status => 200, json => { status => 601, body => { access_token => 'at-none', refresh_token => 'rt-none' } });
	ask($p, $user, 'nested');
	await('the end', sub { of($p, $user, 'state') eq 'degraded' && of($p, $user, 'phase') eq 'idle' && of($p, $user, 'reason') eq '601' }, $p);
	is(of($p, $user, 'tokens_gen'), $gen, 'status 200 whose own status is no success: nothing of it is taken');
	$fake->set(nested => 1);
	set_row($p, $user, 'retry_at = NULL');
	isnt(lent($p, $user, 'nested')->{access_token}, 'at-none', 'and later it succeeds');
	ok(!$fake->alive($brought), 'by the refresh token that was there');
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
	my $goes_on;
	for (1 .. 5) {
		my $cut = count_log($p, qr/ provider_not_reached .*what=refresh/);
		$user = user_at($p, 'acme');
		($refresh) = bring($p, $user, 'acme');
		my $answer = hold();
		$r = lend($p, $user, 'acme');
		$answer->();
		# a call may take 10 s: on a busy machine those after the eighth are over at once
		$goes_on = await('the answer', sub {
			return 'cut' if count_log($p, qr/ provider_not_reached .*what=refresh/) > $cut;
			lend($p, $user, 'acme')->{status} == 200 && 'yes' }, $p);
		last if $goes_on eq 'yes';
	}
	problem_is($r, 503, { reason => 'refresh_pending' }, 'but no longer than 8 s');
	is($r->{headers}{'retry-after'}, 2, 'it says when');
	is($goes_on . calls_with($refresh), 'yes1', 'the refresh went on');
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

# A service of one worker.
sub by_one {
	my ($p) = @_;
	$p->stop_serve;
	$p->{env}{WORKERS} = 1;
	$p->serve;
	many(1, $p);
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

# --- many at once --------------------------------------------------------------------------

# In a worker at most HELD requests wait for a connection, and none longer than HELD_S.
use constant { REQUESTS => 200, WORKERS => 8, HELD => 8, HELD_S => 8 };
# What a round of requests is judged by on a machine so busy that one of 200 takes longer.
my @TRIES = (REQUESTS, REQUESTS, REQUESTS, 120, 120, 80, 80, 80);

# Asked, of the hosts in turn, and not waited for.
sub opened {
	my ($n, $user, @hosts) = @_;
	return map {
		my $at = time;
		my $s = FastCGI::open_socket($hosts[ $_ % @hosts ]{fast_socket}) or die "connect: $!";
		FastCGI::send_bytes($s, FastCGI::message('GET', '/api/oauth/tokens/acme', '', params => { HTTP_AUTHORIZATION => "Bearer $user->{token}" }));
		{ socket => $s, at => $at };
	} 1 .. $n;
}
# Those that have their answers; took: no less than it took.
sub answered {
	my (@open) = @_;
	my %of = map { ($_->{socket} => $_) } grep { !$_->{reply} } @open;
	for my $s (IO::Select->new(map { $_->{socket} } values %of)->can_read(0)) {
		$of{$s}{reply} = FastCGI::reply($s);
		$of{$s}{took} = time - $of{$s}{at};
	}
	return grep { $_->{reply} } @open;
}
sub said {
	my ($r, $new) = @_;
	return "200 " . ($r->{json}{access_token} eq $new ? 'new' : 'another') if $r->{status} == 200;
	return "$r->{status} " . ($r->{json}{reason} // '') . (($r->{headers}{'retry-after'} // '') =~ /^[1-9]/ ? ' later' : '');
}

# One round: how many were given the token in the end, when all answers came so soon that none
# had waited for as long as it may, and undef else. On a busy machine the call may come to nothing.
sub round {
	my ($late, $n, $least, @hosts) = @_;
	my $user = user_at($hosts[0], 'acme');
	my ($refresh) = bring($hosts[0], $user, 'acme');
	my $release = hold();
	my @open = opened($n, $user, @hosts);
	await('those that cannot wait', sub { answered(@open) >= $least }, $hosts[0]);
	$release->();
	await('the others', sub { answered(@open) == @open }, $hosts[0]);
	await('the end', sub { $late->() || of($hosts[0], $user, 'phase') eq 'idle' }, $hosts[0]);
	return if $late->();
	my $new = lent($hosts[0], $user, 'acme')->{access_token};
	my %said;
	$said{ said($_->{reply}, $new) }++ for @open;
	my $given = delete $said{'200 new'};
	delete $said{'503 refresh_pending later'};
	is_deeply(\%said, {}, "$n requests are open at once: the new token, or later");
	is(calls_with($refresh), 1, 'one call is made for all');
	is(of($hosts[0], $user, 'tokens_gen - refresh_gen'), 0, 'whose answer is stored');
	my @after = opened($n, $user, @hosts);
	await('all after it', sub { answered(@after) == @after }, $hosts[0]);
	is(scalar(grep { said($_->{reply}, $new) ne '200 new' } @after), 0, 'then each of as many is given the new token');
	return (grep { $_->{took} >= HELD_S } @open) ? undef : $given // 0;
}

# When all wait in one worker that may, it is known how many these are.
sub many {
	my ($workers, @hosts) = @_;
	my $lines = sub { my $n = 0; $n += count_log($_, qr/ (?:provider_not_reached|refresh_refused) /) for @hosts; return $n };
	my $given;
	for my $n (@TRIES) {
		my $before = $lines->();
		$given = round(sub { $lines->() > $before }, $n, $n - HELD * $workers, @hosts);
		last if defined $given;
	}
	ok(defined $given, 'no more than ' . HELD . " wait in each of $workers workers: the others are refused at once");
	$workers == 1 ? is($given, HELD, 'and so many do') : cmp_ok($given, '>', 0, 'and some do');
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

# A provider refuses for two minutes what is good, and then takes it.
sub refused_falsely {
	my ($p) = @_;
	my $user = user_at($p, 'acme');
	my ($refresh) = bring($p, $user, 'acme');
	$fake->set(refuse => time + 86400);
	ask($p, $user, 'acme');
	for my $n (1 .. 2) {
		await("refusal $n", sub { of($p, $user, 'refusals') == $n && of($p, $user, 'phase') eq 'idle' }, $p);
		set_row($p, $user, 'retry_at = NULL') if $n == 1;
	}
	is(of($p, $user, 'state') . calls_with($refresh), 'degraded2', 'what is refused twice lives');
	$fake->set(refuse => time - 1);   # the two minutes are over
	set_row($p, $user, 'retry_at = NULL');
	is(lent($p, $user, 'acme')->{state}, 'ok', 'and is given when the provider has come to itself');
	is(of($p, $user, 'refusals') . calls_with($refresh), '03', 'by the refresh token that it had refused');
	$fake->set;
}

# A reply that ends in the middle, of a provider that has rotated.
sub cut {
	my ($p) = @_;
	my $user = user_at($p, 'acme');
	my ($refresh) = bring($p, $user, 'acme');
	$fake->set(cut => 1);
	ask($p, $user, 'acme');
	await('half an answer', sub { of($p, $user, 'state') eq 'uncertain' && of($p, $user, 'phase') eq 'idle' }, $p);
	is(of($p, $user, 'reason') . calls_with($refresh), 'no_answer1', 'half an answer is none: uncertain, and not asked again');
	ok(!$fake->alive($refresh), 'the provider had rotated');
	ok(await('the spool to be empty', sub { !spool($p) }, $p), 'nothing of it is kept');
	$user = user_at($p, 'used');
	($refresh) = bring($p, $user, 'used');
	$fake->set(mode => 'until_used', cut => 1);
	ask($p, $user, 'used');
	await('half an answer', sub { of($p, $user, 'state') eq 'degraded' && of($p, $user, 'reason') eq 'no_answer' }, $p);
	$fake->set(mode => 'until_used');
	await('a whole one', sub {
		set_row($p, $user, 'retry_at = NULL');
		return of($p, $user, 'state') eq 'ok' && of($p, $user, 'phase') eq 'idle';
	}, $p);
	cmp_ok(calls_with($refresh), '>', 1, 'where the old token lives until the new one is used it is sent again');
	is(lent($p, $user, 'used')->{state}, 'ok', 'and tokens are given');
	$fake->set;
}

for my $backend (Pierre::backends()) {
	subtest $backend => sub {
		my @workers = $backend eq 'sqlite' ? (WORKERS) : (WORKERS / 2, WORKERS / 2);
		my $p = start($backend, \@rows, env => { WORKERS => $workers[0] });
		subtest 'as a request sees it' => sub { usual($p) };
		subtest 'what replies leave out' => sub { extends($p) };
		subtest 'who waits' => sub { held($p) };
		subtest 'as its owner sees it' => sub { on_its_way($p) };
		subtest 'a database that is busy' => sub { busy($p) };
		subtest 'replies with a root and a status of their own' => sub { nested($p) };
		subtest 'many at once' => sub { many(WORKERS, $p) } if @workers == 1;
		subtest 'reloads' => sub { reloads($p) };
		subtest 'refusals' => sub { refusals($p) };
		subtest 'refusals that are false' => sub { refused_falsely($p) };
		subtest 'a reply that is cut' => sub { cut($p) };
		subtest 'many at once, and one worker' => sub { by_one($p) } if $backend eq 'sqlite';
		subtest 'usage rows are committed first' => sub { sync($p) } if $backend eq 'sqlite';
		if ($backend eq 'postgresql') {
			my $q = start($backend, \@rows, url => $p->{url}, env => { ENCRYPTION_KEY => $p->{env}{ENCRYPTION_KEY}, WORKERS => $workers[1] });
			subtest 'many at once, on two hosts' => sub { many(WORKERS, $p, $q) };
			$q->stop;
		}
		is($p->stop_serve, 0, 'stops');
		$p->stop;
	};
}
$fake->stop;
done_testing;
