#!/usr/bin/perl
# A frozen PostgreSQL before the fast pool: what needs no database is answered,
# what needs it gets 503, at once after the first time; and it goes on by itself.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre;
use Pierre::Cluster;
use FastCGI;
use Process qw(await await_log children count_log);

Pierre::Cluster::wanted();
my $cluster = Pierre::Cluster->new;
$cluster->sql('DROP TABLE audit_events, totals, items', $cluster->{url});
my $p = Pierre->start(backend => 'postgresql', url => $cluster->{url}, nginx => 0,
	env => { WORKERS => 1, DATABASE_TIMEOUT_MS => 60000, FAST_DATABASE_TIMEOUT_MS => 250, AUTO_APPROVE_USERS => 'yes' });
await_log($p, qr/ started /);
my $FAST = $p->{fast_socket};
my $body = '{"email":"u@example.org","password":"correct horse battery","display_name":"U"}';
is(FastCGI::post($p->{slow_socket}, '/api/auth/register', $body)->{status}, 201, 'a user');
my $made = $p->cli(qw(key create u@example.org --name test --scopes read));
my ($key) = $made->{out} =~ /(pk_live_\w+)/ or diag $made->{out}, $made->{err};

sub verify { my ($k) = @_; return FastCGI::get($FAST, '/verify', params => { HTTP_X_API_KEY => $k }) }
sub unknown { return 'pk_live_' . join '', map { ('a' .. 'z')[rand 26] } 1 .. 32 }

# a busy machine may be late for the short wait of the fast pool: it is asked again
sub becomes { my ($k, $want) = @_; return await("a key to be $want", sub { verify($k)->{status} == $want }, $p) }
ok(becomes($key, 200), 'its key is good');
ok(becomes(unknown(), 401), 'another is not');

# No moment here is measured. The deadline of a database call in the slow pool
# is 60 s, which is when the test's own patience ends.
for my $round (1, 2) {
	$cluster->freeze;
	my @status = map { verify(unknown())->{status} } 1 .. 200;
	is("@status", join(' ', (503) x 200), "round $round: 200 that need the database get 503");
	is(FastCGI::get($FAST, '/health/ready')->{status}, 503, 'not ready');
	my $opened = count_log($p, qr/ database_breaker /);
	cmp_ok($opened, '>=', 1, 'the breaker opened');
	cmp_ok($opened, '<', 100 * $round, 'and most were not asked for');
	my $r = verify(unknown());
	is($r->{json}{code}, 'ResourceUnavailable', 'they say why');
	is(join(' ', map { FastCGI::get($FAST, '/health/live')->{status} } 1 .. 50), join(' ', (200) x 50),
		'what needs none is answered');
	$cluster->thaw;
	ok(await('the database', sub { FastCGI::get($FAST, '/health/ready')->{status} == 200 }), 'ready when the database is');
	ok(becomes($key, 200), 'and keys are good again');
}
is(count_log($p, qr/ child_died | request_stuck /), 0, 'no worker had to be killed');

# One that begins meanwhile does not wait out DATABASE_TIMEOUT_MS, a minute.
subtest 'a worker that dies in an outage' => sub {
	my %c = children($p);
	my ($old) = grep { $c{$_} eq 'fast/0' } keys %c;
	$cluster->freeze;
	kill 'KILL', $old;
	await_log($p, qr/ child_died /);
	local $Process::PATIENCE = 30;
	await_log($p, qr/ database_away proc=fast/);
	is(FastCGI::get($FAST, '/health/live')->{status}, 200, 'is replaced by one that serves what it can');
	$cluster->thaw;
	ok(await('the database', sub { FastCGI::get($FAST, '/health/ready')->{status} == 200 }), 'ready when the database is');
};
is($p->stop_serve, 0, 'stops');
$p->stop;
done_testing;
