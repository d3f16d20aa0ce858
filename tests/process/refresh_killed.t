#!/usr/bin/perl
# No token is burned by a caller that dies at a step of a refresh, nor by a database that is
# away or a disk that is full when the answer comes. src/op/refresh.c, src/op/spool.c; the
# deaths are tests/support/refresh_faults.c.
# PIERRE_TEST_ROUNDS: deaths at each step, 1; with more, every provider dies at every step
# and databases are away for a minute.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Time::HiRes qw(sleep);
use Pierre;
use Pierre::Check;
use Process qw(await await_log count_log hold_writes);
use Refresh;

my @rows = (row('acme', budgets => ['1000000/day']), row('safe', refresh => 'same', replay => 'safe'), row('used', replay => 'safe_until_used'));

# At that step; then its claim ends.
sub kill_at {
	my ($p, $user, $provider, $step) = @_;
	my $n = count_log($p, qr/ child_died .*role=caller/);
	fault($p, $step);
	ask($p, $user, $provider);
	await_log($p, qr/ child_died .*role=caller/, $n + 1);
	await('another caller', sub { caller_of($p) }, $p);
	set_row($p, $user, "lease_until = '$PAST'") if $step ne 'write';
}

# step => the state and the calls, with a provider for which a second use is lethal, ...
my %lethal = (claim => 'ok 1', connect => 'ok 1', sent => 'uncertain 0', reply => 'uncertain 1', spool => 'ok 1', write => 'ok 1');
# ... and with the others
my %safe = (%lethal, sent => 'ok 1', reply => 'ok 2');
my %mode = (acme => 'rotates', safe => 'same', used => 'until_used');

sub died {
	my ($p, $provider, $step) = @_;
	$fake->set(mode => $mode{$provider});
	my $user = user_at($p, $provider);
	my ($refresh) = bring($p, $user, $provider);
	kill_at($p, $user, $provider, $step);
	my $state = await('an end', sub { of($p, $user, 'phase') eq 'idle' &&
		of($p, $user, 'state') =~ /^(ok|uncertain)$/ && of($p, $user, 'state') }, $p);
	my $want = ($provider eq 'acme' ? \%lethal : \%safe)->{$step};
	my $good = is("$state " . calls_with($refresh), $want, "$provider, killed at $step");
	# whoever died after the row was written has left its file to the next one
	$good &= ok(eval { await('the spool to be empty', sub { !spool($p) }, $p) }, '  the spool is empty');
	diag($p->log) if !$good;
	is(lent($p, $user, $provider)->{state}, 'ok', '  tokens are given') if $state eq 'ok';
	return ($user, $refresh);
}

sub deaths {
	my ($p) = @_;
	for my $step (sort keys %lethal) {
		for my $provider (qw(acme safe used)) {
			next if $ROUNDS == 1 && $provider ne 'acme' && $lethal{$step} eq $safe{$step};
			died($p, $provider, $step) for 1 .. $ROUNDS;
		}
	}
}

# At the end of its access token, whether it was spent or not; and then never again.
sub once_more {
	my ($p) = @_;
	my ($user, $refresh) = died($p, 'acme', 'sent');
	set_row($p, $user, 'retry_at = NULL');
	is(lent($p, $user, 'acme')->{state} . calls_with($refresh), 'ok1', 'one attempt more: the token was not spent');
	$user = user_at($p, 'acme');
	($refresh) = bring($p, $user, 'acme');
	$fake->set(cut => 'before', after => '/token');
	ask($p, $user, 'acme');
	await('no answer', sub { of($p, $user, 'state') eq 'uncertain' && of($p, $user, 'phase') eq 'idle' }, $p);
	problem_is(lend($p, $user, 'acme'), 503, { reason => 'refresh_pending' }, 'uncertain, and its access token has ended');
	set_row($p, $user, 'retry_at = NULL');
	await('none again', sub { of($p, $user, 'state') eq 'reauth_required' }, $p);
	problem_is(lend($p, $user, 'acme'), 409, { reason => 'reauth_required' }, 'no answer to that one either: connect again');
	is(of($p, $user, 'reason'), 'no_answer', 'the reason says so');
	$fake->set;
	set_row($p, $user, 'retry_at = NULL');
	lend($p, $user, 'acme');
	is(calls_with($refresh), 2, 'there is no third call');
	is($p->sql("SELECT count(*) FROM notifications WHERE user_id = '$user->{user_id}' AND message LIKE 'Acme did not answer%'"), 1, 'the user was told at the first');
	is($p->sql("SELECT count(*) FROM notifications WHERE user_id = '$user->{user_id}' AND message LIKE 'Acme does not renew%'"), 1, 'and at the second');
}

