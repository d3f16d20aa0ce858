#!/usr/bin/perl
# Refreshes while something else goes on: databases that are frozen or locked, data keys
# that change, a clock that jumps, a name server that is silent, another host.
# PIERRE_TEST_ROUNDS: more than 1: 32 calls are in flight for 5 s and 1,000 refreshes go on
# under changes of keys, else 8 and 24.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Time::HiRes qw(sleep);
use Pierre;
use Process qw(await count_log start_load stop_load hold_writes);
use Refresh;

my $FULL = $ROUNDS > 1;
my $SILENT = qr/ (?:provider_not_reached .*what=refresh|refresh_refused) /;   # calls that brought nothing
my @MANY = map { "p$_" } 0 .. 7;
# not lethal: on a busy machine an answer may take longer than ten seconds
my @rows = ((map { row($_, replay => 'safe_until_used') } @MANY), row('serial', serial => JSON::PP::true),
	row('acme'), row('dead', token_url => 'https://dead.example/token'));

sub everywhere { my ($p, $what) = @_; return $p->sql("SELECT count(*) FROM provider_connections WHERE provider LIKE 'p_' AND $what") }
# Users with tokens at each of the many; what they were given.
sub crowd {
	my ($p, $n) = @_;
	return map {
		my $user = $p->approved_user(email => "many$_-$$\@example.org");
		{ user => $user, map { ($_ => (bring($p, $user, $_))[0]) } @MANY };
	} 1 .. $n;
}
# PostgreSQL ends one of two statements that wait for rows of each other: a rewrap is one too.
sub want_all { my @of = @_; 1 while !eval { want_all_now(@of); 1 } && $@ =~ /deadlock detected/ }
sub want_all_now {
	my ($p, $some) = @_;
	$p->sql("UPDATE provider_connections SET refresh_wanted = TRUE, expires_at = '$PAST', last_used_at = NULL, retry_at = NULL, attempts = 0 WHERE provider LIKE 'p_' AND " . ($some // 'TRUE'));
}

# --- the database --------------------------------------------------------------------------

# How many calls each try makes, of one user, or 0: all of all users.
my @TRIES = (0, 0, 0, 4, 4, 2, 2, (1) x 8);

# What waits in the spool: id => number of the claim.
sub waiting { my ($p) = @_; return map { m{/([0-9a-f-]{36})\.(\d+)[^/]*\z} ? ($1 => $2) : () } spooled($p) }

# Calls that are all in flight when nobody can write the database any more. What is answered
# while that is so is judged, call by call: (so many were wanted, so many are answered).
sub frozen_once {
	my ($p, $some) = @_;
	my $n = everywhere($p, $some);
	my $silent = count_log($p, $SILENT);
	my $late = sub { count_log($p, $SILENT) - $silent };
	my $asked = () = $fake->asked('/token');
	my $release = hold(mode => 'until_used');
	want_all($p, $some);
	await('the calls', sub { $late->() || $fake->asked('/token') - $asked == $n }, $p);
	my $thaw = hold_writes($p, 'provider_connections');
	my $sent = everywhere($p, "phase = 'sent'");
	$release->();
	await('their answers', sub { spooled($p) + $late->() >= $sent }, $p);
	my %gen = waiting($p);
	sleep($FULL ? 5 : 2);   # longer than whoever stores an answer waits for the database
	$thaw->();
	await('all to be stored', sub { everywhere($p, "state = 'ok' AND phase = 'idle' AND NOT refresh_wanted") == everywhere($p, 'TRUE') }, $p);
	my @lost = grep { $p->sql("SELECT refresh_gen || ' ' || tokens_gen FROM provider_connections WHERE id = '$_'") ne "$gen{$_} $gen{$_}" } keys %gen;
	is("@lost", '', keys(%gen) . " of $n calls are answered while the database is frozen: none is lost, or made again");
	return ($n, scalar keys %gen);
}

# On a busy machine a call may have no connection in three seconds, or wait for the others for
# more than ten; of fewer calls one of them is not so soon. Of one try all have to be answered.
sub frozen {
	my ($p, @crowd) = @_;
	my $whole = 0;
	for my $calls (@TRIES) {
		my $some = !$calls ? 'TRUE' : "user_id = '$crowd[0]{user}{user_id}' AND provider IN (" . join(', ', map { "'$_'" } @MANY[ 0 .. $calls - 1 ]) . ')';
		my ($n, $answered) = frozen_once($p, $some);
		last if $whole = $n == $answered;
	}
	ok($whole, 'all calls in flight are answered while the database is frozen');
	is(count_log($p, qr/ (?:tokens_outdated|refresh_not_stored) /), 0, 'each answer is stored');
	$fake->set;
}

# A caller that cannot claim it ends nothing.
sub locked {
	my ($p) = @_;
	my $user = user_at($p, 'acme');
	my ($refresh) = bring($p, $user, 'acme');
	my $thaw = hold_writes($p, 'provider_connections');
	my $r = lend($p, $user, 'acme');
	is($r->{status}, 503, 'the row of the claim is locked: 503') or diag($r->{text});
	$thaw->();
	is(of($p, $user, 'state'), 'ok', 'and the state is as it was');
	lent($p, $user, 'acme');
	is(calls_with($refresh), 1, 'then one call');
}

# Those of which nothing was sent, since the database was busy, are not left alone for long.
sub all_are_back {
	my ($p, $n) = @_;
	return 1 if everywhere($p, "NOT refresh_wanted AND phase = 'idle' AND state = 'ok'") == $n;
	$p->sql("UPDATE provider_connections SET retry_at = NULL, attempts = 0 WHERE provider LIKE 'p_' AND retry_at IS NOT NULL AND phase = 'idle'");
	return 0;
}

# What a command says when others held its rows, or a busy machine let it wait, for as long as
# it was patient: whoever runs it repeats it then. Here that is a second, as long as PostgreSQL
# waits until it looks whether two transactions wait for each other.
my $BUSY = qr/^pierre: (?:PostgreSQL \S+ did not answer in time: see that the server runs and can be reached|Another process has been writing to the database for too long)$/m;

sub keys_change {
	my ($p) = @_;
	for my $what (qw(rotate rewrap retire)) {
		my $r;
		for (1 .. 10) { $r = $p->cli('keys', $what); last if !$r->{status} || $r->{err} !~ $BUSY }
		return "keys $what: $r->{err}" =~ s/\n/ /gr if $r->{status};
	}
	return '';
}

# Other writers of the row: data keys that change, and times of use.
sub rewrapped {
	my ($p, @crowd) = @_;
	my ($refused, $calls) = (count_log($p, $SILENT), scalar(() = $fake->asked('/token')));
	$fake->set(mode => 'until_used');
	my $events = "SELECT count(*) FROM audit_events WHERE event_type = 'ProviderTokensRefreshed'";
	my ($begin, $want) = ($p->sql($events), $FULL ? 1000 : 24);
	my $keys = start_load(1, sub { keys_change($p) });
	my $use = start_load(2, sub { my $r = lend($p, $crowd[ rand @crowd ]{user}, $MANY[ rand @MANY ]);
		# 0: the signal that ends the load has cut it
		return !$r->{status} || $r->{status} == 200 || ($r->{json}{reason} // '') eq 'refresh_pending' ? '' : "$r->{status} $r->{text}" });
	while ($p->sql($events) - $begin < $want) {
		want_all($p);
		await('all', sub { all_are_back($p, @crowd * @MANY) }, $p);
	}
	my ($changes, $failed) = stop_load($keys);
	is("@$failed", '', "keys change meanwhile: $changes times");
	my ($used, $bad) = stop_load($use);
	is("@$bad", '', "tokens are given meanwhile: $used times");
	my $done = $p->sql($events) - $begin;
	want_all($p);
	await('all once more', sub { all_are_back($p, @crowd * @MANY) }, $p);
	# whose tokens were lost would be refreshed by the same token again
	my %with;
	my @asked = $fake->asked('/token');
	$with{ $_->{form}{refresh_token} }++ for @asked[ $calls .. $#asked ];
	my $twice = grep { $_ > 1 } values %with;
	cmp_ok($twice, '<=', count_log($p, $SILENT) - $refused, "$done refreshes beside other writers: lost 0");
	is(count_log($p, qr/ (?:tokens_outdated|refresh_not_stored) /), 0, 'each is stored');
	$fake->set;
	ok(await('the spool to be empty', sub { !spool($p) }, $p), 'the spool is empty');
}

# --- the clock -----------------------------------------------------------------------------

sub clock_is { my ($p, $offset) = @_; Pierre::rewrite("$p->{dir}/pierre.conf", "PIERRE_CLOCK_OFFSET=$offset\n"); chmod 0644, "$p->{dir}/pierre.conf" }

# The next caller sees a claim that ended long ago, by its own clock and by the row.
sub jumps {
	my ($p) = @_;
	my $user = user_at($p, 'acme');
	my ($refresh) = bring($p, $user, 'acme');
	my $release = hold();
	ask($p, $user, 'acme');
	await('the call', sub { calls_with($refresh) == 1 }, $p);
	clock_is($p, 86400);
	$p->signal('HUP');
	set_row($p, $user, "lease_until = '$PAST'");
	await('the next caller to judge it', sub { of($p, $user, 'state') eq 'uncertain' }, $p);
	$release->();
	await('the answer', sub { of($p, $user, 'state') eq 'ok' }, $p);
	is(calls_with($refresh), 1, 'the clock jumps a day ahead in mid-call: one call, and its answer is stored');
	$fake->set;
}

# --- the name server -----------------------------------------------------------------------

sub dead { my ($p, $what) = @_; return $p->sql("SELECT count(*) FROM provider_connections WHERE provider = 'dead' AND $what") }
sub refreshed { my ($p, $user) = @_; bring($p, $user, 'acme'); return lent($p, $user, 'acme') }

# The name server says nothing until the test ends that: who waits for it is not back before.
sub silent_resolver {
	my ($p) = @_;
	my @users = map { user_at($p, 'acme') } 1 .. ($FULL ? 50 : 5);
	my @dead = map { my $u = user_at($p, 'dead'); bring($p, $u, 'dead'); $u } 1 .. 4;
	my $caller = caller_of($p);
	my $ended = sub { count_log($p, qr/ provider_not_reached .*provider=dead /) };
	fault($p, 'resolver');
	ask($p, $_, 'dead') for @dead;
	my $beside;
	# a call waits three seconds for a connection, which may be too short on a busy machine
	for (1 .. 20) {
		$p->sql("UPDATE provider_connections SET retry_at = NULL, attempts = 0 WHERE provider = 'dead' AND phase = 'idle'");
		await('calls that wait', sub { dead($p, "phase = 'claimed'") > 0 }, $p);
		my $before = $ended->();
		refreshed($p, $users[0]);
		last if $beside = $ended->() == $before;
	}
	ok($beside, 'while calls wait for a silent name server, another provider is asked and answers');
	await('their end', sub { $ended->() >= @dead && dead($p, "state = 'degraded' AND reason = 'not_reached'") == @dead }, $p);
	is(scalar(grep { refreshed($p, $_)->{state} eq 'ok' } @users), scalar @users, 'nor is it delayed by those that were given up');
	is(caller_of($p), $caller, 'all by the same process');
	fault($p);
	$p->sql("UPDATE provider_connections SET refresh_wanted = FALSE WHERE provider = 'dead'");
}

# --- one after the other ---------------------------------------------------------------------

sub serial {
	my (@hosts) = @_;
	my ($p) = @hosts;
	server_app($p, 'serial') if !$p->sql("SELECT count(*) FROM provider_apps WHERE provider = 'serial'");
	my %ours;
	my @users = map { my $u = $p->approved_user(email => "serial$_-" . @hosts . "-$$\@example.org"); $ours{ (bring($p, $u, 'serial'))[0] } = 1; $u } 1 .. 4;
	$fake->set(stall => 1);
	ask($hosts[ $_ % @hosts ], $users[$_], 'serial') for 0 .. 3;
	await('all of them', sub { @users == grep { of($p, $_, 'tokens_gen') > 0 } @users }, $p);
	my @at = sort { $a <=> $b } map { $_->{at} } grep { $ours{ $_->{form}{refresh_token} // '' } } $fake->asked('/token');
	is(scalar @at, 4, 'four refreshes of one application');
	is(scalar(grep { $at[$_] - $at[ $_ - 1 ] < 1 } 1 .. 3), 0, @hosts . ' hosts: one after the other');
	$fake->set;
}

for my $backend (Pierre::backends()) {
	subtest $backend => sub {
		my $p = start($backend, \@rows, conf => '');
		server_app($p, $_) for @MANY;
		my @crowd = crowd($p, $FULL ? 4 : 1);
		subtest 'the database is frozen' => sub { frozen($p, @crowd) };
		subtest 'the row is locked' => sub { locked($p) };
		subtest 'keys change' => sub { rewrapped($p, @crowd) };
		subtest 'a name server is silent' => sub { silent_resolver($p) };
		subtest 'one after the other' => sub { serial($p) };
		if ($backend eq 'postgresql') {
			my $q = start($backend, \@rows, url => $p->{url}, env => { ENCRYPTION_KEY => $p->{env}{ENCRYPTION_KEY} });
			subtest 'on two hosts' => sub { serial($p, $q) };
			$q->stop;
		}
		subtest 'the clock jumps' => sub { jumps($p) };
		is($p->stop_serve, 0, 'stops');
		$p->stop;
	};
}
$fake->stop;
done_testing;
