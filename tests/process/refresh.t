#!/usr/bin/perl
# Tokens are refreshed without being burned: one call however many need it, a death at each
# step, a database that is away, a disk that is full. src/worker/caller_refresh.c; the
# provider is tests/support/Provider.pm, the deaths are tests/support/refresh_faults.c.
# PIERRE_TEST_ROUNDS: deaths at each step, 1.
use strict;
use warnings;
use File::Copy qw(copy);
use FindBin;
use lib "$FindBin::Bin/../support";
use JSON::PP ();
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);
use Pierre;
use Pierre::Check;
use Process qw(await await_log count_log lock_file children);
use Provider;

$SIG{CHLD} = 'DEFAULT';
my $ROUNDS = $ENV{PIERRE_TEST_ROUNDS} // 1;
my $fake = Provider->start;
my $json = JSON::PP->new->canonical->utf8;
my $PAST = '2000-01-01T00:00:00.000Z';

sub row {
	my ($id, %o) = @_;
	return { id => $id, title => ucfirst $id, authorize_url => $fake->url('/authorize'),
		token_url => $fake->url('/token'), client_auth => 'body', scope_separator => ' ', pkce => 'none',
		scopes => ['read'], scopes_granted => 'reply', refresh => 'rotates', replay => 'lethal',
		access_ttl => 3600, keepalive => 'no', %o };
}

sub start {
	my ($backend, %o) = @_;
	my $p = Pierre->start(backend => $backend, serve => 0, program => 'tests/support/pierre_refresh', %o);
	copy($fake->ca, "$p->{dir}/ca.pem") or die "copy: $!";
	Pierre::rewrite("$p->{dir}/providers.json", $json->encode({ providers => [ row('acme'),
		row('safe', refresh => 'same', replay => 'safe'),
		row('used', replay => 'safe_until_used'), row('early', keepalive => 'yes'),
		row('extends', refresh => 'extends', replay => 'safe', ok_field => 'result', ok_value => '0000') ] }));
	@{ $p->{env} }{qw(OUTBOUND_ALLOW OUTBOUND_CA_FILE PROVIDERS_FILE PIERRE_TEST_FAULT DATABASE_TIMEOUT_MS)} =
		('127.0.0.0/8 ::1', "$p->{dir}/ca.pem", "$p->{dir}/providers.json", "$p->{dir}/state/fault", 1000);
	$p->serve;
	return $p;
}

my $users = 0;
# A user with an application at that provider.
sub user_at {
	my ($p, $provider) = @_;
	my $user = $p->approved_user(email => 'u' . ++$users . '@example.org');
	$p->expect(200, $p->put("/api/users/oauth-apps/$provider",
		{ client_id => "client-$users", client_secret => 'canary-app-secret' }, token => $user->{token}));
	return $user;
}