# Nobody can write connections; nobody has the database at all: sessions are ended, and no
# other one begins.
sub unwritable { my ($p) = @_; return hold_writes($p, 'provider_connections') }
sub unreachable {
	my ($p) = @_;
	my $allow = sub { Pierre::psql("ALTER DATABASE $p->{database} ALLOW_CONNECTIONS $_[0]") };
	$allow->('false');
	await('the end of all sessions', sub {
		Pierre::psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$p->{database}'") eq '';
	}, $p);
	my $r = $p->get('/health/ready');
	is($r->{status}, 503, 'the database cannot be reached') or diag($r->{text});
	return sub { $allow->('true') };
}

sub away {
	my ($p, $dies, $makes_away) = @_;
	my $user = user_at($p, 'acme');
	my ($refresh) = bring($p, $user, 'acme');
	my $release = hold();
	ask($p, $user, 'acme');
	await('the call', sub { calls_with($refresh) == 1 }, $p);
	my $thaw = $makes_away->($p);
	$release->();
	my ($file) = await('an answer in the spool', sub { spooled($p) && [ spooled($p) ] }, $p)->[0];
	unlike(Pierre::slurp($file), qr/[ar]t-\d+-/, 'which is sealed');
	if ($dies) {
		my $pid = caller_of($p);
		kill 'KILL', $pid;
		await('another caller', sub { my $is = caller_of($p); $is && $is != $pid }, $p);
	}
	sleep($ROUNDS > 1 ? 60 : 2);   # longer than whoever stores an answer waits for the database
	$thaw->();
	await('the tokens to be stored', sub { of($p, $user, 'state') eq 'ok' && of($p, $user, 'phase') eq 'idle' && !spool($p) }, $p);
	is(calls_with($refresh), 1, 'the database was away' . ($dies ? ', and the caller died' : '') . ': one call, nothing is lost');
	lent($p, $user, 'acme');
	$fake->set;
}

# Of the budget of the server's application: the command shows no other.
sub spent {
	my ($p) = @_;
	my $budgets = JSON::PP::decode_json($p->cli(qw(provider app budgets --json))->{out});
	return join ' ', map { $_->{used} } grep { $_->{client_id} eq 'server-acme' } @$budgets;
}

sub full {
	my ($p) = @_;
	my $user = $p->approved_user(email => 'full@example.org');
	server_app($p, 'acme');
	my ($refresh) = bring($p, $user, 'acme');
	fault($p, 'room');
	ask($p, $user, 'acme');
	await('the end', sub { of($p, $user, 'reason') eq 'no_space' }, $p);
	is(calls_with($refresh) . ' ' . of($p, $user, 'state'), '0 degraded', 'no room for the answer: no call');
	is(spent($p) || 0, 0, 'and nothing is taken from the budget');
	problem_is(lend($p, $user, 'acme'), 503, { reason => 'refresh_pending' }, 'and no token that has ended');
	fault($p);
	set_row($p, $user, 'retry_at = NULL');
	lent($p, $user, 'acme');
	is(calls_with($refresh) . ' ' . spent($p), '1 1', 'then one');
	($refresh) = bring($p, $user, 'acme');
	fault($p, 'disk');
	lent($p, $user, 'acme');
	is(calls_with($refresh) . ' ' . of($p, $user, 'state'), '1 ok', 'an answer that the disk does not take is stored at once');
	fault($p);
}

for my $backend (Pierre::backends()) {
	subtest $backend => sub {
		my $p = start($backend, \@rows);
		subtest 'kill -9 at each step' => sub { deaths($p) };
		subtest 'one attempt more' => sub { once_more($p) };
		subtest 'connections cannot be written' => sub { away($p, $_, \&unwritable) for 0, 1 };
		subtest 'the database is away' => sub { away($p, $_, \&unreachable) for 0, 1 } if $backend eq 'postgresql';
		subtest 'the disk is full' => sub { full($p) };
		is($p->stop_serve, 0, 'stops');
		$p->stop;
	};
}
$fake->stop;
done_testing;
