#!/usr/bin/perl
# TERM: requests under way and connections that wait are served, nothing is
# accepted afterwards, no process is left and none spins.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre;
use FastCGI;
use Process qw(await alive children await_log count_log start_load stop_load half_request
	hold_writes);

my ($backend) = Pierre::backends() or plan skip_all => 'no backend';
my $BODY = '{"email":"slow@example.org","password":"correct horse battery","display_name":"S"}';

sub start {
	my %o = @_;
	my $p = Pierre->start(backend => $backend, nginx => 0, %o);
	await_log($p, qr/ started /);
	return $p;
}

sub gone {
	my ($what, @pids) = @_;
	await("$what to be gone", sub { !grep { alive($_) } @pids });
	pass("$what gone");
}

subtest 'idle' => sub {
	my $p = start();
	my %child = children($p);
	is(join(' ', sort values %child), 'caller/0 fast/0 fast/1 recorder schedule slow/0 slow/1', 'the children');
	is($p->stop_serve, 0, 'exit status 0');
	gone('children', keys %child);
	ok(!-e $p->{fast_socket} && !-e $p->{slow_socket}, 'socket files are removed');
	is(count_log($p, qr/ stopped /), 1, 'says that it stopped');
	is(count_log($p, qr/ child_died /), 0, 'no child died');
	$p->stop;
};

subtest 'while serving' => sub {
	my $p = start();
	my ($s, $rest) = half_request($p->{slow_socket}, '/api/auth/register', $BODY);
	$p->signal('TERM');
	await('the socket file to go', sub { !-e $p->{slow_socket} });
	my $refused = FastCGI::get($p->{slow_socket}, '/health/live');
	ok($refused->{error}, 'nothing new is accepted');
	ok($p->running, 'the master waits for the request');
	FastCGI::send_bytes($s, $rest);
	is(FastCGI::reply($s)->{status}, 201, 'the request under way is answered');
	is($p->stop_serve, 0, 'exit status 0');
	$p->stop;
};

subtest 'waiting connections are served' => sub {
	my $p = start(env => { SLOW_WORKERS => 1 });
	my ($s, $rest) = half_request($p->{slow_socket}, '/api/auth/register', $BODY);
	my @waiting = map { FastCGI::open_socket($p->{slow_socket}) } 1 .. 20;
	FastCGI::send_bytes($_, FastCGI::message('GET', '/health/live')) for @waiting;
	$p->signal('TERM');
	await('the socket file to go', sub { !-e $p->{slow_socket} });
	FastCGI::send_bytes($s, $rest);
	is(FastCGI::reply($s)->{status}, 201, 'the request under way');
	is(scalar(grep { FastCGI::reply($_)->{status} == 200 } @waiting), 20, 'all that waited');
	is($p->stop_serve, 0, 'exit status 0');
	$p->stop;
};

subtest 'a worker that always has work hears TERM' => sub {
	my $p = start(env => { WORKERS => 1 });
	my %name = children($p);
	my ($pid) = grep { $name{$_} eq 'fast/0' } keys %name;
	kill 'STOP', $pid;
	my @waiting = map { FastCGI::open_socket($p->{fast_socket}) } 1 .. 200;
	FastCGI::send_bytes($_, FastCGI::message('GET', '/health/live')) for @waiting;
	kill 'TERM', $pid;
	kill 'CONT', $pid;
	is(scalar(grep { FastCGI::reply($_)->{status} == 200 } @waiting), 200, 'all are served');
	my ($before) = split /^.* child_died .*pid=$pid .*status=0/m, $p->log;
	cmp_ok(scalar(() = $before =~ / request /g), '<', 10, 'by the next worker');
	is($p->stop_serve, 0, 'stops');
	$p->stop;
};

subtest 'a request that does not end' => sub {
	# idle workers have the time to end by themselves; the request outlasts it
	my $p = start(env => { STOP_TIMEOUT_MS => 10000, DATABASE_TIMEOUT_MS => 60000, REQUEST_DEADLINE_MS => 120000,
		LOG_LEVEL => 'debug' });
	my $release = hold_writes($p);
	my $s = FastCGI::open_socket($p->{slow_socket});
	FastCGI::send_bytes($s, FastCGI::message('POST', '/api/auth/register', $BODY));
	await_log($p, qr/ request_begins .*path=.api.auth.register/);
	my @pids = $p->workers;
	$p->signal('TERM');
	await_log($p, qr/ child_died .*role=slow .*signal=9/);
	$release->();   # the scheduler, which ends after the workers, wants that lock
	await('the end', sub { !$p->running });
	is($p->{status}, 0, 'exit status 0 all the same');
	is(count_log($p, qr/ child_died .*signal=9/), 1, 'one worker was killed, and the log says so');
	gone('children', @pids);
	$p->stop;
};

subtest '500 stops under load' => sub {
	my $p = Pierre->start(backend => 'sqlite', nginx => 0, serve => 0,
		env => { WORKERS => 60, SLOW_WORKERS => 40 });
	my ($served, @failed, @status, @pids) = (0);
	for my $round (1 .. 5) {
		$p->serve;
		await_log($p, qr/ started /, $round);
		push @pids, $p->workers;
		my $load = start_load(4, sub {
			my $path = $_[0] % 2 ? $p->{fast_socket} : $p->{slow_socket};
			my $r = FastCGI::get($path, '/health/live');
			return 'refused' if $r->{error} && !$r->{raw} && !-e $path;
			return $r->{status} == 200 && $r->{ended} ? '' : "status $r->{status} " . ($r->{error} // $r->{reset} // '');
		});
		await_log($p, qr/ request /, 300 * $round);
		push @status, $p->stop_serve // 'killed';
		my ($n, $bad) = stop_load($load, tell => 0);
		$served += $n;
		push @failed, @$bad;
	}
	is("@status", '0 0 0 0 0', 'each stop ended by itself');
	is(scalar @pids, 515, '500 workers, and 5 of each in the background');
	is(count_log($p, qr/ child_died /), 0, 'none had to be killed');
	is(scalar(grep { alive($_) } @pids), 0, 'none is left to spin');
	is("@failed", '', "no request failed of $served");
	$p->stop;
} if grep { $_ eq 'sqlite' } Pierre::backends();

done_testing;
