#!/usr/bin/perl
# Children that die are replaced, with growing patience; children outlive
# neither their master nor, when stuck, their deadline.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre;
use FastCGI;
use Process qw(await becomes_ready alive children await_log count_log lines_of half_request hold_writes proc_file);

my ($backend) = Pierre::backends() or plan skip_all => 'no backend';
my $BODY = '{"email":"slow@example.org","password":"correct horse battery","display_name":"S"}';

sub start {
	my %o = @_;
	my $p = Pierre->start(backend => $backend, nginx => 0, %o);
	await_log($p, qr/ started /);
	return $p;
}

sub named {
	my ($p, $name) = @_;
	my %c = children($p);
	return grep { $c{$_} eq $name } keys %c;
}

subtest 'kill -9 of a child' => sub {
	my $p = start();
	for my $name ('fast/0', 'slow/1', 'schedule') {
		my ($pid) = named($p, $name);
		kill 'KILL', $pid;
		await("another $name", sub { grep { $_ != $pid } named($p, $name) });
		pass("$name is replaced");
	}
	is(count_log($p, qr/ child_died .*signal=9/), 3, 'the log says so, three times');
	becomes_ready($p->{$_}, "$_ serves") for qw(fast_socket slow_socket);
	is($p->stop_serve, 0, 'stops');
	$p->stop;
};

subtest 'a child that dies young waits longer each time, at most a second' => sub {
	my $p = start(env => { WORKERS => 1 });
	my $died = qr/ child_died .*role=fast index=0 /;
	# on a busy machine one may be old before it dies, as the first one may: it begins again
	my @young;
	for (my $n = 1; @young < 6 && $n <= 60; $n++) {
		my ($pid) = await('the worker', sub { join ' ', named($p, 'fast/0') });
		kill 'KILL', $pid;
		await_log($p, $died, $n);
		@young = ();
		for (lines_of($p, $died)) {
			my ($age, $delay) = (/ age_ms=(\d+)/, / respawn_in_ms=(\d+)/) or next;
			push @young, $delay if $age < 2000;
			@young = () if $age >= 2000;
		}
	}
	is("@young", '100 200 400 800 1000 1000', 'doubling from 100 ms');
	becomes_ready($p->{slow_socket}, 'the other pool serves');
	is($p->stop_serve, 0, 'stops although a child is due');
	$p->stop;
};

subtest 'kill -9 of the master' => sub {
	my $p = start();
	my @pids = $p->workers;
	my ($s, $rest) = half_request($p->{slow_socket}, '/api/auth/register', $BODY);
	await('a worker to have it', sub { my $q = waiting($p->{slow_socket}); defined $q && $q == 0 });
	kill 'KILL', $p->{pid};
	await('the master to be gone', sub { !$p->running });
	FastCGI::send_bytes($s, $rest);
	is(FastCGI::reply($s)->{status}, 201, 'the request under way is answered');
	await('the children to be gone', sub { !grep { alive($_) } @pids });
	pass('then all children are gone');
	$p->serve;
	await_log($p, qr/ started /, 2);
	becomes_ready($p->{fast_socket}, 'a new master takes the sockets over');
	is($p->stop_serve, 0, 'stops');
	$p->stop;
};

subtest 'a start right after kill -9 of the master' => sub {
	my $p = start();
	my ($s, $rest) = half_request($p->{slow_socket}, '/api/auth/register', $BODY);
	await('a worker to have it', sub { my $q = waiting($p->{slow_socket}); defined $q && $q == 0 });
	kill 'KILL', $p->{pid};
	await('the master to be gone', sub { !$p->running });
	$p->{wait} = 0;
	$p->serve;
	await_log($p, qr/ room_waits /);
	FastCGI::send_bytes($s, $rest);
	is(FastCGI::reply($s)->{status}, 201, 'the request of the old service is answered');
	await_log($p, qr/ started /, 2);
	becomes_ready($p->{$_}, "the new one waits for it, and serves ($_)") for qw(fast_socket slow_socket);
	is($p->stop_serve, 0, 'stops');
	$p->stop;
};