# Tokens that have ended, or end in so many seconds.
sub bring {
	my ($p, $user, $provider, $ends) = @_;
	my ($refresh, $access) = $fake->token;
	my @t = gmtime time + ($ends // -60);
	$p->expect(200, $p->put("/api/oauth/tokens/$provider", { access_token => $access, refresh_token => $refresh,
		expires_at => sprintf('%04d-%02d-%02dT%02d:%02d:%02dZ', $t[5] + 1900, $t[4] + 1, @t[3, 2, 1, 0]) },
		token => $user->{token}));
	return ($refresh, $access);
}

sub lend { my ($p, $user, $provider) = @_; return $p->get("/api/oauth/tokens/$provider", token => $user->{token}) }
# The same, without waiting for the answer.
sub ask {
	my @of = @_;
	my $pid = fork // die "fork: $!";
	return if $pid;
	lend(@of);
	POSIX::_exit(0);
}
# The access token, once there is one.
sub lent {
	my ($p, $user, $provider) = @_;
	return await("tokens of $provider", sub {
		my $r = lend($p, $user, $provider);
		die "status $r->{status}: $r->{text}" if $r->{status} != 200 && $r->{status} != 503;
		return $r->{status} == 200 ? $r->{json} : undef;
	}, $p);
}
sub of { my ($p, $user, $column) = @_; return $p->sql("SELECT $column FROM provider_connections WHERE user_id = '$user->{user_id}'") }
sub set { my ($p, $user, $what) = @_; $p->sql("UPDATE provider_connections SET $what WHERE user_id = '$user->{user_id}'") }
sub calls_with { my ($refresh) = @_; return scalar grep { ($_->{form}{refresh_token} // '') eq $refresh } $fake->asked('/token') }
sub spool { my ($p) = @_; return grep { !/^\./ } map { s{.*/}{}r } glob "$p->{env}{SPOOL_DIR}/*" }
sub caller_of { my ($p) = @_; my %c = children($p); return (grep { $c{$_} =~ /^caller/ } sort { $a <=> $b } keys %c)[-1] }

sub fault {
	my ($p, $step) = @_;
	my $file = $p->{env}{PIERRE_TEST_FAULT};
	unlink $file unless defined $step;
	Pierre::rewrite($file, $step), $p->give($file) if defined $step;
}

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
	set($p, $user, "refreshed_at = '$PAST'");
	is(lend($p, $user, 'acme')->{json}{access_token}, $old, 'inside its margin a token is given at once');
	await('the refresh', sub { calls_with($early) == 1 && of($p, $user, 'phase') eq 'idle' }, $p);
	isnt(lend($p, $user, 'acme')->{json}{access_token}, $old, 'and refreshed meanwhile');
	is($p->sql("SELECT count(*) FROM audit_events WHERE event_type = 'ProviderTokensRefreshed'"), 2, 'each is in the audit trail');

	my $e = user_at($p, 'early');
	my ($ahead) = bring($p, $e, 'early', 200);
	set($p, $e, "last_used_at = '$PAST', refreshed_at = '$PAST'");
	lend($p, user_at($p, 'early'), 'early');
	is(calls_with($ahead), 0, 'what nobody uses is left alone');
	set($p, $e, 'last_used_at = updated_at');
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
	set($p, $user, "expires_at = '$PAST'");
	lent($p, $user, 'safe');
	is(calls_with($refresh), 2, 'a refresh token that the reply leaves out stays');
	$fake->set;
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
	$fake->set(stall => 9);
	($refresh) = bring($p, $user, 'acme');
	problem_is($r = lend($p, $user, 'acme'), 503, { reason => 'refresh_pending' }, 'but no longer than 8 s');
	is($r->{headers}{'retry-after'}, 2, 'it says when');
	lent($p, $user, 'acme');
	is(calls_with($refresh), 1, 'the refresh went on');
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

# --- deaths ------------------------------------------------------------------------------

# At that step; then its claim ends.
sub kill_at {
	my ($p, $user, $provider, $step) = @_;
	my $n = count_log($p, qr/ child_died .*role=caller/);
	fault($p, $step);
	ask($p, $user, $provider);
	await_log($p, qr/ child_died .*role=caller/, $n + 1);
	await('another caller', sub { caller_of($p) }, $p);
	set($p, $user, "lease_until = '$PAST'") if $step !~ /^(?:write)$/;
}

# step => calls, and the state with a provider for which a second use is lethal
my %death = (claim => 'ok 1', connect => 'ok 1', sent => 'uncertain 0', reply => 'uncertain 1', spool => 'ok 1', write => 'ok 1');

sub deaths {
	my ($p) = @_;
	for my $step (sort keys %death) {
		for my $provider (qw(acme safe used)) {
			$fake->set(mode => { acme => 'rotates', safe => 'same', used => 'until_used' }->{$provider});
			for (1 .. $ROUNDS) {
				my $user = user_at($p, $provider);
				my ($refresh) = bring($p, $user, $provider);
				kill_at($p, $user, $provider, $step);
				my $state = await('an end', sub { of($p, $user, 'phase') eq 'idle' &&
					of($p, $user, 'state') =~ /^(ok|uncertain)$/ && of($p, $user, 'state') }, $p);
				my $want = $provider eq 'acme' || $death{$step} =~ /^ok/ ? $death{$step}
					: $step eq 'sent' ? 'ok 1' : 'ok 2';
				is("$state " . calls_with($refresh), $want, "$provider, killed at $step") or diag($p->log);
				is_deeply([ spool($p) ], [], '  the spool is empty');
				next if $state ne 'ok';
				my $token = lent($p, $user, $provider);
				is($token->{state}, 'ok', '  tokens are given');
			}
		}
	}
	$fake->set;
}

# --- stores that fail --------------------------------------------------------------------

sub freeze {
	my ($p) = @_;
	return Process::hold_table($p, 'provider_connections') if $p->{backend} eq 'postgresql';
	my ($file) = $p->{url} =~ /^sqlite:(.*)/;
	my $lock = await('the writer lock', sub { lock_file("$file.writer") });
	return sub { close $lock if $lock; undef $lock };
}

sub away {
	my ($p, $dies) = @_;
	my $user = user_at($p, 'acme');
	my ($refresh) = bring($p, $user, 'acme');
	$fake->set(stall => 3);
	ask($p, $user, 'acme');
	await('the call', sub { calls_with($refresh) == 1 }, $p);
	my $thaw = freeze($p);
	await('an answer in the spool', sub { grep { -s "$p->{env}{SPOOL_DIR}/$_" && Pierre::slurp("$p->{env}{SPOOL_DIR}/$_") =~ /^pierre spool 1 / } spool($p) }, $p);
	my ($file) = map { Pierre::slurp("$p->{env}{SPOOL_DIR}/$_") } spool($p);
	unlike($file, qr/[ar]t-\d+-/, 'which is sealed');
	if ($dies) {
		my $pid = caller_of($p);
		kill 'KILL', $pid;
		await('another caller', sub { my $is = caller_of($p); $is && $is != $pid }, $p);
	}
	$thaw->();
	await('the tokens to be stored', sub { of($p, $user, 'state') eq 'ok' && of($p, $user, 'phase') eq 'idle' && !spool($p) }, $p);
	is(calls_with($refresh), 1, 'the database was away' . ($dies ? ', and the caller died' : '') . ': one call, nothing is lost');
	lent($p, $user, 'acme');
	$fake->set;
}

sub full {
	my ($p) = @_;
	my $user = user_at($p, 'acme');
	my ($refresh) = bring($p, $user, 'acme');
	fault($p, 'room');
	ask($p, $user, 'acme');
	await('the end', sub { of($p, $user, 'reason') eq 'no_space' }, $p);
	is(calls_with($refresh) . ' ' . of($p, $user, 'state'), '0 degraded', 'no room for the answer: no call');
	problem_is(lend($p, $user, 'acme'), 503, { reason => 'refresh_pending' }, 'and no token that has ended');
	fault($p);
	set($p, $user, 'retry_at = NULL');
	lent($p, $user, 'acme');
	is(calls_with($refresh), 1, 'then one');
	($refresh) = bring($p, $user, 'acme');
	fault($p, 'disk');
	lent($p, $user, 'acme');
	is(calls_with($refresh) . ' ' . of($p, $user, 'state'), '1 ok', 'an answer that the disk does not take is stored at once');
	fault($p);
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
	set($p, $user, "first_refused_at = '$PAST', refusals = 2, retry_at = NULL");
	$p->sql("UPDATE provider_apps SET last_success_at = created_at WHERE user_id = '$user->{user_id}'");
	await('the third', sub { of($p, $user, 'state') eq 'reauth_required' }, $p);
	is(lend($p, $user, 'acme')->{status}, 409, 'the third in an hour is, while others succeed');
	is($p->sql("SELECT count(*) FROM notifications WHERE user_id = '$user->{user_id}' AND message LIKE 'Acme does not accept%'"), 1,
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
	set($p, $user, 'retry_at = NULL');
	lent($p, $user, 'acme');
	pass('set anew, all goes on');
}

sub disconnected {
	my ($p) = @_;
	my $user = user_at($p, 'acme');
	my ($refresh) = bring($p, $user, 'acme');
	$fake->set(stall => 2);
	ask($p, $user, 'acme');
	await('the call', sub { calls_with($refresh) == 1 }, $p);
	my (undef, $other) = bring($p, $user, 'acme', 3000);
	await_log($p, qr/ tokens_outdated /);
	is(lend($p, $user, 'acme')->{json}{access_token}, $other, 'tokens that were brought meanwhile stay');
	$fake->set;
}

for my $backend (Pierre::backends()) {
	subtest $backend => sub {
		my $p = start($backend);
		subtest 'as a request sees it' => sub { usual($p) };
		subtest 'what replies leave out' => sub { extends($p) };
		subtest 'who waits' => sub { held($p) };
		subtest 'many at once' => sub { many($p) };
		subtest 'reloads' => sub { reloads($p) };
		subtest 'deaths' => sub { deaths($p) };
		subtest 'the database is away' => sub { away($p, 0); away($p, 1) };
		subtest 'the disk is full' => sub { full($p) };
		subtest 'refusals' => sub { refusals($p) };
		subtest 'set anew during the call' => sub { disconnected($p) };
		if ($backend eq 'postgresql') {
			my $q = start($backend, url => $p->{url}, env => { ENCRYPTION_KEY => $p->{env}{ENCRYPTION_KEY} });
			subtest 'two hosts' => sub { many($p, $q) };
			$q->stop;
		}
		is($p->stop_serve, 0, 'stops');
		$p->stop;
	};
}
$fake->stop;
done_testing;