# A file of the SQLite database, or of the log, may not grow past a limit.
subtest 'the limit of a file' => sub {
	my $p = start(backend => 'sqlite', env => { AUTO_APPROVE_USERS => 'yes' });
	my %before = children($p);
	my $limit = sub { system(Pierre::as_user('prlimit', "--fsize=$_[0]:", '--pid', $_)) == 0 or die "prlimit\n" for $p->{pid}, keys %before };
	my $n = 0;
	my $register = sub { return FastCGI::post($p->{slow_socket}, '/api/auth/register', $BODY =~ s/slow/'u' . $n++/er) };
	is($register->()->{status}, 201, 'a user');
	$limit->(512 * 1024);
	my $r = await('the limit', sub { my $r = $register->(); return $r->{status} == 201 ? undef : $r }, $p);
	is("$r->{status} " . ($r->{json}{code} // ''), '503 ResourceUnavailable', 'is a 503');
	ok(await_log($p, qr/ request_failed .*LimitFSIZE/), 'the log says what to do');
	becomes_ready($p->{fast_socket}, 'what reads is served');
	my %after = children($p);
	is_deeply(\%after, \%before, 'nothing died of it');
	$limit->('unlimited');
	is($register->()->{status}, 201, 'without it, it goes on');
	is($p->stop_serve, 0, 'stops');
	$p->stop;
} if grep { $_ eq 'sqlite' } Pierre::backends();

# Connections that nobody accepted yet: those in state "connecting".
sub waiting {
	my ($path) = @_;
	open my $f, '<', '/proc/net/unix' or return;
	# Num RefCount Protocol Flags Type St Inode Path; St 02 = connecting
	return scalar grep { m{ 02 +\d+ \Q$path\E$} } <$f>;
}

subtest 'the watchdog' => sub {
	my $p = start(env => { SLOW_WORKERS => 1,
		REQUEST_DEADLINE_MS => 5000, LOG_LEVEL => 'debug' });
	my ($pid) = named($p, 'slow/0');
	my $release = hold_writes($p);
	my $s = FastCGI::open_socket($p->{slow_socket});
	FastCGI::send_bytes($s, FastCGI::message('POST', '/api/auth/register', $BODY,
		params => { REQUEST_ID => 'feedfacefeedfacefeedfacefeedface' }));
	await_log($p, qr/ request_begins .*path=.api.auth.register/);
	kill 'STOP', $pid;
	await_log($p, qr/ request_stuck /);
	$release->();
	my ($line) = lines_of($p, qr/ request_stuck /);
	like($line, qr/ route=\w*register\w* /, 'names the route');
	like($line, qr/ request_id=feedface/, 'the request');
	like($line, qr/ pid=$pid /, 'and the process');
	is(FastCGI::reply($s)->{status}, 0, 'the client gets no answer');
	await('another worker', sub { grep { $_ != $pid } named($p, 'slow/0') });
	becomes_ready($p->{slow_socket}, 'which serves');
	is(count_log($p, qr/ request_stuck /), 1, 'said once');
	is($p->stop_serve, 0, 'stops');
	$p->stop;
};

# With two workers there is one permit. Who is not to take a request is stopped.
subtest 'a worker that is killed while it hashes gives its permit back' => sub {
	my $p = start(env => { SLOW_WORKERS => 2, BCRYPT_COST => 13, REQUEST_DEADLINE_MS => 120000 });
	my ($hashes) = named($p, 'slow/0');
	my ($other) = named($p, 'slow/1');
	my $ticks = sub { (split ' ', proc_file($hashes, 'stat') =~ s/^.*\) //sr)[11] };
	kill 'STOP', $other;
	my $before = $ticks->();
	my $s = FastCGI::open_socket($p->{slow_socket});
	FastCGI::send_bytes($s, FastCGI::message('POST', '/api/auth/register', $BODY));
	await('the hashing', sub { $ticks->() >= $before + 5 });
	kill 'KILL', $hashes;
	is(FastCGI::reply($s)->{status}, 0, 'killed');
	my $new;
	await('another worker', sub { ($new) = grep { $_ != $hashes } named($p, 'slow/0') });
	kill 'STOP', $new;
	kill 'CONT', $other;
	is(FastCGI::post($p->{slow_socket}, '/api/auth/register', $BODY)->{status}, 201, 'the other one gets the permit');
	kill 'CONT', $new;
	is($p->stop_serve, 0, 'stops');
	$p->stop;
};

subtest 'an idle worker has no deadline' => sub {
	my $p = start(env => { REQUEST_DEADLINE_MS => 1000 });
	my %before = children($p);
	is(FastCGI::get($p->{slow_socket}, '/health/live')->{status}, 200, 'a request');
	# the watchdog looks every half second: give it several looks
	select undef, undef, undef, 4;
	my %after = children($p);
	is_deeply(\%after, \%before, 'nobody was killed');
	$p->stop;
};

done_testing;
